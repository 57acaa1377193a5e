package tinygpt.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Consumer;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.Preset;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.reference.ModelFixtures;
import tinygpt.runs.Checkpoint;
import tinygpt.runs.RunFolder;
import tinygpt.text.Tokenizer;

/** Runs on disk with a model of the nano preset that was not trained. */
final class SmallModel {
    private SmallModel() {}

    /** A run whose weights are random, the same every time. */
    static Path random(Path folder, Tokenizer tokenizer) {
        return write(folder, tokenizer, Map.of(), registry -> {
            ModelFixtures.fill(registry, ModelFixtures.randomWeights(registry.shape(), 1));
        });
    }

    /** A run whose weights are all 0, so that every token is as likely as any other. */
    static Path indifferent(Path folder, Tokenizer tokenizer, Map<String, String> extras) {
        return write(folder, tokenizer, extras, registry -> {});
    }

    /** A run of which every logit is NaN. */
    static Path diverged(Path folder, Tokenizer tokenizer) {
        float[] nan = {Float.NaN};
        return write(folder, tokenizer, Map.of(), registry -> registry.weights().write(0, nan, 0, 1));
    }

    private static Path write(
            Path folder, Tokenizer tokenizer, Map<String, String> extras, Consumer<ParameterRegistry> filling) {
        ObjectNode changes = JsonNodeFactory.instance.objectNode();
        changes.putObject("model").put("vocabulary_size", tokenizer.vocabularySize());
        changes.putObject("data").put("tokenizer", tokenizer.kind());
        Hyperparameters hyperparameters = Preset.named("nano").hyperparameters().with(changes);
        try (ParameterRegistry registry =
                ParameterRegistry.of(hyperparameters.model()).allocate()) {
            filling.accept(registry);
            new RunFolder(folder).checkpointFolder().toFile().mkdirs();
            Checkpoint.write(
                    new RunFolder(folder).checkpoint(7),
                    new Checkpoint.Facts(hyperparameters, tokenizer.describe(), 7, 100, extras),
                    registry,
                    null,
                    null);
        }
        return folder;
    }
}
