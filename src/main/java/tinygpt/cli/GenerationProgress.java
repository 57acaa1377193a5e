package tinygpt.cli;

import java.io.PrintWriter;
import java.nio.file.Path;

/** What is told on stderr while samples go to a file. */
final class GenerationProgress {
    private static final long NANOS_BETWEEN = 200_000_000L;

    private final PrintWriter err;
    private final int samples;
    private long characters;
    private long last = System.nanoTime();

    GenerationProgress(PrintWriter err, int samples) {
        this.err = err;
        this.samples = samples;
    }

    /** Some text was written; a terminal sees how much now and then. */
    void written(String text) {
        characters += text.length();
        long now = System.nanoTime();
        if (Terminal.paintsOnStderr() && now - last > NANOS_BETWEEN) {
            last = now;
            err.print("\r" + Show.count(characters) + " characters of " + texts() + " ... ");
            err.flush();
        }
    }

    /** All is written. */
    void done(Path file, SamplePrinter printer) {
        if (Terminal.paintsOnStderr()) {
            err.print('\r');
        }
        err.println("wrote " + texts() + ", " + Show.count(printer.tokens()) + " tokens, to " + file);
        err.flush();
    }

    private String texts() {
        return samples == 1 ? "1 text" : Show.count(samples) + " texts";
    }
}
