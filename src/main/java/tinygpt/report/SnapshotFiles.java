package tinygpt.report;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import tinygpt.formats.BadFileException;
import tinygpt.metrics.AppendLog;
import tinygpt.metrics.LineBuffer;
import tinygpt.metrics.LogCut;

/** The two files that snapshots are appended to: a header line, then a line a snapshot. */
final class SnapshotFiles {
    static final String SNAPSHOTS = "snapshots.jsonl";
    static final String PROBE = "probe.jsonl";

    /** Version of both. */
    static final int FORMAT = 1;

    /** How the line of a snapshot begins. */
    static final String STEP = "{\"step\":";

    private static final LogCut CUT = LogCut.lines(STEP, true);

    private SnapshotFiles() {}

    /** Bytes of a file that belong to what was done up to a step; nothing is kept where the run begins. */
    static long kept(Path file, long step) throws IOException {
        return step == 0 ? 0 : CUT.keep(file, step, Integer.MAX_VALUE);
    }

    /** Cuts a file back, if it is there, and leaves it at that. */
    static void cut(Path file, long step) throws IOException {
        if (Files.exists(file)) {
            AppendLog.open(file, kept(file, step)).close();
        }
    }

    /** Whether the snapshot of a step is the last one in the part that is kept. */
    static boolean endsWith(Path file, long kept, long step) throws IOException {
        String last = "";
        try (InputStream in = open(file)) {
            byte[] start = new byte[STEP.length() + Long.toString(step).length() + 1];
            int length = 0;
            for (long i = 0; i < kept; i++) {
                int b = in.read();
                if (b == '\n') {
                    last = new String(start, 0, length, StandardCharsets.US_ASCII);
                    length = 0;
                } else if (length < start.length) {
                    start[length++] = (byte) b;
                }
            }
        }
        return last.equals(STEP + step + ",");
    }

    /** Whether a file begins with a header, whatever follows. */
    static boolean beginsWith(Path file, LineBuffer header) throws IOException {
        try (InputStream in = open(file)) {
            byte[] start = in.readNBytes(header.length());
            return Arrays.equals(start, Arrays.copyOf(header.bytes(), header.length()));
        }
    }

    private static InputStream open(Path file) throws IOException {
        return new BufferedInputStream(Files.newInputStream(file), 1 << 16);
    }

    /** What is said of a file that another run has left. */
    static BadFileException foreign(Path file) {
        return new BadFileException(
                file, "it was written for another model or by another version; remove it to take snapshots anew");
    }
}
