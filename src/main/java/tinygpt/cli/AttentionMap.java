package tinygpt.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleFunction;
import tinygpt.inspection.AttentionHead;

/**
 * One head's attention as a picture of signs: a row for each query, a column for each key, both with their tokens. What a
 * query cannot see, because it comes later, is left empty.
 */
final class AttentionMap {
    private static final int LONGEST_LABEL = 8;
    private static final int NUMBER_WIDTH = 5;
    private static final int WIDE_CELL = 2;

    private final String[] labels;
    private final int labelWidth;

    AttentionMap(TokenNames names, int... tokens) {
        labels = Arrays.stream(tokens)
                .mapToObj(names::label)
                .map(label ->
                        Columns.of(label) <= LONGEST_LABEL ? label : Columns.first(label, LONGEST_LABEL - 1) + "~")
                .toArray(String[]::new);
        labelWidth = Arrays.stream(labels).mapToInt(Columns::of).max().orElse(0);
    }

    /** Columns that a picture takes with cells of a width. */
    private int width(int cell) {
        return labelWidth + 1 + cell * labels.length;
    }

    /** The least columns that a picture takes. */
    int width() {
        return width(narrowestCell());
    }

    /** Columns that the table of numbers takes. */
    int numbersWidth() {
        return width(NUMBER_WIDTH);
    }

    /** One, unless a character above a column takes two. */
    private int narrowestCell() {
        return Arrays.stream(labels)
                .flatMapToInt(String::codePoints)
                .map(codePoint -> Columns.of(Character.toString(codePoint)))
                .max()
                .orElse(1);
    }

    /** The lines of a picture, all as wide, with cells as wide as so many columns allow. */
    List<String> picture(AttentionHead head, Shades shades, int columns) {
        int cell = width(WIDE_CELL) <= columns ? WIDE_CELL : narrowestCell();
        return lines(head, cell, share -> shades.cell(share, cell));
    }

    /** The same as numbers with two decimals. */
    List<String> numbers(AttentionHead head) {
        return lines(head, NUMBER_WIDTH, share -> Text.right(Show.decimals(share, 2), NUMBER_WIDTH));
    }

    private List<String> lines(AttentionHead head, int cell, DoubleFunction<String> show) {
        List<String> lines = heading(cell);
        for (int query = 0; query < head.time(); query++) {
            StringBuilder line = new StringBuilder(Text.right(labels[query], labelWidth)).append(' ');
            for (int key = 0; key <= query; key++) {
                line.append(show.apply(head.weight(query, key)));
            }
            lines.add(line.append(" ".repeat((head.time() - 1 - query) * cell)).toString());
        }
        return lines;
    }

    /** The keys' labels, written downwards where they are longer than a character, each ending above its column. */
    private List<String> heading(int cell) {
        int height = Arrays.stream(labels)
                .mapToInt(label -> label.codePointCount(0, label.length()))
                .max()
                .orElse(0);
        List<String> lines = new ArrayList<>();
        for (int line = 0; line < height; line++) {
            StringBuilder text = new StringBuilder(" ".repeat(labelWidth + 1));
            for (String label : labels) {
                int[] characters = label.codePoints().toArray();
                int at = line - (height - characters.length);
                String sign = at < 0 ? "" : Character.toString(characters[at]);
                text.append(cell == NUMBER_WIDTH ? Text.right(sign, cell) : Text.left(sign, cell));
            }
            lines.add(text.toString());
        }
        return lines;
    }
}
