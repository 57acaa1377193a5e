package tinygpt.cli;

import java.io.PrintWriter;

/**
 * Where a command writes.
 *
 * @param out the product: text, tables, JSON
 * @param err progress and messages
 * @param glyphs which characters {@code out} can show
 * @param width columns that a table may take; {@link #UNLIMITED} where lines are not shown but kept
 */
record Output(PrintWriter out, PrintWriter err, Glyphs glyphs, int width) {
    /** In a file or a pipe a line may be as long as it likes. */
    static final int UNLIMITED = Integer.MAX_VALUE;

    Output(PrintWriter out, PrintWriter err, Glyphs glyphs) {
        this(out, err, glyphs, UNLIMITED);
    }
}
