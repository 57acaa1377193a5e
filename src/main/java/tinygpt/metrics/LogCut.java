package tinygpt.metrics;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Finds how much of a text log belongs to a state from which a run continues. The records of a log are in the order of their
 * steps, so that is a length: what lies behind it is of steps that will be done again, or was torn when a process died.
 */
public final class LogCut {
    private static final int BUFFER = 1 << 16;
    private static final int NO_STEP = -1;

    private final String prefix;
    private final boolean header;
    private final boolean blocks;

    private LogCut(String prefix, boolean header, boolean blocks) {
        this.prefix = prefix;
        this.header = header;
        this.blocks = blocks;
    }

    /**
     * A log of lines.
     *
     * @param prefix what stands before the step at the start of every line
     * @param header whether the first line is none of a step
     */
    public static LogCut lines(String prefix, boolean header) {
        return new LogCut(prefix, header, false);
    }

    /** A log of blocks that begin with a line with the step and end with an empty line. */
    static LogCut blocks(String prefix) {
        return new LogCut(prefix, false, true);
    }

    /**
     * Bytes to keep; 0 if there is no such file.
     *
     * @param lastStep steps that were done
     * @param most how many records of that step to keep at most: what comes after them will be done again
     */
    public long keep(Path file, long lastStep, int most) throws IOException {
        if (!Files.exists(file)) {
            return 0;
        }
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file), BUFFER)) {
            return keep(in, lastStep, most);
        }
    }

    private long keep(InputStream in, long lastStep, int most) throws IOException {
        long kept = 0;
        long position = 0;
        boolean skips = header;
        boolean inBlock = false;
        int ofLast = 0;
        StepReader line = new StepReader();
        int b;
        while ((b = in.read()) >= 0) {
            position++;
            if (b != '\n') {
                line.add(b);
                continue;
            }
            if (!skips && !inBlock) {
                ofLast += line.step() == lastStep ? 1 : 0;
                if (line.step() == NO_STEP || line.step() > lastStep || ofLast > most) {
                    return kept;
                }
            }
            inBlock = blocks && line.length > 0;
            if (!inBlock) {
                kept = position;
            }
            skips = false;
            line = new StepReader();
        }
        return kept;
    }

    /** Reads the step off the first bytes of a line. */
    private final class StepReader {
        private int length;
        private long number = NO_STEP;
        private boolean failed;
        private boolean ended;

        void add(int b) {
            if (length < prefix.length()) {
                failed |= b != prefix.charAt(length);
            } else if (!ended && b >= '0' && b <= '9' && number < Long.MAX_VALUE / 100) {
                number = 10 * Math.max(0, number) + b - '0';
            } else {
                ended = true;
            }
            length++;
        }

        long step() {
            return failed ? NO_STEP : number;
        }
    }
}
