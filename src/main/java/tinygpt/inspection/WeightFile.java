package tinygpt.inspection;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import tinygpt.formats.BadFileException;
import tinygpt.formats.ExportedModel;
import tinygpt.formats.GgufGpt2;
import tinygpt.formats.HuggingFaceGpt2;
import tinygpt.formats.ModelFacts;
import tinygpt.formats.SafetensorsReader;
import tinygpt.formats.TensorFile;
import tinygpt.hyperparameters.ModelShape;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.runs.Checkpoint;
import tinygpt.runs.CheckpointHeader;
import tinygpt.runs.LoadedModel;
import tinygpt.runs.ModelSource;
import tinygpt.runs.RunFolder;
import tinygpt.runs.RunFolders;
import tinygpt.text.Tokenizer;

/**
 * The weights of a model on disk, open for reading under their registry names. Nothing is loaded: numbers are read piece by
 * piece, without ND4J.
 */
public final class WeightFile implements AutoCloseable {
    /** Floats read at a time; even, as {@link InitialValues} needs it. */
    static final int PIECE = 1 << 16;

    private final Path path;
    private final List<Path> files;
    private final ExportedModel.Numbers numbers;
    private final Runnable closing;
    private final ParameterRegistry registry;
    private final CheckpointHeader header;
    private final Imported imported;
    private final List<String> notes;

    /** What another program's file says of the text: its tokenizer, read with remarks for the user, and the ids around it. */
    private record Imported(
            Function<Consumer<String>, Optional<Tokenizer>> tokenizer,
            OptionalInt beginOfText,
            OptionalInt endOfText) {}

    /** Takes some numbers of a parameter, beginning with element {@code first}. */
    @FunctionalInterface
    interface Piece {
        void take(long first, float[] piece, int count);
    }

    private WeightFile(
            TensorFile file,
            UnaryOperator<String> names,
            ParameterRegistry registry,
            CheckpointHeader header,
            Imported imported,
            List<String> notes) {
        this(
                file.file(),
                file.files(),
                (parameter, first, destination, at, count) ->
                        file.readFloats(names.apply(owner(parameter).name()), first, destination, at, count),
                file::close,
                registry,
                header,
                imported,
                notes);
    }

    private WeightFile(
            Path path,
            List<Path> files,
            ExportedModel.Numbers numbers,
            Runnable closing,
            ParameterRegistry registry,
            CheckpointHeader header,
            Imported imported,
            List<String> notes) {
        this.path = path;
        this.files = files;
        this.numbers = numbers;
        this.closing = closing;
        this.registry = registry;
        this.header = header;
        this.imported = imported;
        this.notes = notes;
    }

    private static Parameter owner(Parameter parameter) {
        return Objects.requireNonNullElse(parameter.tiedTo(), parameter);
    }

    /**
     * Opens a model.
     *
     * @param given path of a run folder (its newest checkpoint that can be read), of a checkpoint, of a GGUF file or of a
     *     Hugging Face folder, or {@code RUN@STEP} or {@code RUN@best} for a certain checkpoint of a run
     * @throws BadFileException if there is no model there, or a broken one
     */
    public static WeightFile open(String given) {
        return open(Path.of(given));
    }

    /** Opens a model as {@link #open(String)} does, by its path. */
    public static WeightFile open(Path path) {
        ModelSource source = ModelSource.resolve(path);
        if (source instanceof ModelSource.HuggingFaceFolder given) {
            HuggingFaceGpt2 folder = HuggingFaceGpt2.open(given.folder());
            ParameterRegistry registry = ParameterRegistry.of(folder.shape());
            HuggingFaceGpt2.Tensors tensors = folder.openTensors(registry);
            Imported imported = new Imported(folder::tokenizer, folder.bosTokenId(), folder.eosTokenId());
            return new WeightFile(tensors.file(), tensors.names(), registry, null, imported, List.of());
        }
        if (source instanceof ModelSource.GgufFile given) {
            GgufGpt2 file = GgufGpt2.open(given.file());
            GgufGpt2.Tensors tensors = file.openTensors();
            Imported imported =
                    new Imported(note -> Optional.of(file.tokenizer()), file.bosTokenId(), file.eosTokenId());
            ParameterRegistry registry = ParameterRegistry.of(file.shape());
            return new WeightFile(
                    file.file(), List.of(file.file()), tensors, tensors::close, registry, null, imported, List.of());
        }
        if (source instanceof ModelSource.Run run) {
            return openNewest(run.folder());
        }
        return openCheckpoint(((ModelSource.CheckpointFile) source).file(), List.of());
    }

    /**
     * Opens a certain checkpoint of a run.
     *
     * @throws BadFileException if it is not there, listing those that are
     */
    public static WeightFile open(Path run, long step) {
        return openCheckpoint(new RunFolder(RunFolders.named(run)).saved(step), List.of());
    }

    private static WeightFile openNewest(RunFolder folder) {
        List<RunFolder.Saved> saved = folder.newestFirst();
        List<String> notes = new ArrayList<>();
        for (int i = 0; ; i++) {
            try {
                return openCheckpoint(saved.get(i).file(), notes);
            } catch (BadFileException e) {
                if (i == saved.size() - 1) {
                    throw e;
                }
                notes.add(e.getMessage() + ". The checkpoint of step "
                        + saved.get(i + 1).step() + " is used instead");
            }
        }
    }

    private static WeightFile openCheckpoint(Path file, List<String> notes) {
        CheckpointHeader header = Checkpoint.readHeader(file);
        ParameterRegistry registry = ParameterRegistry.of(header.hyperparameters());
        List<String> all = new ArrayList<>(notes);
        header.quantization().ifPresent(q -> all.add(LoadedModel.widened(file, q)));
        return new WeightFile(
                SafetensorsReader.open(file), UnaryOperator.identity(), registry, header, null, List.copyOf(all));
    }

    /** The file with the numbers. */
    public Path path() {
        return path;
    }

    /** How large it is, with all files that its numbers are in. */
    public long bytes() throws IOException {
        long bytes = 0;
        for (Path file : files) {
            bytes += Files.size(file);
        }
        return bytes;
    }

    /** Its parameters, shapes only. */
    public ParameterRegistry registry() {
        return registry;
    }

    public ModelShape shape() {
        return registry.shape();
    }

    /** What the checkpoint says of itself; empty for a GGUF file or a Hugging Face folder. */
    public Optional<CheckpointHeader> header() {
        return Optional.ofNullable(header);
    }

    /** What the user should know, for example that the newest checkpoint is damaged and an older one is read. */
    public List<String> notes() {
        return notes;
    }

    /** The tokenizer, if the file has one that can be read. */
    public Optional<Tokenizer> tokenizer() {
        try {
            return requireTokenizer(note -> {});
        } catch (BadFileException e) {
            return Optional.empty();
        }
    }

    /** The tokenizer, if the file has one. */
    private Optional<Tokenizer> requireTokenizer(Consumer<String> note) {
        if (header == null) {
            return imported.tokenizer().apply(note);
        }
        return header.tokenizer().isEmpty() ? Optional.empty() : Optional.of(header.restoreTokenizer(path()));
    }

    /**
     * Everything that a format needs to write this model.
     *
     * @param note told what the user should know
     * @throws BadFileException if it has a tokenizer that cannot be used: what is written would lack it silently
     */
    public ExportedModel exported(Consumer<String> note) {
        Optional<Tokenizer> tokenizer = requireTokenizer(note);
        return new ExportedModel(registry, this::read, tokenizer, facts(tokenizer));
    }

    private ModelFacts facts(Optional<Tokenizer> tokenizer) {
        if (header == null) {
            return ModelFacts.NONE.around(imported.beginOfText(), imported.endOfText());
        }
        OptionalInt end =
                tokenizer.map(known -> OptionalInt.of(known.endOfText())).orElse(OptionalInt.empty());
        return new ModelFacts(
                Optional.of(header.hyperparameters()),
                OptionalLong.of(header.step()),
                OptionalLong.of(header.tokensSeen()),
                header.validationLoss(),
                header.data().map(Path::getFileName).map(Path::toString),
                end,
                end);
    }

    /** The run that the checkpoint lies in, if it lies in one. */
    Optional<RunFolder> run() {
        Path parent = path().toAbsolutePath().normalize().getParent();
        if (header == null || parent.getParent() == null) {
            return Optional.empty();
        }
        RunFolder folder = new RunFolder(parent.getParent());
        return folder.checkpointFolder().equals(parent) ? Optional.of(folder) : Optional.empty();
    }

    /**
     * Reads numbers of a parameter, or of the one it is tied to.
     *
     * @param first index of the first element, in C order
     * @throws BadFileException if reading fails
     * @throws IndexOutOfBoundsException if the range lies outside the tensor or the destination
     */
    public void read(Parameter parameter, long first, float[] destination, int at, int count) {
        numbers.read(parameter, first, destination, at, count);
    }

    /** Walks through the numbers of a parameter. A piece is only valid until the next. */
    void forEachPiece(Parameter parameter, Piece sink) {
        float[] piece = new float[(int) Math.min(PIECE, parameter.size())];
        for (long done = 0; done < parameter.size(); done += piece.length) {
            int n = (int) Math.min(piece.length, parameter.size() - done);
            read(parameter, done, piece, 0, n);
            sink.take(done, piece, n);
        }
    }

    @Override
    public void close() {
        closing.run();
    }
}
