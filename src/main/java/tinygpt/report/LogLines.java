package tinygpt.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.LongPredicate;
import tinygpt.formats.BadFileException;
import tinygpt.formats.StrictJson;

/** A log of one JSON object a line. A last line without its end is what a stopped program leaves, and is left out. */
final class LogLines {
    private static final int BUFFER = 1 << 16;
    private static final int LONGEST = 1 << 26;

    private LogLines() {}

    /** Takes a line, counted from 0. */
    interface Sink {
        void take(long at, JsonNode line);
    }

    /** Number of complete lines; 0 if there is no such file. */
    static long count(Path file) {
        return read(file, at -> false, (at, line) -> {});
    }

    /**
     * Reads the lines that are wanted, counted from 0.
     *
     * @return the number of complete lines; 0 if there is no such file
     * @throws BadFileException if the file cannot be read, or a wanted line is no JSON object
     */
    static long read(Path file, LongPredicate wanted, Sink sink) {
        if (!Files.isRegularFile(file)) {
            return 0;
        }
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file), BUFFER)) {
            ByteArrayOutputStream line = new ByteArrayOutputStream();
            long at = 0;
            boolean keep = wanted.test(0);
            for (int b = in.read(); b >= 0; b = in.read()) {
                if (b != '\n') {
                    if (keep) {
                        line.write(b);
                    }
                    if (line.size() > LONGEST) {
                        throw new BadFileException(file, "line " + (at + 1) + " is too long; it is not a log of a run");
                    }
                    continue;
                }
                if (keep) {
                    sink.take(at, parse(file, at, line.toByteArray()));
                }
                line.reset();
                at++;
                keep = wanted.test(at);
            }
            return at;
        } catch (IOException e) {
            throw new BadFileException(file, "cannot be read: " + e.getMessage(), e);
        }
    }

    private static JsonNode parse(Path file, long at, byte[] utf8) {
        String what = "line " + (at + 1);
        JsonNode json = StrictJson.tree(file, what, utf8);
        if (!json.isObject()) {
            throw new BadFileException(file, what + " is no JSON object; the file was edited or is damaged");
        }
        return json;
    }
}
