package tinygpt.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tinygpt.hyperparameters.ModelShape;
import tinygpt.hyperparameters.Preset;
import tinygpt.parameters.Adapter;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterKind;
import tinygpt.parameters.ParameterRegistry;

/**
 * Where a count comes from: the formula of each kind with the numbers put in, and the other counts that are in use for the
 * same model. The counts are the registry's; the formulas explain them.
 *
 * <p>Letters: L layers, C width, F feed-forward width, T context length, V vocabulary, r rank of the adapters.
 */
final class ParamsFormulas {
    private static final int GPT_VOCABULARY = 50257;

    private final ParameterRegistry registry;
    private final ModelShape shape;
    private final boolean usualWidth;

    /**
     * How one kind is counted.
     *
     * @param formula with letters: {@code L·(4C² + 4C)}
     * @param numbers the same with numbers: {@code 12·(4·768² + 4·768)}; empty for a tied output
     */
    record Formula(ParameterKind kind, String formula, String numbers, long count) {}

    /**
     * Another count of the same model.
     *
     * @param name a few words, {@code untied}
     * @param why where one meets it
     */
    record Count(long count, String name, String why) {}

    /** A figure that was published for a shape of GPT-2 or GPT-3. */
    private record Published(int contextLength, int layers, int width, String name, String figure) {}

    private static final List<Published> PUBLISHED = List.of(
            new Published(1024, 12, 768, "gpt2", "117M"),
            new Published(1024, 24, 1024, "gpt2-medium", "345M"),
            new Published(1024, 36, 1280, "gpt2-large", "762M"),
            new Published(1024, 48, 1600, "gpt2-xl", "1542M"),
            new Published(2048, 12, 768, "GPT-3 Small", "125M"),
            new Published(2048, 24, 1024, "GPT-3 Medium", "350M"),
            new Published(2048, 24, 1536, "GPT-3 Large", "760M"),
            new Published(2048, 24, 2048, "GPT-3 XL", "1.3B"),
            new Published(2048, 32, 2560, "GPT-3 2.7B", "2.7B"),
            new Published(2048, 32, 4096, "GPT-3 6.7B", "6.7B"),
            new Published(2048, 40, 5140, "GPT-3 13B", "13.0B"),
            new Published(2048, 96, 12288, "GPT-3 175B", "175.0B"));

    ParamsFormulas(ParameterRegistry registry) {
        this.registry = registry;
        this.shape = registry.shape();
        this.usualWidth = shape.feedForwardWidth() == 4L * shape.width();
    }

    /** The formula of every kind, in the order of the kinds. */
    List<Formula> formulas() {
        List<Formula> formulas = new ArrayList<>();
        for (ParameterKind kind : ParameterKind.values()) {
            if (kind == ParameterKind.ADAPTER && registry.adapters().isEmpty()) {
                continue;
            }
            String formula = formula(kind);
            formulas.add(new Formula(kind, formula, formula.isEmpty() ? "" : numbers(formula), registry.count(kind)));
        }
        return formulas;
    }

    /** The other counts for the one-line summary. */
    List<Count> brief() {
        List<Count> counts = new ArrayList<>();
        long total = registry.count();
        long head = registry.get("lm_head.weight").size();
        counts.add(
                shape.tiedHead()
                        ? new Count(total + head, "untied", "with an output head of its own, V·C more")
                        : new Count(total - head, "tied", "with the embedding as output head, V·C less"));
        counts.add(new Count(
                total - registry.count(ParameterKind.POSITIONAL),
                "without positions",
                "what nanoGPT prints when it starts"));
        counts.add(new Count(
                matrices(),
                usualWidth ? "12·L·C²" : "L·(4C² + 2FC)",
                "only the matrices inside the layers, as scaling laws count"));
        return counts;
    }

    /** All other counts. */
    List<Count> elsewhere() {
        List<Count> counts = brief();
        counts.add(new Count(
                withBiases(!shape.biases()),
                shape.biases() ? "without biases" : "with biases",
                shape.biases() ? "nanoGPT's default" : "as GPT-2 has them"));
        return counts;
    }

    /** What was published for this shape, in words; empty for a shape of nobody's. */
    List<String> published() {
        List<String> words = new ArrayList<>();
        for (Published p : PUBLISHED) {
            if (shape.vocabularySize() == GPT_VOCABULARY
                    && shape.contextLength() == p.contextLength()
                    && shape.layers() == p.layers()
                    && shape.width() == p.width()) {
                words.add(
                        p.contextLength() == 1024
                                ? p.figure() + " in early texts on " + p.name()
                                        + ": OpenAI's first counts of its four models were wrong"
                                : p.figure() + " in the paper, table 2.1, for " + p.name() + ", rounded");
            }
        }
        return words;
    }

    List<String> lines(Glyphs glyphs) {
        List<String> lines = new ArrayList<>(Text.wrap(
                "why       ",
                List.of(
                        "L = " + shape.layers() + " layers",
                        "C = " + shape.width() + " width",
                        "F = " + shape.feedForwardWidth() + " feed-forward width" + (usualWidth ? ", 4C" : ""),
                        "T = " + shape.contextLength() + " context",
                        "V = " + shape.vocabularySize() + " vocabulary"),
                glyphs.text(" · ")));
        for (Formula f : formulas()) {
            String label = "  " + Text.left(f.kind().label(), 13) + " = ";
            List<String> sides = f.formula().isEmpty()
                    ? List.of("0: the output head is the token embedding, counted there")
                    : List.of(glyphs.text(f.formula()), glyphs.text(f.numbers()), Show.count(f.count()));
            lines.addAll(Text.wrap(label, sides, " = "));
        }
        lines.add("  " + Text.left("total", 13) + " = " + Show.count(registry.count()));
        lines.add("");
        lines.add("also seen as");
        List<Count> counts = elsewhere();
        int width = 0;
        for (Count c : counts) {
            width = Math.max(width, Show.count(c.count()).length());
        }
        for (Count c : counts) {
            lines.add(glyphs.text("  " + Text.right(Show.count(c.count()), width) + "  " + c.name() + ": " + c.why()));
        }
        for (String words : published()) {
            int end = words.indexOf(' ');
            lines.add("  " + Text.right(words.substring(0, end), width) + " " + words.substring(end));
        }
        return lines;
    }

    private String formula(ParameterKind kind) {
        boolean biases = shape.biases();
        return switch (kind) {
            case EMBEDDING -> "V·C";
            case POSITIONAL -> "T·C";
            case ATTENTION -> biases ? "L·(4C² + 4C)" : "L·4C²";
            case FEED_FORWARD ->
                usualWidth ? (biases ? "L·(8C² + 5C)" : "L·8C²") : (biases ? "L·(2FC + F + C)" : "L·2FC");
            case NORMALIZATION -> biases ? "L·4C + 2C" : "L·2C + C";
            case OUTPUT -> shape.tiedHead() ? "" : "V·C";
            case ADAPTER -> adapterFormula();
        };
    }

    /** Rank times the widths in and out of every layer that has an adapter. */
    private String adapterFormula() {
        int c = 0;
        int f = 0;
        for (Adapter adapter : registry.adapters()) {
            int[] size = adapter.weight().shape();
            boolean feedForward = adapter.weight().kind() == ParameterKind.FEED_FORWARD;
            f += feedForward ? 1 : 0;
            c += feedForward ? 1 : (size[0] + size[1]) / shape.width();
        }
        return "r·(" + c + "C" + (f == 0 ? "" : " + " + f + "F") + ")";
    }

    /** Puts a number in for each letter, with a product sign where the letter followed a factor. */
    private String numbers(String formula) {
        Map<Character, Integer> values = new LinkedHashMap<>(Map.of(
                'L', shape.layers(),
                'C', shape.width(),
                'F', shape.feedForwardWidth(),
                'T', shape.contextLength(),
                'V', shape.vocabularySize(),
                'r', registry.adaptation().loraRank()));
        StringBuilder out = new StringBuilder();
        for (char c : formula.toCharArray()) {
            if (values.containsKey(c)) {
                boolean afterFactor = !out.isEmpty() && Character.isDigit(out.charAt(out.length() - 1));
                out.append(afterFactor ? "·" : "").append(values.get(c));
            } else {
                out.append(c);
            }
        }
        return out.toString();
    }

    private long matrices() {
        long count = 0;
        for (Parameter p : registry.all()) {
            boolean inside = p.kind() == ParameterKind.ATTENTION || p.kind() == ParameterKind.FEED_FORWARD;
            count += inside && p.shape().length == 2 ? p.count() : 0;
        }
        return count;
    }

    private long withBiases(boolean biases) {
        ModelShape other = Preset.named(HyperparameterOptions.DEFAULT_PRESET)
                .hyperparameters()
                .withModel(shape)
                .with("model.biases", Boolean.toString(biases))
                .model();
        return ParameterRegistry.of(other, registry.adaptation()).count();
    }
}
