package tinygpt.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import tinygpt.hyperparameters.CanonicalJson;
import tinygpt.hyperparameters.ModelShape;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterKind;
import tinygpt.parameters.ParameterRegistry;

/**
 * The parameters of a model as a table for people.
 *
 * <p>Layers that are alike share a row, {@code h.#.attn.c_attn.weight}, and so do the gain and the bias of a norm. A row is
 * collapsed only if all layers are in it, so a selection such as {@code h.0.*} keeps its numbers. A tied tensor stands
 * under the one it shares, counted as 0.
 */
final class ParamsTable {
    private static final String GAIN = ".weight";
    private static final String BIAS = ".bias";
    private static final String BOTH = ".{weight,bias}";
    private static final String TIED_COUNT = "(tied: 0)";

    /** In front of each column; as narrow as they are so that models of up to a million parameters fit 80 columns. */
    private static final String[] GAPS = {"", "  ", "  ", " ", "  ", "  ", " "};

    private static final int KIND = 1;
    private static final int TRAIN = 6;
    private static final int HIDDEN = -1;
    private static final int FIRST_NUMBER = 3;
    private static final int LAST_NUMBER = 5;
    private static final Pattern DIGITS = Pattern.compile("\\d+");

    private final String title;
    private final ParameterRegistry registry;
    private final List<Parameter> selected;
    private final boolean collapse;
    private final ParamsCommand.Order order;
    private final Glyphs glyphs;

    /** One line of the table: tensors that differ only in their layer, or gain and bias of a norm. */
    private record Row(String name, List<Parameter> tensors) {
        Parameter first() {
            return tensors.get(0);
        }

        long count() {
            long count = 0;
            for (Parameter p : tensors) {
                count += p.count();
            }
            return count;
        }

        int layers() {
            int layers = 1;
            for (int i = 1; i < tensors.size(); i++) {
                layers += tensors.get(i).layer() == tensors.get(i - 1).layer() ? 0 : 1;
            }
            return layers;
        }

        String trainable() {
            long trained = tensors.stream().filter(Parameter::trainable).count();
            return trained == tensors.size() ? "yes" : trained == 0 ? "frozen" : "some";
        }
    }

    ParamsTable(
            String title,
            ParameterRegistry registry,
            List<Parameter> selected,
            boolean collapse,
            ParamsCommand.Order order,
            Glyphs glyphs) {
        this.title = title;
        this.registry = registry;
        this.selected = selected;
        this.collapse = collapse;
        this.order = order;
        this.glyphs = glyphs;
    }

    /** The selected parameters one by one, in the order asked for. */
    List<Parameter> ordered() {
        return rows(false).stream().map(Row::first).toList();
    }

    /**
     * Prints it.
     *
     * @param width columns of the terminal that it may take
     */
    void print(PrintWriter out, int width, boolean why) {
        List<String> lines = new ArrayList<>(Text.wrap(title + "   ", headline(), separator()));
        lines.add("");
        lines.addAll(table(rows(collapse), width));
        lines.add("");
        lines.addAll(summary(why));
        if (why) {
            lines.add("");
            lines.addAll(new ParamsFormulas(registry).lines(glyphs));
        }
        lines.forEach(out::println);
    }

    void printMarkdown(PrintWriter out, boolean why) {
        out.println("**" + title + "**: " + String.join(separator(), headline()));
        out.println();
        out.println("| name | kind | shape | layers | params | share | train |");
        out.println("|---|---|---|---:|---:|---:|---|");
        for (Row row : rows(collapse)) {
            Parameter owner = row.first().tiedTo();
            List<String> cells = owner == null
                    ? cells(row)
                    : List.of(row.name(), row.first().kind().label(), "= `" + owner.name() + "`", "-", "0", "", "=");
            out.println("| `" + cells.get(0) + "` | " + String.join(" | ", cells.subList(1, cells.size())) + " |");
        }
        out.println();
        out.println("```");
        summary(why).forEach(out::println);
        if (why) {
            out.println();
            new ParamsFormulas(registry).lines(glyphs).forEach(out::println);
        }
        out.println("```");
    }

    private List<String> headline() {
        ModelShape s = registry.shape();
        List<String> words = new ArrayList<>(List.of(
                words(s.layers(), "layer"),
                words(s.heads(), "head"),
                "width " + s.width(),
                "context " + s.contextLength(),
                "vocabulary " + s.vocabularySize()));
        if (s.feedForwardWidth() != 4L * s.width()) {
            words.add("feed-forward width " + s.feedForwardWidth());
        }
        words.add("biases " + (s.biases() ? "yes" : "no"));
        words.add(s.tiedHead() ? "output tied to wte" : "own output head");
        if (!registry.adapters().isEmpty()) {
            words.add("LoRA rank " + registry.adaptation().loraRank() + ", alpha "
                    + CanonicalJson.shortest(registry.adaptation().loraAlpha()));
        }
        return words;
    }

    private List<Row> rows(boolean collapsed) {
        Map<String, Row> rowOf = new LinkedHashMap<>();
        Map<String, Integer> layersOf = new HashMap<>();
        for (Parameter p : selected) {
            layersOf.merge(withoutLayer(p), 1, Integer::sum);
        }
        for (Parameter p : selected) {
            String name = collapsed ? rowName(p, layersOf) : p.name();
            rowOf.computeIfAbsent(name, n -> new Row(n, new ArrayList<>()))
                    .tensors()
                    .add(p);
        }
        List<Row> rows = new ArrayList<>(rowOf.values());
        if (order != null) {
            rows.sort(comparator());
        }
        return tiedUnderTheirOwners(rows);
    }

    private Comparator<Row> comparator() {
        return switch (order) {
            case name -> Comparator.comparing(row -> naturalKey(row.name()));
            case params -> Comparator.comparingLong(Row::count).reversed();
            case kind -> Comparator.comparing(row -> row.first().kind());
            case change -> throw new IllegalArgumentException("--sort change needs --stats: shapes do not change");
        };
    }

    private static List<Row> tiedUnderTheirOwners(List<Row> rows) {
        List<Row> placed = new ArrayList<>();
        for (Row row : rows) {
            if (row.first().tiedTo() == null) {
                placed.add(row);
            }
        }
        for (Row row : rows) {
            if (row.first().tiedTo() != null) {
                int at = placed.size();
                for (int i = 0; i < placed.size(); i++) {
                    at = placed.get(i).first() == row.first().tiedTo() ? i + 1 : at;
                }
                placed.add(at, row);
            }
        }
        return placed;
    }

    private List<String> table(List<Row> rows, int room) {
        List<List<String>> all = new ArrayList<>();
        all.add(List.of("name", "kind", "shape", "layers", "params", "share", "train"));
        rows.stream()
                .filter(row -> row.first().tiedTo() == null)
                .map(this::cells)
                .forEach(all::add);
        int[] width = new int[GAPS.length];
        for (List<String> cells : all) {
            for (int i = 0; i < width.length; i++) {
                width[i] = Math.max(width[i], cells.get(i).length());
            }
        }
        for (Row row : rows) {
            if (row.first().tiedTo() != null) {
                int needed = row.first().tiedTo().name().length() + TIED_COUNT.length() + "=  - ".length();
                width[0] = Math.max(width[0], row.name().length() + 2);
                width[1] = Math.max(width[1], row.first().kind().label().length());
                width[2] += Math.max(0, needed - spanned(width));
            }
        }
        hide(width, room, rows.stream().allMatch(row -> row.trainable().equals("yes")));
        List<String> lines = new ArrayList<>();
        lines.add(line(all.get(0), width));
        for (Row row : rows) {
            lines.add(row.first().tiedTo() == null ? line(cells(row), width) : tiedLine(row, width));
        }
        return lines;
    }

    /** A narrow terminal does without what the total says too, and then without the kinds, which are added up below. */
    private static void hide(int[] width, int room, boolean allTrained) {
        if (total(width) > room && allTrained) {
            width[TRAIN] = HIDDEN;
        }
        if (total(width) > room) {
            width[KIND] = HIDDEN;
        }
    }

    private static int total(int[] width) {
        int total = 0;
        for (int i = 0; i < width.length; i++) {
            total += width[i] == HIDDEN ? 0 : GAPS[i].length() + width[i];
        }
        return total;
    }

    private List<String> cells(Row row) {
        return List.of(
                row.name(),
                row.first().kind().label(),
                Arrays.toString(row.first().shape()),
                Integer.toString(row.layers()),
                Show.count(row.count()),
                Show.share(row.count(), registry.count()),
                row.trainable());
    }

    private static String line(List<String> cells, int[] width) {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < width.length; i++) {
            if (width[i] == HIDDEN) {
                continue;
            }
            String cell = cells.get(i);
            boolean number = i >= FIRST_NUMBER && i <= LAST_NUMBER;
            line.append(GAPS[i]).append(number ? Text.right(cell, width[i]) : Text.left(cell, width[i]));
        }
        return line.toString().stripTrailing();
    }

    private static String tiedLine(Row row, int[] width) {
        String owner = "= " + row.first().tiedTo().name();
        int rest = spanned(width) - owner.length() - TIED_COUNT.length() - 1;
        StringBuilder line = new StringBuilder(Text.left("  " + row.name(), width[0]));
        if (width[KIND] != HIDDEN) {
            line.append(GAPS[KIND]).append(Text.left(row.first().kind().label(), width[KIND]));
        }
        line.append(GAPS[2]).append(owner);
        line.append(" ".repeat(rest / 2)).append('-').append(" ".repeat(rest - rest / 2));
        line.append(TIED_COUNT).append(GAPS[5]).append(" ".repeat(width[5]));
        return width[TRAIN] == HIDDEN
                ? line.toString().stripTrailing()
                : line.append(GAPS[TRAIN]).append('=').toString();
    }

    /** Columns that the text of a tied row shares: shape, layers and params. */
    private static int spanned(int[] width) {
        return width[2] + GAPS[3].length() + width[3] + GAPS[4].length() + width[4];
    }

    private List<String> summary(boolean why) {
        List<String> lines = new ArrayList<>(Text.wrap("by kind   ", byKind(), separator()));
        long total = registry.count();
        if (selected.size() < registry.all().size()) {
            long part = selected.stream().mapToLong(Parameter::count).sum();
            long owned = selected.stream().filter(p -> p.tiedTo() == null).count();
            lines.add("selected  " + Show.count(part) + " parameters in " + words(owned, "tensor") + ", "
                    + Show.share(part, total) + " of all");
        }
        long trainable = registry.trainedCount();
        int tensors = registry.owned().size();
        lines.add("total     " + Show.count(total) + " parameters (" + Show.shortCount(total) + ") in "
                + words(tensors, "tensor") + separator()
                + (trainable == total
                        ? "all trainable"
                        : Show.count(trainable) + " trainable (" + Show.share(trainable, total) + ")"));
        lines.addAll(Text.wrap(
                "memory    ",
                List.of(
                        "float32 " + Show.bytes(4 * total),
                        "training with Adam " + Show.bytes(4 * total + 12 * trainable)
                                + " (weights+gradients+2 moments) + activations"),
                separator()));
        if (!why) {
            List<String> others = new ArrayList<>();
            for (ParamsFormulas.Count other : new ParamsFormulas(registry).brief()) {
                others.add(glyphs.text(Show.count(other.count()) + " " + other.name()));
            }
            lines.addAll(Text.wrap("also seen as  ", others, separator()));
        }
        return lines;
    }

    private List<String> byKind() {
        return Arrays.stream(ParameterKind.values())
                .filter(kind -> kind != ParameterKind.ADAPTER || registry.count(kind) > 0)
                .sorted(Comparator.comparingLong((ParameterKind kind) -> -registry.count(kind)))
                .map(kind -> kind.label() + " " + Show.count(registry.count(kind)) + " "
                        + (registry.count(kind) == 0 ? "(tied)" : Show.share(registry.count(kind), registry.count())))
                .toList();
    }

    private String separator() {
        return glyphs.text(" · ");
    }

    /** The name with # for its layer. */
    static String withoutLayer(Parameter p) {
        String prefix = "h." + p.layer() + ".";
        return p.layer() == Parameter.NO_LAYER ? p.name() : "h.#." + p.name().substring(prefix.length());
    }

    private String rowName(Parameter p, Map<String, Integer> layersOf) {
        String pattern = withoutLayer(p);
        int layers = layersOf.get(pattern);
        String name = layers == registry.shape().layers() ? pattern : p.name();
        if (p.kind() != ParameterKind.NORMALIZATION) {
            return name;
        }
        // Gain and bias share a row where the selection has both, for the same layers.
        String other = pattern.endsWith(GAIN) ? swapped(pattern, GAIN, BIAS) : swapped(pattern, BIAS, GAIN);
        return layersOf.getOrDefault(other, 0) == layers ? name.substring(0, name.lastIndexOf('.')) + BOTH : name;
    }

    private static String swapped(String name, String ending, String with) {
        return name.substring(0, name.length() - ending.length()) + with;
    }

    /** Orders h.2 before h.10. */
    static String naturalKey(String name) {
        return DIGITS.matcher(name).replaceAll(m -> String.format(Locale.ROOT, "%08d", Long.parseLong(m.group())));
    }

    private static String words(long n, String noun) {
        return n + " " + noun + (n == 1 ? "" : "s");
    }
}
