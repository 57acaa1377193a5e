package tinygpt.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tinygpt.metrics.RunMetrics;
import tinygpt.runs.Ledger;

/**
 * Turns what a run appends to its logs into events, on a thread of its own.
 *
 * <p>The logs are written anyway, so training does nothing for its onlookers and cannot be held up by them; and a run of
 * another process is followed in the same way. A look every tenth of a second, with the newest step of those since the last
 * look, makes at most ten events of steps a second.
 */
final class RunTail implements AutoCloseable {
    private static final long PAUSE_MILLISECONDS = 100;
    private static final int LONGEST_LINE = 1 << 20;
    private static final int HEAD = 64;
    private static final Pattern SNAPSHOT = Pattern.compile("\\{\"step\":(\\d{1,18}),.*");
    private static final ObjectMapper JSON = new ObjectMapper();

    private final EventRing ring;
    private final BooleanSupplier running;
    private final Supplier<LiveEvent> done;
    private final LogTail metrics;
    private final LogTail samples;
    private final LogTail snapshots;
    private final LogTail ledger;
    private final SampleTexts.Parser sampleParser = new SampleTexts.Parser();
    private final Thread thread = new Thread(this::follow, "tinygpt-live-tail");
    private ObjectNode pending;
    private double seconds;
    private long lastStep;
    private boolean closed;

    /**
     * Knows what is in the logs by now; {@link #start} makes events of what comes.
     *
     * @param running whether training goes on
     * @param done the event for the end of the run, asked for when it has ended
     */
    RunTail(Path folder, EventRing ring, BooleanSupplier running, Supplier<LiveEvent> done) throws IOException {
        this.ring = ring;
        this.running = running;
        this.done = done;
        metrics = new LogTail(folder.resolve(RunMetrics.METRICS), LONGEST_LINE);
        samples = new LogTail(folder.resolve(RunMetrics.SAMPLES), LONGEST_LINE);
        snapshots = new LogTail(folder.resolve(SnapshotFiles.SNAPSHOTS), HEAD);
        ledger = new LogTail(folder.resolve(Ledger.FILE), LONGEST_LINE);
        read(event -> {});
        pending = null;
        if (!running.getAsBoolean()) {
            ring.end(done.get());
        }
    }

    void start() {
        thread.setDaemon(true);
        thread.start();
    }

    private void follow() {
        while (true) {
            synchronized (this) {
                try {
                    if (!closed) {
                        wait(PAUSE_MILLISECONDS);
                    }
                } catch (InterruptedException e) {
                    return;
                }
                if (closed) {
                    return;
                }
            }
            look();
        }
    }

    /** Publishes what has come since the last look. */
    synchronized void look() {
        boolean goesOn =
                running.getAsBoolean(); // asked first: what is written before the end is read before it is told
        try {
            if (goesOn && ring.ended()) {
                ring.goOn();
            }
            read(ring::publish);
            if (pending != null) {
                ring.publish(LiveEvent.of(lastStep, LiveEvent.STEP, pending));
                pending = null;
            }
        } catch (IOException e) {
            // The folder cannot be read at this moment; the next look may.
        }
        if (!goesOn && !ring.ended()) {
            ring.end(done.get());
        }
    }

    /** Stops looking, after a last look. */
    @Override
    public void close() {
        synchronized (this) {
            closed = true;
            notifyAll();
        }
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        look();
    }

    private void read(Consumer<LiveEvent> events) throws IOException {
        boolean whole = metrics.read(line -> metric(parse(line), events));
        whole &= samples.read(line -> sampleParser
                .line(line)
                .ifPresent(sample -> events.accept(LiveEvent.of(
                        sample.step(),
                        LiveEvent.SAMPLE,
                        JsonNodeFactory.instance
                                .objectNode()
                                .put("step", sample.step())
                                .put("text", sample.text())))));
        whole &= snapshots.read(line -> {
            Matcher begin = SNAPSHOT.matcher(line);
            if (begin.matches()) {
                events.accept(LiveEvent.of(Long.parseLong(begin.group(1)), LiveEvent.SNAPSHOT));
            }
        });
        whole &= ledger.read(line -> {
            JsonNode step = parse(line).path("step");
            if (step.isIntegralNumber()) {
                events.accept(LiveEvent.of(step.longValue(), LiveEvent.LEDGER));
            }
        });
        if (!whole) {
            pending = null;
            ring.restart(0);
        }
    }

    private void metric(JsonNode line, Consumer<LiveEvent> events) {
        if (!line.path("step").isIntegralNumber()) {
            return;
        }
        long step = line.path("step").longValue();
        ObjectNode event = JsonNodeFactory.instance.objectNode().put("step", step);
        if (line.has("val_loss")) {
            copy(line, "val_loss", event, "loss");
            copy(line, "val_stderr", event, "se");
            event.put("best", line.path("best").booleanValue());
            events.accept(LiveEvent.of(step, LiveEvent.EVALUATION, event));
        } else {
            seconds += line.path("step_ms").doubleValue() / 1e3;
            for (String key : new String[] {"loss", "lr", "grad_norm", "clipped", "tok_s"}) {
                copy(line, key, event, key);
            }
            lastStep = step;
            pending = event.put("seconds", seconds);
        }
    }

    /** JSON knows no NaN: what was none is null, and is left as it is. */
    private static void copy(JsonNode from, String key, ObjectNode to, String as) {
        to.set(as, from.has(key) ? from.get(key) : JsonNodeFactory.instance.nullNode());
    }

    /** A line; of what is none, nothing: the state says what is wrong with a file. */
    private static JsonNode parse(String line) {
        try {
            return JSON.readTree(line);
        } catch (JsonProcessingException e) {
            return JsonNodeFactory.instance.missingNode();
        }
    }
}
