package tinygpt.runs;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tinygpt.formats.AtomicFile;
import tinygpt.formats.BadFileException;

/**
 * The ledger of a run, {@code ledger.jsonl}: at the start and for every checkpoint a line with the fingerprints of what was
 * fixed (the hyperparameters) and of what was learned (each tensor).
 *
 * <p>Each line holds a hash of itself, so that an edited one is named, and the hash of the line before, so that none can be
 * removed or moved. Nothing is signed: who writes the whole ledger anew, and every checkpoint, is only found out by the
 * hash of the last line, if that was noted elsewhere.
 *
 * <p>Appending is one write and one sync. What a killed program left behind, a last line without its end, is cut off by
 * the next append. One writer at a time.
 */
public final class Ledger {
    /** Name of the file in the run folder. */
    public static final String FILE = "ledger.jsonl";
    /** Name, among a checkpoint's extras, of the hash of the line that came before the checkpoint's own. */
    public static final String PREVIOUS = "ledger_prev_sha256";

    /** Longer than any line: half a million tensors. */
    private static final int LONGEST_LINE = 1 << 26;
    /** Of a ledger that is held in memory as a whole: some fifteen thousand checkpoints of GPT-2. */
    private static final long LARGEST = 1 << 28;

    private final Path file;
    private final Clock clock;
    private long lines;
    private String lastHash = LedgerLine.FIRST;
    /** Bytes of the complete lines, and of what follows them. */
    private long complete;

    private long torn;

    private Ledger(Path file, Clock clock) {
        this.file = file;
        this.clock = clock;
    }

    /**
     * The ledger of a run, to append to; an empty one if there is none yet. Lines are counted, not judged: that is what
     * {@link #verify} does.
     *
     * @throws BadFileException if it cannot be read
     */
    public static Ledger open(Path runFolder) {
        return open(runFolder, Clock.systemUTC());
    }

    static Ledger open(Path runFolder, Clock clock) {
        Ledger ledger = new Ledger(runFolder.resolve(FILE), clock);
        if (Files.exists(ledger.file)) {
            ledger.torn = read(ledger.file, (at, line) -> {
                ledger.lines = at;
                ledger.lastHash = LedgerLine.hash(line);
                ledger.complete += line.length + 1;
            });
        }
        return ledger;
    }

    /** Hash of the last line; {@link LedgerLine#FIRST} if there is none. */
    public String lastSha256() {
        return lastHash;
    }

    /** A last line without its end, which the next append cuts off, as a sentence; empty if the file ends as it should. */
    public Optional<String> tornNote() {
        return torn == 0
                ? Optional.empty()
                : Optional.of(file + ": the last line is incomplete (" + torn
                        + " bytes), as a stopped program leaves it; it will be cut off");
    }

    /**
     * Adds a line; when this returns, it is on disk.
     *
     * @throws UncheckedIOException if it cannot be written, in which case the ledger ends as it did before
     */
    public LedgerLine append(LedgerEntry entry) {
        String time = clock.instant().truncatedTo(ChronoUnit.SECONDS).toString();
        String text = LedgerLine.write(lines + 1, time, entry, lastHash);
        byte[] bytes = (text + "\n").getBytes(StandardCharsets.UTF_8);
        boolean fresh = !Files.exists(file);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            if (channel.size() != complete + torn) {
                throw new IOException("it was " + (complete + torn) + " bytes long and is now " + channel.size()
                        + "; something else writes to it");
            }
            write(channel, ByteBuffer.wrap(bytes));
        } catch (IOException e) {
            throw new UncheckedIOException(new IOException("cannot write " + file + ": " + e.getMessage(), e));
        }
        if (fresh) {
            AtomicFile.syncFolder(file.toAbsolutePath().getParent());
        }
        LedgerLine line = new LedgerLine(
                lines + 1, time, entry, lastHash, LedgerLine.hash(text.getBytes(StandardCharsets.UTF_8)));
        lines++;
        complete += bytes.length;
        torn = 0;
        lastHash = line.hash();
        return line;
    }

    /**
     * Everything the ledger says, oldest first; an incomplete last line is left out.
     *
     * @throws BadFileException naming the first line that is not as it was written
     */
    public List<LedgerLine> entries() {
        List<LedgerLine> all = new ArrayList<>();
        if (Files.exists(file)) {
            read(file, (at, line) -> all.add(LedgerLine.read(file, at, line)));
        }
        return all;
    }

    /**
     * Checks the ledger of a run, and its config and checkpoints against it.
     *
     * @throws BadFileException if there is no ledger, or none of its lines can be read
     */
    public static LedgerReport verify(Path runFolder) {
        return LedgerAudit.of(runFolder);
    }

    /** Takes the complete lines of a ledger, without their ends. */
    interface LineSink {
        void take(long at, byte[] line);
    }

    /**
     * Reads a ledger line by line.
     *
     * @return the number of bytes behind the last complete line
     * @throws BadFileException if it cannot be read
     */
    static long read(Path file, LineSink sink) {
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file), 1 << 16)) {
            ByteArrayOutputStream line = new ByteArrayOutputStream();
            long at = 0;
            for (int b = in.read(); b >= 0; b = in.read()) {
                if (b == '\n') {
                    sink.take(++at, line.toByteArray());
                    line.reset();
                } else if (line.size() == LONGEST_LINE) {
                    throw new BadFileException(file, "line " + (at + 1) + " is too long; it is not a ledger");
                } else {
                    line.write(b);
                }
            }
            return line.size();
        } catch (IOException e) {
            throw new BadFileException(file, "cannot be read: " + e.getMessage(), e);
        }
    }

    /** Refuses a ledger that could not be held in memory. */
    static void checkSize(Path file) {
        try {
            if (Files.size(file) > LARGEST) {
                throw new BadFileException(
                        file, "is " + Files.size(file) + " bytes long; at most " + LARGEST + " can be verified");
            }
        } catch (IOException e) {
            throw new BadFileException(file, "cannot be read: " + e.getMessage(), e);
        }
    }

    private void write(FileChannel channel, ByteBuffer bytes) throws IOException {
        if (torn > 0) {
            channel.truncate(complete);
            torn = 0;
        }
        channel.position(complete);
        try {
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        } catch (IOException e) {
            channel.truncate(complete);
            throw e;
        }
    }
}
