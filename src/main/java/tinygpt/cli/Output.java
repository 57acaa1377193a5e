package tinygpt.cli;

import java.io.PrintWriter;

/**
 * Where a command writes.
 *
 * @param out the product: text, tables, JSON
 * @param err progress and messages
 * @param glyphs which characters {@code out} can show
 */
record Output(PrintWriter out, PrintWriter err, Glyphs glyphs) {}
