package tinygpt.runs;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import tinygpt.formats.BadFileException;
import tinygpt.formats.GgufGpt2;
import tinygpt.formats.HuggingFaceGpt2;
import tinygpt.model.Gpt;
import tinygpt.parameters.PackedWeights;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.parameters.Quantization;
import tinygpt.tensor.Memory;
import tinygpt.text.Tokenizer;

/**
 * A model read from wherever it was given: a run, a checkpoint, a GGUF file or a Hugging Face folder.
 *
 * @param model the model, with weights
 * @param tokenizer empty for a Hugging Face folder without one: give it token ids
 * @param checkpoint what the checkpoint says of itself; empty for a GGUF file or a Hugging Face folder
 * @param beginOfText the token that begins a text, if there is one; for most models it is the one that ends a text too
 * @param endOfText the token that ends a text, if there is one
 * @param notes what the user should know, for example that the newest checkpoint is damaged and an older one was read
 */
public record LoadedModel(
        Gpt model,
        Optional<Tokenizer> tokenizer,
        Optional<CheckpointHeader> checkpoint,
        OptionalInt beginOfText,
        OptionalInt endOfText,
        List<String> notes)
        implements AutoCloseable {

    /**
     * Reads a model with its weights.
     *
     * @throws BadFileException if there is no model there, or a broken one
     * @throws tinygpt.tensor.NotEnoughMemoryException before anything is allocated, if its weights do not fit
     */
    public static LoadedModel open(Path path) {
        return open(path, Memory.available());
    }

    /**
     * Reads a model to generate with it and for nothing else: matrices that a file keeps with fewer bits are kept in 8 bits
     * in memory, not widened to float32. Of other models it gives the same as {@link #open(Path)}.
     *
     * @throws BadFileException as {@link #open(Path)} does
     */
    public static LoadedModel openToGenerate(Path path) {
        if (ModelSource.resolve(path) instanceof ModelSource.CheckpointFile given) {
            Path file = given.file();
            CheckpointHeader header = Checkpoint.readHeader(file);
            if (header.quantization().isPresent()) {
                return openPacked(file, header, header.quantization().get());
            }
        }
        return open(path);
    }

    private static LoadedModel openPacked(Path file, CheckpointHeader header, Quantization quantization) {
        Tokenizer tokenizer = header.restoreTokenizer(file);
        ParameterRegistry registry = ParameterRegistry.of(header.hyperparameters());
        Memory.requireHeap(file + ": loading this model", PackedWeights.bytes(quantization, registry));
        return closingOnFailure(registry, () -> {
            Checkpoint.readPacked(file, registry);
            return new LoadedModel(
                    new Gpt(registry),
                    Optional.of(tokenizer),
                    Optional.of(header),
                    OptionalInt.of(tokenizer.endOfText()),
                    OptionalInt.of(tokenizer.endOfText()),
                    List.of());
        });
    }

    /** Reads a model if its weights need no more bytes than available. */
    static LoadedModel open(Path path, long available) {
        ModelSource source = ModelSource.resolve(path);
        if (source instanceof ModelSource.HuggingFaceFolder given) {
            return openHuggingFace(given.folder(), available);
        }
        if (source instanceof ModelSource.GgufFile given) {
            GgufGpt2 file = GgufGpt2.open(given.file());
            ParameterRegistry registry = allocated(path, ParameterRegistry.of(file.shape()), available);
            return closingOnFailure(registry, () -> {
                file.readWeights(registry);
                return new LoadedModel(
                        new Gpt(registry),
                        Optional.of(file.tokenizer()),
                        Optional.empty(),
                        file.bosTokenId(),
                        file.eosTokenId(),
                        List.of());
            });
        }
        return source instanceof ModelSource.Run run
                ? openRun(run.folder(), available)
                : openCheckpoint(checkpointFile(source), List.of(), available);
    }

    private static LoadedModel openHuggingFace(Path path, long available) {
        HuggingFaceGpt2 folder = HuggingFaceGpt2.open(path);
        List<String> notes = new ArrayList<>();
        Optional<Tokenizer> tokenizer = folder.tokenizer(notes::add);
        OptionalInt endOfText = tokenizer.isPresent() && folder.eosTokenId().isEmpty()
                ? OptionalInt.of(tokenizer.get().endOfText())
                : folder.eosTokenId();
        ParameterRegistry registry = allocated(path, ParameterRegistry.of(folder.shape()), available);
        return closingOnFailure(registry, () -> {
            folder.readWeights(registry);
            OptionalInt begin = folder.bosTokenId().isPresent() ? folder.bosTokenId() : endOfText;
            return new LoadedModel(
                    new Gpt(registry), tokenizer, Optional.empty(), begin, endOfText, List.copyOf(notes));
        });
    }

    /** The newest checkpoint that can be read. */
    private static LoadedModel openRun(RunFolder folder, long available) {
        List<RunFolder.Saved> saved = folder.newestFirst();
        List<String> notes = new ArrayList<>();
        for (int i = 0; ; i++) {
            try {
                return openCheckpoint(saved.get(i).file(), notes, available);
            } catch (BadFileException e) {
                if (i == saved.size() - 1) {
                    throw e;
                }
                notes.add(e.getMessage() + ". The checkpoint of step "
                        + saved.get(i + 1).step() + " is used instead");
            }
        }
    }

    private static LoadedModel openCheckpoint(Path file, List<String> notes, long available) {
        CheckpointHeader header = Checkpoint.readHeader(file);
        Tokenizer tokenizer = header.restoreTokenizer(file);
        ParameterRegistry registry = allocated(file, ParameterRegistry.of(header.hyperparameters()), available);
        return closingOnFailure(registry, () -> {
            Checkpoint.readWeights(file, registry);
            List<String> all = new ArrayList<>(notes);
            header.quantization().ifPresent(q -> all.add(widened(file, q)));
            return new LoadedModel(
                    new Gpt(registry),
                    Optional.of(tokenizer),
                    Optional.of(header),
                    OptionalInt.of(tokenizer.endOfText()),
                    OptionalInt.of(tokenizer.endOfText()),
                    List.copyOf(all));
        });
    }

    /** What the user should know of a checkpoint whose matrices were rounded and are read as float32. */
    public static String widened(Path file, Quantization quantization) {
        return file + " holds its matrices in " + quantization.bits() + " bits, in groups of " + quantization.group()
                + " with a scale; here they are the float32 numbers that those stand for";
    }

    /** The parameters of a model, shapes only, from its header alone: no weights are read. */
    public static ParameterRegistry registry(Path path) {
        ModelSource source = ModelSource.resolve(path);
        if (source instanceof ModelSource.GgufFile given) {
            return ParameterRegistry.of(GgufGpt2.open(given.file()).shape());
        }
        return source instanceof ModelSource.HuggingFaceFolder given
                ? ParameterRegistry.of(HuggingFaceGpt2.open(given.folder()).shape())
                : ParameterRegistry.of(
                        Checkpoint.readHeader(checkpointFile(source)).hyperparameters());
    }

    @Override
    public void close() {
        model.registry().close();
    }

    private static ParameterRegistry allocated(Path path, ParameterRegistry registry, long available) {
        Memory.require(
                path + ": loading this model",
                registry.slabSize() * Float.BYTES,
                available,
                "close other programs, or use a smaller model or a machine with more memory");
        return registry.allocate();
    }

    private static Path checkpointFile(ModelSource source) {
        if (source instanceof ModelSource.Run run) {
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
