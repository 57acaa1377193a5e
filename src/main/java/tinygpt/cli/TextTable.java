package tinygpt.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Lines of cells as a table in plain text: text to the left, numbers to the right, two spaces between columns. */
final class TextTable {
    private static final String GAP = "  ";

    private final String alignment;
    private final List<List<String>> lines = new ArrayList<>();
    private final List<String> leftOut;

    /**
     * A table with a header.
     *
     * @param alignment a letter for each column: l for text, r for numbers
     */
    TextTable(String alignment, List<String> header) {
        this(alignment, header, List.of());
    }

    private TextTable(String alignment, List<String> header, List<String> leftOut) {
        this.alignment = alignment;
        this.leftOut = List.copyOf(leftOut);
        add(header);
    }

    /** Adds a line of as many cells as there are columns. */
    void add(List<String> cells) {
        if (cells.size() != alignment.length()) {
            throw new IllegalArgumentException(cells + " do not fill " + alignment.length() + " columns");
        }
        lines.add(List.copyOf(cells));
    }

    /**
     * This table, or one without some columns where it would be too wide.
     *
     * @param width columns of the terminal that it may take
     * @param expendable names of columns, group by group: those of the first are left out first
     */
    TextTable within(int width, List<List<String>> expendable) {
        TextTable table = this;
        for (List<String> group : expendable) {
            if (table.width() <= width) {
                return table;
            }
            for (String name : group) {
                table = table.without(name);
            }
        }
        return table;
    }

    /** What {@link #within} has left out, for people. */
    Optional<String> leftOutNote(int width) {
        return leftOut.isEmpty()
                ? Optional.empty()
                : Optional.of("not shown in " + width + " columns: " + String.join(", ", leftOut));
    }

    private int width() {
        return lines().stream().mapToInt(Columns::of).max().orElse(0);
    }

    private TextTable without(String name) {
        int column = lines.get(0).indexOf(name);
        if (column < 0) {
            return this;
        }
        List<String> names = new ArrayList<>(leftOut);
        names.add(name);
        String rest = alignment.substring(0, column) + alignment.substring(column + 1);
        TextTable table = new TextTable(rest, other(lines.get(0), column), names);
        lines.stream().skip(1).forEach(cells -> table.add(other(cells, column)));
        return table;
    }

    /** All cells but one. */
    private static List<String> other(List<String> cells, int column) {
        List<String> rest = new ArrayList<>(cells);
        rest.remove(column);
        return rest;
    }

    List<String> lines() {
        int[] widths = new int[alignment.length()];
        for (List<String> cells : lines) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], Columns.of(cells.get(i)));
            }
        }
        return lines.stream().map(cells -> line(cells, widths)).toList();
    }

    /** The lines behind so much white space, each with its line break. */
    String text(String indent) {
        return lines().stream().map(line -> indent + line + "\n").reduce("", String::concat);
    }

    /** The same as a table in Markdown. */
    List<String> markdown() {
        List<String> out = new ArrayList<>();
        for (List<String> cells : lines) {
            out.add("| " + String.join(" | ", cells) + " |");
            if (out.size() == 1) {
                StringBuilder rule = new StringBuilder("|");
                alignment.chars().forEach(c -> rule.append(c == 'r' ? "---:|" : "---|"));
                out.add(rule.toString());
            }
        }
        return out;
    }

    private String line(List<String> cells, int[] widths) {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < widths.length; i++) {
            line.append(i == 0 ? "" : GAP);
            String cell = cells.get(i);
            line.append(alignment.charAt(i) == 'r' ? Text.right(cell, widths[i]) : Text.left(cell, widths[i]));
        }
        return line.toString().stripTrailing();
    }
}
