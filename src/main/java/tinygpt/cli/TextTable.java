package tinygpt.cli;

import java.util.ArrayList;
import java.util.List;

/** Lines of cells as a table in plain text: text to the left, numbers to the right, two spaces between columns. */
final class TextTable {
    private static final String GAP = "  ";

    private final String alignment;
    private final List<List<String>> lines = new ArrayList<>();

    /**
     * A table with a header.
     *
     * @param alignment a letter for each column: l for text, r for numbers
     */
    TextTable(String alignment, List<String> header) {
        this.alignment = alignment;
        add(header);
    }

    /** Adds a line of as many cells as there are columns. */
    void add(List<String> cells) {
        if (cells.size() != alignment.length()) {
            throw new IllegalArgumentException(cells + " do not fill " + alignment.length() + " columns");
        }
        lines.add(List.copyOf(cells));
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
