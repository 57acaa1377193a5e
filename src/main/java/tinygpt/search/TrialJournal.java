package tinygpt.search;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import tinygpt.formats.AtomicFile;
import tinygpt.formats.BadFileException;
import tinygpt.formats.StrictJson;

/**
 * {@code trials.jsonl}: a line for each outcome of a trial at a rung, and one where a trial that failed is tried again. Only
 * appended to, by one write and one sync; a last line without its end, which a killed program leaves, is cut off. All that a
 * search decides follows from these lines.
 */
final class TrialJournal implements AutoCloseable {
    static final String FILE = "trials.jsonl";

    private static final String OUTCOME = "outcome";
    private static final String RETRY = "retry";

    private final FileChannel channel;

    /**
     * A line.
     *
     * @param trial index of the trial
     * @param rung that it was trained for, counted from 0
     * @param outcome what became of it, or null where it is tried again
     */
    record Line(int trial, int rung, TrialOutcome outcome) {}

    private TrialJournal(FileChannel channel) {
        this.channel = channel;
    }

    /** Opens the journal of a search behind its last whole line; makes it if there is none. */
    static TrialJournal open(Path folder) throws IOException {
        Path file = folder.resolve(FILE);
        boolean fresh = !Files.exists(file);
        FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            long whole = fresh ? 0 : wholeBytes(Files.readAllBytes(file));
            channel.truncate(whole);
            channel.position(whole);
            if (fresh) {
                AtomicFile.syncFolder(folder.toAbsolutePath());
            }
            return new TrialJournal(channel);
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    /**
     * The whole lines of a journal; none if there is no file.
     *
     * @throws BadFileException if one of them is not as it was written
     */
    static List<Line> read(Path folder) throws IOException {
        Path file = folder.resolve(FILE);
        List<Line> lines = new ArrayList<>();
        if (!Files.exists(file)) {
            return lines;
        }
        byte[] bytes = Files.readAllBytes(file);
        int from = 0;
        for (int at = 0; at < bytes.length; at++) {
            if (bytes[at] == '\n') {
                String what = "line " + (lines.size() + 1);
                lines.add(line(file, what, StrictJson.tree(file, what, Arrays.copyOfRange(bytes, from, at))));
                from = at + 1;
            }
        }
        return lines;
    }

    private static Line line(Path file, String what, JsonNode json) {
        try {
            if (!json.path("trial").isInt() || !json.path("rung").isInt()) {
                throw new IllegalArgumentException("it names no trial and rung");
            }
            boolean retry = json.path(OUTCOME).asText().equals(RETRY);
            return new Line(
                    json.get("trial").intValue(),
                    json.get("rung").intValue(),
                    retry ? null : TrialOutcome.fromJson(json));
        } catch (IllegalArgumentException e) {
            throw new BadFileException(
                    file,
                    what + " was edited or is damaged: " + BadFileException.quoteSentence(e.getMessage())
                            + "; remove it, and --resume does that part of the search again",
                    e);
        }
    }

    private static long wholeBytes(byte[] bytes) {
        int end = bytes.length;
        while (end > 0 && bytes[end - 1] != '\n') {
            end--;
        }
        return end;
    }

    /** Adds an outcome; when this returns, it is on disk. */
    void append(Trial trial, int rung, TrialOutcome outcome) {
        append(trial, rung, outcome.toJson());
    }

    /** Notes that a trial, which failed on its way to a rung, is tried again. */
    void appendRetry(Trial trial, int rung) {
        append(trial, rung, JsonNodeFactory.instance.objectNode().put(OUTCOME, RETRY));
    }

    private void append(Trial trial, int rung, ObjectNode what) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("trial", trial.index()).put("rung", rung).setAll(what);
        ObjectNode values = json.putObject("set");
        trial.values().forEach(values::set);
        try {
            ByteBuffer bytes = ByteBuffer.wrap((json + "\n").getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        } catch (IOException e) {
            throw new UncheckedIOException(
                    FILE + " of the search cannot be written: " + e.getMessage() + "; --resume goes on from it", e);
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
