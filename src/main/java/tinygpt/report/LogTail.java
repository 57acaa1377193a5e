package tinygpt.report;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;

/** Follows a log of lines that another thread, or another process, appends to. */
final class LogTail {
    private static final int BUFFER = 1 << 16;

    private final Path file;
    private final int longest;
    private long position;

    /**
     * Follows a file from its beginning; it need not be there yet.
     *
     * @param longest bytes of a line that are of interest
     */
    LogTail(Path file, int longest) {
        this.file = file;
        this.longest = longest;
    }

    /**
     * Hands on the lines that are complete and were not handed on before.
     *
     * @return false if the file has become shorter, as a run that is resumed cuts it back: then nothing is handed on, and
     *     what is there now counts as known
     */
    boolean read(Consumer<String> lines) throws IOException {
        long size = Files.isRegularFile(file) ? Files.size(file) : 0;
        if (size < position) {
            position = size;
            return false;
        }
        if (size > position) {
            try (RandomAccessFile opened = new RandomAccessFile(file.toFile(), "r")) {
                opened.seek(position);
                read(Channels.newInputStream(opened.getChannel()), size - position, lines);
            }
        }
        return true;
    }

    private void read(InputStream in, long bytes, Consumer<String> lines) throws IOException {
        byte[] buffer = new byte[BUFFER];
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        long at = position;
        long left = bytes;
        while (left > 0) {
            int n = in.read(buffer, 0, (int) Math.min(buffer.length, left));
            if (n < 0) {
                return; // cut at this moment; the next look sees it
            }
            for (int i = 0; i < n; i++) {
                at++;
                if (buffer[i] == '\n') {
                    position = at;
                    lines.accept(line.toString(StandardCharsets.UTF_8));
                    line.reset();
                } else if (line.size() < longest) {
                    line.write(buffer[i]);
                }
            }
            left -= n;
        }
    }
}
