package tinygpt.cli;

import java.util.ArrayList;
import java.util.List;

/** Laying out plain text: padding and lines of at most 80 columns. */
final class Text {
    private static final int WIDTH = 80;

    private Text() {}

    /** A text with spaces behind it, as wide as so many columns of a terminal. */
    static String left(String text, int width) {
        return text + " ".repeat(Math.max(0, width - Columns.of(text)));
    }

    /** A text with spaces before it. */
    static String right(String text, int width) {
        return " ".repeat(Math.max(0, width - Columns.of(text))) + text;
    }

    /**
     * Items behind a label, broken between items where a line would get longer than 80 columns. A single item may.
     *
     * @param label starts the first line; later ones are indented by its length
     */
    static List<String> wrap(String label, List<String> items, String separator) {
        List<String> lines = new ArrayList<>();
        StringBuilder line = new StringBuilder(label);
        boolean first = true;
        for (String item : items) {
            if (!first && line.length() + separator.length() + item.length() > WIDTH) {
                lines.add(line.toString());
                line = new StringBuilder(" ".repeat(label.length()));
                first = true;
            }
            line.append(first ? "" : separator).append(item);
            first = false;
        }
        lines.add(line.toString());
        return lines;
    }
}
