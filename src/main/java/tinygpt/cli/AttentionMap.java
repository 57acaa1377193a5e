package tinygpt.cli;

import java.util.Arrays;
import tinygpt.inspection.AttentionHead;

/**
 * One head's attention as a picture of signs: a row for each query, a column for each key, both with their tokens. What a
 * query cannot see, because it comes later, is left empty.
 */
final class AttentionMap {
    private static final int LONGEST_LABEL = 8;
    private static final int NUMBER_WIDTH = 5;

    private final String[] labels;
    private final int labelWidth;

    AttentionMap(TokenNames names, int... tokens) {
        labels = Arrays.stream(tokens)
                .mapToObj(names::label)
                .map(label -> label.length() <= LONGEST_LABEL ? label : label.substring(0, LONGEST_LABEL - 1) + "~")
                .toArray(String[]::new);
        labelWidth = Arrays.stream(labels).mapToInt(String::length).max().orElse(0);
    }

    /** Columns that a picture takes with cells of a width. */
    int width(int cell) {
        return labelWidth + 1 + cell * labels.length;
    }

    /** Columns that the table of numbers takes. */
    int numbersWidth() {
        return width(NUMBER_WIDTH);
    }

    /** A picture with cells of a width. */
    String picture(AttentionHead head, Shades shades, int cell) {
        StringBuilder map = heading(cell);
        for (int query = 0; query < head.time(); query++) {
            map.append(Text.right(labels[query], labelWidth)).append(' ');
            for (int key = 0; key <= query; key++) {
                map.append(shades.cell(head.weight(query, key), cell));
            }
            map.append('\n');
        }
        return map.toString();
    }

    /** The same as numbers with two decimals. */
    String numbers(AttentionHead head) {
        StringBuilder table = heading(NUMBER_WIDTH);
        for (int query = 0; query < head.time(); query++) {
            table.append(Text.right(labels[query], labelWidth)).append(' ');
            for (int key = 0; key <= query; key++) {
                table.append(Text.right(Show.decimals(head.weight(query, key), 2), NUMBER_WIDTH));
            }
            table.append('\n');
        }
        return table.toString();
    }

    /** The keys' labels: written downwards where they are wider than a cell, each ending above its column. */
    private StringBuilder heading(int cell) {
        StringBuilder heading = new StringBuilder();
        int height = labelWidth <= cell - 1 || labelWidth == 1 ? 1 : labelWidth;
        for (int line = 0; line < height; line++) {
            StringBuilder text = new StringBuilder(" ".repeat(labelWidth + 1));
            for (String label : labels) {
                int at = line - (height - label.length());
                String sign = height == 1 ? label : at < 0 ? "" : label.substring(at, at + 1);
                text.append(cell == NUMBER_WIDTH ? Text.right(sign, cell) : Text.left(sign, cell));
            }
            heading.append(text.toString().stripTrailing()).append('\n');
        }
        return heading;
    }
}
