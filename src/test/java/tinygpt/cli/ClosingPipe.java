package tinygpt.cli;

import java.io.IOException;
import java.io.Writer;
import java.util.function.Predicate;

/** A reader that goes away once it has read enough, as head does. */
final class ClosingPipe extends Writer {
    private final Predicate<StringBuilder> enough;
    private final StringBuilder got = new StringBuilder();

    ClosingPipe(Predicate<StringBuilder> enough) {
        this.enough = enough;
    }

    @Override
    public void write(char[] text, int from, int length) throws IOException {
        if (enough.test(got)) {
            throw new IOException("Broken pipe");
        }
        got.append(text, from, length);
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}

    /** What was read. */
    StringBuilder got() {
        return got;
    }
}
