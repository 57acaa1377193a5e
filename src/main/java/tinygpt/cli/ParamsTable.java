package tinygpt.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
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
            return tensors.stream().mapToLong(Parameter::count).sum();
        }

        long layers() {
            return tensors.stream().mapToInt(Parameter::layer).distinct().count();
        }

        String trainable() {
            return tensors.stream().allMatch(Parameter::trainable) ? "yes" : "no";
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

    void print(PrintWriter out, boolean why) {
        List<String> lines = new ArrayList<>(Text.wrap(title + "   ", headline(), separator()));
        lines.add("");
        lines.addAll(table(rows(collapse)));
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
        return words;
    }

    private List<Row> rows(boolean collapsed) {
        Map<String, List<Parameter>> groups = new LinkedHashMap<>();
        if (collapsed) {
            Map<String, Long> layersOf =
                    selected.stream().collect(Collectors.groupingBy(ParamsTable::withoutLayer, Collectors.counting()));
            Map<Parameter, String> names = new LinkedHashMap<>();
            for (Parameter p : selected) {
                boolean whole =
                        layersOf.get(withoutLayer(p)) == registry.shape().layers();
                names.put(p, whole ? withoutLayer(p) : p.name());
            }
            Set<String> present = Set.copyOf(names.values());
            names.forEach((p, name) -> groups.computeIfAbsent(merged(p, name, present), k -> new ArrayList<>())
                    .add(p));
        } else {
            selected.forEach(p -> groups.put(p.name(), List.of(p)));
        }
        List<Row> rows = new ArrayList<>();
        groups.forEach((name, tensors) -> rows.add(new Row(name, tensors)));
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
        };
    }

    private static List<Row> tiedUnderTheirOwners(List<Row> rows) {
        List<Row> placed = new ArrayList<>(rows);
        for (Row row : rows) {
            Parameter owner = row.first().tiedTo();
            if (owner != null) {
                placed.remove(row);
                int at = placed.size();
                for (int i = 0; i < placed.size(); i++) {
                    if (placed.get(i).first() == owner) {
                        at = i + 1;
                    }
                }
                placed.add(at, row);
            }
        }
        return placed;
    }

    private List<String> table(List<Row> rows) {
        List<List<String>> all = new ArrayList<>();
        all.add(List.of("name", "kind", "shape", "layers", "params", "share", "train"));
        rows.stream()
                .filter(row -> row.first().tiedTo() == null)
                .map(this::cells)
                .forEach(all::add);
        int[] width = new int[7];
        for (List<String> cells : all) {
            for (int i = 0; i < width.length; i++) {
                width[i] = Math.max(width[i], cells.get(i).length());
            }
        }
        boolean anyTied = rows.stream().anyMatch(row -> row.first().tiedTo() != null);
        // The text of a tied row spans the columns shape, layers and params, and is at least this long.
        int tiedWidth = "= wte.weight - (tied: 0)".length();
        if (anyTied) {
            width[0] = Math.max(width[0], "  lm_head.weight".length());
            width[2] += Math.max(0, tiedWidth - (width[2] + 1 + width[3] + 2 + width[4]));
        }
        List<String> lines = new ArrayList<>();
        lines.add(line(all.get(0), width));
        for (Row row : rows) {
            lines.add(row.first().tiedTo() == null ? line(cells(row), width) : tiedLine(row, width));
        }
        return lines;
    }

    private List<String> cells(Row row) {
        return List.of(
                row.name(),
                row.first().kind().label(),
                Arrays.toString(row.first().shape()),
                Long.toString(row.layers()),
                Show.count(row.count()),
                Show.share(row.count(), registry.count()),
                row.trainable());
    }

    /** Gaps are as narrow as they are so that models of up to a million parameters fit 80 columns. */
    private static String line(List<String> cells, int[] width) {
        return Text.left(cells.get(0), width[0])
                + "  " + Text.left(cells.get(1), width[1])
                + "  " + Text.left(cells.get(2), width[2])
                + " " + Text.right(cells.get(3), width[3])
                + "  " + Text.right(cells.get(4), width[4])
                + "  " + Text.right(cells.get(5), width[5])
                + " " + cells.get(6);
    }

    private static String tiedLine(Row row, int[] width) {
        String owner = "= " + row.first().tiedTo().name();
        String count = "(tied: 0)";
        int rest = width[2] + 1 + width[3] + 2 + width[4] - owner.length() - count.length();
        String dash = " ".repeat((rest - 1) / 2) + "-" + " ".repeat(rest - 1 - (rest - 1) / 2);
        return Text.left("  " + row.name(), width[0])
                + "  " + Text.left(row.first().kind().label(), width[1])
                + "  " + owner + dash + count
                + "  " + Text.right("", width[5])
                + " =";
    }

    private List<String> summary(boolean why) {
        List<String> lines = new ArrayList<>(Text.wrap("by kind   ", byKind(), separator()));
        long total = registry.count();
        if (selected.size() < registry.all().size()) {
            long part = selected.stream().mapToLong(Parameter::count).sum();
            long tensors = selected.stream().filter(p -> p.tiedTo() == null).count();
            lines.add("selected  " + Show.count(part) + " parameters in " + words(tensors, "tensor") + ", "
                    + Show.share(part, total) + " of all");
        }
        long trainable = registry.owned().stream()
                .filter(Parameter::trainable)
                .mapToLong(Parameter::count)
                .sum();
        lines.add("total     " + Show.count(total) + " parameters (" + Show.shortCount(total) + ") in "
                + words(registry.owned().size(), "tensor") + separator()
                + (trainable == total ? "all trainable" : Show.count(trainable) + " trainable"));
        lines.addAll(Text.wrap(
                "memory    ",
                List.of(
                        "float32 " + Show.bytes(4 * total),
                        "training with Adam " + Show.bytes(4 * total + 12 * trainable)
                                + " (weights+gradients+2 moments) + activations"),
                separator()));
        if (!why) {
            List<String> others = new ParamsFormulas(registry)
                    .elsewhere().stream()
                            .filter(ParamsFormulas.Count::brief)
                            .map(other -> glyphs.text(Show.count(other.count()) + " " + other.name()))
                            .toList();
            lines.addAll(Text.wrap("also seen as  ", others, separator()));
        }
        return lines;
    }

    private List<String> byKind() {
        return Arrays.stream(ParameterKind.values())
                .sorted(Comparator.comparingLong((ParameterKind kind) -> -registry.count(kind)))
                .map(kind -> {
                    long count = registry.count(kind);
                    return kind.label() + " " + Show.count(count) + " "
                            + (count == 0 ? "(tied)" : Show.share(count, registry.count()));
                })
                .toList();
    }

    private String separator() {
        return glyphs.text(" · ");
    }

    private static String withoutLayer(Parameter p) {
        String prefix = "h." + p.layer() + ".";
        return p.layer() == Parameter.NO_LAYER ? p.name() : "h.#." + p.name().substring(prefix.length());
    }

    /** Joins the two vectors of a norm where both are there. */
    private static String merged(Parameter p, String name, Set<String> present) {
        if (p.kind() != ParameterKind.NORMALIZATION) {
            return name;
        }
        String stem = name.substring(0, name.lastIndexOf('.'));
        return present.contains(stem + GAIN) && present.contains(stem + BIAS) ? stem + ".{weight,bias}" : name;
    }

    /** Orders h.2 before h.10. */
    private static String naturalKey(String name) {
        return DIGITS.matcher(name).replaceAll(m -> String.format(Locale.ROOT, "%08d", Long.parseLong(m.group())));
    }

    private static String words(long n, String noun) {
        return n + " " + noun + (n == 1 ? "" : "s");
    }
}
