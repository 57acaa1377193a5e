package tinygpt.report;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import tinygpt.formats.BadFileException;
import tinygpt.formats.StrictJson;

/** Reads a file that holds a JSON object a line, one line after the other. */
final class JsonLines {
    private static final int LONGEST_LINE = 64 << 20;
    private static final long LARGEST_FILE = 512L << 20;
    private static final int BUFFER = 1 << 16;

    private JsonLines() {}

    /**
     * Hands every whole line on. A last line without an end was torn when a process died, or is being written: it is left
     * out.
     *
     * @throws BadFileException if a line is not a JSON object, or the file is larger than any that is written
     */
    static void read(Path file, Consumer<JsonFields> reader) throws IOException {
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file), BUFFER)) {
            ByteArrayOutputStream line = new ByteArrayOutputStream();
            int number = 1;
            long size = 0;
            int b;
            while ((b = in.read()) >= 0) {
                if (++size > LARGEST_FILE || line.size() > LONGEST_LINE) {
                    throw new BadFileException(
                            file,
                            size > LARGEST_FILE
                                    ? "it is larger than " + (LARGEST_FILE >> 20) + " MiB; remove it to do without it"
                                    : "line " + number + " is longer than " + (LONGEST_LINE >> 20)
                                            + " MiB; remove the file to do without it");
                }
                if (b != '\n') {
                    line.write(b);
                    continue;
                }
                String where = "line " + number++;
                reader.accept(new JsonFields(file, where, StrictJson.tree(file, where, line.toByteArray())));
                line.reset();
            }
        }
    }
}
