package tinygpt.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Locale;
import java.util.Optional;

/** Standard output, which remembers why it could not be written: the writer around it keeps that to itself. */
final class RememberingStream extends OutputStream {
    private final OutputStream out;
    private volatile IOException failure;

    RememberingStream(FileDescriptor file) {
        this.out = new FileOutputStream(file);
    }

    /** Why something could not be written; not that nobody reads on, as with {@code | head}, which is no fault. */
    Optional<String> failure() {
        return Optional.ofNullable(failure)
                .map(e -> String.valueOf(e.getMessage()))
                .filter(reason -> !reason.toLowerCase(Locale.ROOT).contains("pipe"));
    }

    @Override
    public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int at, int count) throws IOException {
        try {
            out.write(bytes, at, count);
        } catch (IOException e) {
            failure = e;
            throw e;
        }
    }
}
