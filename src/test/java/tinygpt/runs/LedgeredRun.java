package tinygpt.runs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.Preset;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterRegistry;

/** A run folder with a ledger whose weights are made up: a new number for every tensor that is not frozen. */
public final class LedgeredRun implements AutoCloseable {
    private static final Clock CLOCK = Clock.fixed(Instant.parse("2026-01-02T03:04:05Z"), ZoneOffset.UTC);

    final Path folder;
    final Ledger ledger;
    private final ParameterRegistry registry;
    private final Set<String> frozen;
    private Hyperparameters hyperparameters = Preset.named("nano").hyperparameters();

    LedgeredRun(Path folder, Set<String> frozen) throws IOException {
        this.folder = folder;
        this.frozen = frozen;
        this.ledger = Ledger.open(folder, CLOCK);
        this.registry = ParameterRegistry.of(hyperparameters.model()).allocate();
        Files.createDirectories(folder.resolve("checkpoints"));
        writeConfig();
        ledger.append(LedgerEntry.start(hyperparameters.sha256(), WeightFingerprint.of(registry)));
    }

    /** Lines: 1 start, 2 to 4 checkpoints, of which the first was pruned, 5 resumed, 6 another checkpoint. */
    public static Path write(Path folder, String... frozen) {
        try (LedgeredRun run = new LedgeredRun(folder, Set.of(frozen))) {
            run.learn(100);
            run.learn(200);
            run.learn(300);
            run.resume(300);
            run.learn(400);
            Files.delete(run.file(100));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return folder;
    }

    /** A run that went on with another weight decay. */
    public static Path writeWithChange(Path folder) throws IOException {
        try (LedgeredRun run = new LedgeredRun(folder, Set.of())) {
            run.learn(100);
            run.change("optimization.weight_decay", "0.2");
            run.resume(100);
            run.learn(200);
        }
        return folder;
    }

    /** Changes the weights, writes a checkpoint and its line. */
    void learn(long step) {
        ledger.append(LedgerEntry.checkpoint(save(step), name(step)));
    }

    /** Changes the weights and writes a checkpoint without its line. */
    Checkpoint.Saved save(long step) {
        for (Parameter parameter : registry.owned()) {
            if (!frozen.contains(parameter.name())) {
                registry.weights().write(parameter.offset(), new float[] {step + 0.5f}, 0, 1);
            }
        }
        Map<String, String> extras = Map.of(Ledger.PREVIOUS, ledger.lastSha256());
        Checkpoint.Facts facts = new Checkpoint.Facts(hyperparameters, Map.of(), step, 10 * step, extras);
        return Checkpoint.save(file(step), facts, registry, registry.weights(), registry.weights());
    }

    void resume(long step) {
        CheckpointHeader header = Checkpoint.readWeights(file(step), registry);
        ledger.append(LedgerEntry.resume(header, name(step), WeightFingerprint.of(registry), hyperparameters));
    }

    void change(String key, String value) throws IOException {
        hyperparameters = hyperparameters.with(key, value);
        writeConfig();
    }

    Path file(long step) {
        return folder.resolve("checkpoints").resolve(name(step));
    }

    @Override
    public void close() {
        registry.close();
    }

    /** Rewrites the ledger without its hashes' consent. */
    public static void editLines(Path folder, UnaryOperator<List<String>> edit) throws IOException {
        Path file = folder.resolve(Ledger.FILE);
        List<String> edited = edit.apply(new ArrayList<>(Files.readAllLines(file)));
        Files.writeString(file, String.join("\n", edited) + "\n");
    }

    static String name(long step) {
        return String.format(Locale.ROOT, "step-%06d.safetensors", step);
    }

    private void writeConfig() throws IOException {
        String json = hyperparameters.toJson().toPrettyString();
        Files.writeString(folder.resolve("config.json"), json + "\n");
    }
}
