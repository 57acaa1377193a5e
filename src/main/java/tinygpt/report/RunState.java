package tinygpt.report;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import tinygpt.formats.BadFileException;
import tinygpt.formats.StrictJson;
import tinygpt.hyperparameters.HyperparameterKey;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.InvalidHyperparameterException;
import tinygpt.parameters.ParameterKind;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.runs.Checkpoint;
import tinygpt.runs.CheckpointHeader;
import tinygpt.runs.Ledger;
import tinygpt.runs.LedgerReport;
import tinygpt.runs.RunFolder;

/**
 * Everything the report page shows of a run, as one JSON object: read from the files of its folder, without ND4J.
 *
 * <p>A run need not be complete: it may have been killed, may have diverged, or may still be running. What it did not
 * write is empty here, and the page says so. What costs time, to hash and to compare all weights, is done again only
 * when the ledger has grown, so that a live page may ask often.
 */
public final class RunState {
    /** Version of the format, which the page checks. */
    private static final int FORMAT = 1;

    private static final List<Group> GROUPS = List.of(
            new Group("model", "Architecture"),
            new Group("optimization", "Optimization"),
            new Group("data", "Data"),
            new Group("adaptation", "Fine-tuning"),
            new Group("synchronization", "Rounds of replicas"),
            new Group("", "Seed"));

    private final RunFolder folder;
    private long ledgerBytes = -1;
    private LedgerReport ledger;
    private Map<ParameterKind, Double> moved = Map.of();

    private record Group(String name, String title) {}

    /** How a run stands. */
    private enum Status {
        RUNNING,
        FINISHED,
        STOPPED,
        DIVERGED
    }

    /**
     * The state of the run in a folder; nothing is read yet.
     *
     * @param folder of the run
     */
    public RunState(Path folder) {
        this.folder = new RunFolder(folder);
    }

    /**
     * Reads everything anew.
     *
     * @param live whether training goes on at this moment and the page is to follow it
     * @throws BadFileException if this is not the folder of a run, or one of its files was edited or damaged
     */
    public synchronized ObjectNode read(boolean live) throws IOException {
        Optional<CheckpointHeader> newest = newestHeader();
        Hyperparameters hyperparameters = hyperparameters(newest);
        readLedger(live);
        MetricsState metrics = MetricsState.read(folder.path().resolve("metrics.jsonl"));
        ParameterRegistry registry = ParameterRegistry.of(hyperparameters);
        ObjectNode state = JsonNodeFactory.instance.objectNode();
        state.put("format", FORMAT)
                .put("program", program())
                .put("name", name())
                .put("live", live);
        state.set("run", run(hyperparameters, newest, metrics, live));
        state.set("hyperparameters", hyperparameters(hyperparameters));
        state.set("parameters", ParametersState.json(registry, ledger, moved));
        state.set("ledger", LedgerState.json(ledger));
        state.put("uniformLoss", Math.log(hyperparameters.model().vocabularySize()));
        state.set("metrics", metrics.json());
        state.set("health", HealthState.read(folder.path().resolve("tensors.jsonl"), registry.owned()));
        state.set("samples", SampleTexts.read(folder.path().resolve("samples.txt")));
        state.setAll(SnapshotState.read(folder.path()));
        return state;
    }

    /** A checkpoint may be half gone while training replaces it: then the one before is asked. */
    private Optional<CheckpointHeader> newestHeader() {
        for (RunFolder.Saved saved : folder.newestFirst()) {
            try {
                return Optional.of(Checkpoint.readHeader(saved.file()));
            } catch (BadFileException e) {
                // The ledger tells about damaged files.
            }
        }
        return Optional.empty();
    }

    private Hyperparameters hyperparameters(Optional<CheckpointHeader> newest) throws IOException {
        Path file = folder.config();
        if (!Files.isRegularFile(file)) {
            return newest.map(CheckpointHeader::hyperparameters)
                    .orElseThrow(() -> new BadFileException(
                            folder.path(),
                            "is not the folder of a run: it has no config.json and no checkpoint; give a folder that"
                                    + " 'train' wrote"));
        }
        try {
            return Hyperparameters.fromJson(StrictJson.tree(file, "it", Files.readAllBytes(file)));
        } catch (InvalidHyperparameterException e) {
            throw new BadFileException(file, "is no configuration of this program: " + e.getMessage(), e);
        }
    }

    /**
     * While training goes on, a checkpoint may be there before its line, or be gone after it was listed. So what does not
     * fit is looked at again, and in the next state once more.
     */
    private void readLedger(boolean live) throws IOException {
        Path file = folder.path().resolve(Ledger.FILE);
        long bytes = Files.isRegularFile(file) ? Files.size(file) : 0;
        if (bytes == ledgerBytes) {
            return;
        }
        ledger = LedgerState.verify(folder.path());
        boolean fits = ledger != null && ledger.sound();
        if (live && !fits) {
            ledger = LedgerState.verify(folder.path());
            fits = ledger != null && ledger.sound();
        }
        moved = ParametersState.moved(folder);
        ledgerBytes = live && !fits ? -1 : bytes;
    }

    private ObjectNode run(
            Hyperparameters hyperparameters, Optional<CheckpointHeader> newest, MetricsState metrics, boolean live) {
        long saved = newest.map(CheckpointHeader::step).orElse(0L);
        long done = Math.max(saved, metrics.lastStep());
        int steps = hyperparameters.optimization().steps();
        ObjectNode run = JsonNodeFactory.instance.objectNode();
        run.put("status", status(done, steps, metrics, live).name().toLowerCase(Locale.ROOT));
        run.put("stepsDone", done).put("steps", steps);
        run.put(
                "tokens",
                Math.max(
                        metrics.tokens(),
                        newest.map(CheckpointHeader::tokensSeen).orElse(0L)));
        // The name only: where a text lies on somebody's disk does not belong into a page that is passed on.
        run.put(
                "data",
                newest.flatMap(CheckpointHeader::data)
                        .map(path -> path.getFileName().toString())
                        .orElse(null));
        run.put("dataSha256", newest.map(h -> h.extras().get("data_sha256")).orElse(null));
        run.put("started", started(metrics)).put("seconds", metrics.seconds());
        run.put("tokenizer", spelled(hyperparameters, "data.tokenizer"));
        run.put("vocabulary", hyperparameters.model().vocabularySize());
        run.put(
                "note",
                newest.flatMap(CheckpointHeader::baseModel)
                        .map(base -> "Fine-tuned from " + Path.of(base).getFileName() + ".")
                        .orElse(null));
        return run;
    }

    private static Status status(long done, int steps, MetricsState metrics, boolean live) {
        if (live) {
            return Status.RUNNING; // after the last step too, until everything is saved
        }
        if (metrics.diverged()) {
            return Status.DIVERGED;
        }
        return done >= steps ? Status.FINISHED : Status.STOPPED;
    }

    private String started(MetricsState metrics) {
        if (ledger != null) {
            return ledger.rows().get(0).line().time();
        }
        double seconds = metrics.started();
        return Double.isFinite(seconds) ? Instant.ofEpochSecond((long) seconds).toString() : null;
    }

    private static ObjectNode hyperparameters(Hyperparameters hyperparameters) {
        ObjectNode json = JsonNodeFactory.instance.objectNode().put("sha256", hyperparameters.sha256());
        ArrayNode groups = json.putArray("groups");
        for (Group group : GROUPS) {
            List<HyperparameterKey> keys = hyperparameters.keys().stream()
                    .filter(key -> key.group().equals(group.name()))
                    .toList();
            if (keys.isEmpty()) {
                continue;
            }
            ArrayNode values = groups.addObject().put("title", group.title()).putArray("values");
            for (HyperparameterKey key : keys) {
                values.addObject()
                        .put("key", key.name())
                        .put("value", spelled(hyperparameters, key.path()))
                        .put("about", key.description());
            }
        }
        return json;
    }

    private static String spelled(Hyperparameters hyperparameters, String path) {
        for (HyperparameterKey key : HyperparameterKey.all()) {
            if (key.path().equals(path)) {
                return key.jsonOf(hyperparameters).replaceAll("^\"|\"$", "");
            }
        }
        throw new IllegalStateException("no hyperparameter " + path);
    }

    private String name() {
        return folder.path().toAbsolutePath().normalize().getFileName().toString();
    }

    /** The program and its version, as a page names them. */
    static String program() {
        String version = RunState.class.getPackage().getImplementationVersion();
        return "tinygpt" + (version == null ? "" : " " + version);
    }

    /** The bytes of a state, as {@code GET /state} sends them. */
    public static byte[] toBytes(ObjectNode state) {
        return state.toString().getBytes(StandardCharsets.UTF_8);
    }
}
