package tinygpt.cli;

import java.util.ArrayList;
import java.util.List;

/** A table in plain text: columns two blanks apart, as wide as their widest cell. */
final class Grid {
    private static final String GAP = "  ";

    private final String alignment;
    private final List<List<String>> rows = new ArrayList<>();

    /**
     * An empty table.
     *
     * @param alignment a letter for each column: {@code l} for text to the left, {@code r} for numbers to the right
     */
    Grid(String alignment) {
        this.alignment = alignment;
    }

    /** Adds a row of as many cells as there are columns. */
    Grid row(List<String> cells) {
        if (cells.size() != alignment.length()) {
            throw new IllegalArgumentException(
                    "a row of " + cells.size() + " cells in a table of " + alignment.length() + " columns");
        }
        rows.add(cells);
        return this;
    }

    Grid row(String... cells) {
        return row(List.of(cells));
    }

    /** The lines, each with its line break. */
    String text(String indent) {
        StringBuilder text = new StringBuilder();
        for (List<String> row : rows) {
            StringBuilder line = new StringBuilder(indent);
            for (int i = 0; i < row.size(); i++) {
                int column = i;
                int width = rows.stream()
                        .mapToInt(r -> r.get(column).length())
                        .max()
                        .orElse(0);
                line.append(i == 0 ? "" : GAP)
                        .append(
                                alignment.charAt(i) == 'r'
                                        ? Text.right(row.get(i), width)
                                        : Text.left(row.get(i), width));
            }
            text.append(line.toString().stripTrailing()).append('\n');
        }
        return text.toString();
    }
}
