package tinygpt.inspection;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Consumer;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.Preset;
import tinygpt.parameters.Initializer;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.runs.Checkpoint;
import tinygpt.runs.RunFolder;

/** Checkpoints whose numbers are the initial ones, but for what a test changes. */
public final class InspectedModel {
    private InspectedModel() {}

    /** The preset nano with another seed. */
    public static Hyperparameters nano(long seed) {
        return Preset.named("nano").hyperparameters().with("seed", Long.toString(seed));
    }

    /** nanoGPT's shape for a CPU with 65 characters: 4 layers, 4 heads, width 128, context 64, biases. */
    public static Hyperparameters shape4x4x128() {
        return Preset.named("shakespeare-cpu")
                .hyperparameters()
                .with("model.vocabulary_size", "65")
                .with("model.biases", "true");
    }

    /** Writes a checkpoint of a run and returns its file. */
    public static Path write(
            Path run, Hyperparameters h, long step, Map<String, Object> tokenizer, Consumer<ParameterRegistry> change) {
        RunFolder folder = new RunFolder(run);
        try (ParameterRegistry registry = ParameterRegistry.of(h).allocate()) {
            Files.createDirectories(folder.checkpointFolder());
            Initializer.initialize(registry, h.seed());
            change.accept(registry);
            Checkpoint.Facts facts = new Checkpoint.Facts(h, tokenizer, step, 0, Map.of());
            Checkpoint.write(folder.checkpoint(step), facts, registry, null, null);
            return folder.checkpoint(step);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The same without a tokenizer. */
    public static Path write(Path run, Hyperparameters h, long step, Consumer<ParameterRegistry> change) {
        return write(run, h, step, Map.of(), change);
    }

    /** Sets the first numbers of a parameter. */
    public static void set(ParameterRegistry registry, String name, float... values) {
        registry.weights().write(registry.get(name).offset(), values, 0, values.length);
    }

    /** Multiplies all numbers of a parameter. */
    public static void scale(ParameterRegistry registry, String name, float factor) {
        Parameter parameter = registry.get(name);
        float[] values = new float[(int) parameter.size()];
        registry.weights().read(parameter.offset(), values, 0, values.length);
        for (int i = 0; i < values.length; i++) {
            values[i] *= factor;
        }
        registry.weights().write(parameter.offset(), values, 0, values.length);
    }
}
