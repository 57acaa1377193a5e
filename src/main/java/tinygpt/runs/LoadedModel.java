package tinygpt.runs;

import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import tinygpt.formats.HuggingFaceGpt2;
import tinygpt.model.Gpt;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.text.Tokenizer;

/**
 * A model read from wherever it was given: a run, a checkpoint or a Hugging Face folder.
 *
 * @param model the model, with weights
 * @param tokenizer empty for a Hugging Face folder, whose tokenizers are not read: give it token ids
 * @param checkpoint what the checkpoint says of itself; empty for a Hugging Face folder
 * @param endOfText the token that ends a text, if there is one
 */
public record LoadedModel(
        Gpt model, Optional<Tokenizer> tokenizer, Optional<CheckpointHeader> checkpoint, OptionalInt endOfText)
        implements AutoCloseable {

    /**
     * Reads a model with its weights.
     *
     * @throws tinygpt.formats.BadFileException if there is no model there, or a broken one
     */
    public static LoadedModel open(Path path) {
        ModelSource source = ModelSource.resolve(path);
        if (source instanceof ModelSource.HuggingFaceFolder given) {
            HuggingFaceGpt2 folder = HuggingFaceGpt2.open(given.folder());
            ParameterRegistry registry = ParameterRegistry.of(folder.shape()).allocate();
            return closingOnFailure(registry, () -> {
                folder.readWeights(registry);
                return new LoadedModel(new Gpt(registry), Optional.empty(), Optional.empty(), folder.eosTokenId());
            });
        }
        Path file = checkpointFile(source);
        CheckpointHeader header = Checkpoint.readHeader(file);
        ParameterRegistry registry =
                ParameterRegistry.of(header.hyperparameters()).allocate();
        return closingOnFailure(registry, () -> {
            Checkpoint.readWeights(file, registry);
            Tokenizer tokenizer = Tokenizer.restore(header.tokenizer());
            return new LoadedModel(
                    new Gpt(registry),
                    Optional.of(tokenizer),
                    Optional.of(header),
                    OptionalInt.of(tokenizer.endOfText()));
        });
    }

    /** The parameters of a model, shapes only, from its header alone: no weights are read. */
    public static ParameterRegistry registry(Path path) {
        ModelSource source = ModelSource.resolve(path);
        return source instanceof ModelSource.HuggingFaceFolder given
                ? ParameterRegistry.of(HuggingFaceGpt2.open(given.folder()).shape())
                : ParameterRegistry.of(
                        Checkpoint.readHeader(checkpointFile(source)).hyperparameters());
    }

    @Override
    public void close() {
        model.registry().close();
    }

    private static Path checkpointFile(ModelSource source) {
        if (source instanceof ModelSource.RunFolder run) {
            return run.checkpoint();
        }
        return ((ModelSource.CheckpointFile) source).file();
    }

    private static LoadedModel closingOnFailure(
            ParameterRegistry registry, java.util.function.Supplier<LoadedModel> loading) {
        try {
            return loading.get();
        } catch (RuntimeException | Error e) {
            registry.close();
            throw e;
        }
    }
}
