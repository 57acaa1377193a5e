package tinygpt.runs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import tinygpt.formats.BadFileException;
import tinygpt.hyperparameters.CanonicalJson;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.text.Corpus;
import tinygpt.text.Tokenizer;
import tinygpt.training.Trainer;
import tinygpt.training.TrainingListener;

/**
 * A training run and the folder it lives in: the trainer, where its data came from, and the file that holds its newest
 * state.
 */
public final class TrainingRun implements AutoCloseable {
    /** Path of the training text, in a checkpoint's extras. */
    public static final String DATA = "data";

    private static final String DATA_SHA256 = "data_sha256";
    private static final String VALIDATION_LOSS = "validation_loss";
    private static final String BEST_LOSS = "best_validation_loss";
    private static final String FIRST_LOSS = "first_validation_loss";

    private final Path folder;
    private final Path data;
    private final String dataSha256;
    private final Trainer trainer;
    private final String firstWeights;
    private Double firstLoss;
    private long savedStep = -1;

    private TrainingRun(Path folder, Path data, String dataSha256, Trainer trainer, Double firstLoss) {
        this.folder = folder;
        this.data = data;
        this.dataSha256 = dataSha256;
        this.trainer = trainer;
        this.firstLoss = firstLoss;
        this.firstWeights = Checkpoint.weightsSha256(trainer.registry());
    }

    /**
     * Starts a run: reads the text, builds its tokenizer and a fresh model, and makes the folder.
     *
     * @throws BadFileException if the text is empty or is not valid UTF-8 where it must be
     * @throws IllegalArgumentException if it is too short for the context
     */
    public static TrainingRun start(Path folder, Path data, Hyperparameters hyperparameters, int threads)
            throws IOException {
        byte[] bytes = read(data);
        Corpus corpus;
        try {
            Tokenizer tokenizer = Tokenizer.of(hyperparameters.data().tokenizer(), bytes);
            corpus = corpus(tokenizer, bytes, hyperparameters);
        } catch (IllegalArgumentException e) {
            throw new BadFileException(data, e.getMessage(), e);
        }
        Trainer trainer = new Trainer(hyperparameters, corpus, threads);
        try {
            Files.createDirectories(folder);
            Path config = folder.resolve("config.json");
            Files.writeString(config, trainer.hyperparameters().toJson().toPrettyString() + "\n");
            return new TrainingRun(folder, data, sha256(bytes), trainer, null);
        } catch (IOException | RuntimeException | Error e) {
            trainer.close();
            throw e;
        }
    }

    /**
     * Continues a run where its newest checkpoint ends.
     *
     * @param data the training text, or null for the file it was started with
     * @throws BadFileException if the run or its text is missing or has changed
     */
    public static TrainingRun resume(Path folder, Path data, int threads) throws IOException {
        if (!(ModelSource.resolve(folder) instanceof ModelSource.RunFolder run)) {
            throw new BadFileException(folder, "is not a run folder, so there is nothing to resume");
        }
        CheckpointHeader header = Checkpoint.readHeader(run.checkpoint());
        Path file = data != null ? data : Path.of(header.extras().getOrDefault(DATA, ""));
        if (!Files.isRegularFile(file)) {
            throw new BadFileException(file, "the text of this run is not there; say with --data where it is now");
        }
        byte[] bytes = read(file);
        if (!sha256(bytes).equals(header.extras().get(DATA_SHA256))) {
            throw new BadFileException(
                    file,
                    "is not the text this run was started with (its SHA-256 differs); resuming would not continue it");
        }
        Corpus corpus = corpus(Tokenizer.restore(header.tokenizer()), bytes, header.hyperparameters());
        Trainer trainer = new Trainer(header.hyperparameters(), corpus, threads);
        try {
            Checkpoint.readWeights(run.checkpoint(), trainer.registry());
            Checkpoint.readOptimizer(run.checkpoint(), trainer.registry(), trainer.mean(), trainer.meanSquare());
            trainer.continueFrom(header.step(), number(header, BEST_LOSS, Double.POSITIVE_INFINITY));
            double first = number(header, FIRST_LOSS, Double.NaN);
            return new TrainingRun(
                    folder, file, sha256(bytes), trainer, Double.isNaN(first) ? null : Double.valueOf(first));
        } catch (RuntimeException | Error e) {
            trainer.close();
            throw e;
        }
    }

    public Trainer trainer() {
        return trainer;
    }

    public Path folder() {
        return folder;
    }

    /** The training text. */
    public Path data() {
        return data;
    }

    /** Fingerprint of the weights when this session began. */
    public String firstWeightsSha256() {
        return firstWeights;
    }

    /** The validation loss before the first step, or null if it was not measured. */
    public Double firstLoss() {
        return firstLoss;
    }

    /** Saves the run after every evaluation. */
    public TrainingListener saver() {
        return new TrainingListener() {
            @Override
            public void onEvaluation(EvaluationReport report) {
                if (report.step() == 0) {
                    firstLoss = report.result().loss();
                }
                save();
            }
        };
    }

    /** Writes the present state, unless it was written already. */
    public void save() {
        if (savedStep == trainer.stepsDone()) {
            return;
        }
        Map<String, String> extras = new LinkedHashMap<>();
        extras.put(DATA, data.toAbsolutePath().normalize().toString());
        extras.put(DATA_SHA256, dataSha256);
        if (trainer.lastEvaluation() != null) {
            extras.put(VALIDATION_LOSS, String.valueOf(trainer.lastEvaluation().loss()));
        }
        if (Double.isFinite(trainer.bestLoss())) {
            extras.put(BEST_LOSS, String.valueOf(trainer.bestLoss()));
        }
        if (firstLoss != null) {
            extras.put(FIRST_LOSS, String.valueOf(firstLoss));
        }
        Checkpoint.Facts facts = new Checkpoint.Facts(
                trainer.hyperparameters(),
                trainer.corpus().tokenizer().describe(),
                trainer.stepsDone(),
                trainer.tokensSeen(),
                extras);
        Checkpoint.write(
                folder.resolve(ModelSource.NEWEST), facts, trainer.registry(), trainer.mean(), trainer.meanSquare());
        savedStep = trainer.stepsDone();
    }

    /** Gives back the memory and removes a folder in which nothing was saved. */
    public void discard() throws IOException {
        close();
        if (savedStep < 0) {
            Files.deleteIfExists(folder.resolve("config.json"));
            Files.deleteIfExists(folder);
        }
    }

    @Override
    public void close() {
        trainer.close();
    }

    private static Corpus corpus(Tokenizer tokenizer, byte[] bytes, Hyperparameters h) {
        return Corpus.of(tokenizer, tokenizer.encode(bytes), h.data().validationFraction());
    }

    private static byte[] read(Path data) throws IOException {
        byte[] bytes = Files.readAllBytes(data);
        if (bytes.length == 0) {
            throw new BadFileException(data, "is empty; there is nothing to learn from it");
        }
        return bytes;
    }

    private static String sha256(byte[] bytes) {
        return HexFormat.of().formatHex(CanonicalJson.newSha256().digest(bytes));
    }

    private static double number(CheckpointHeader header, String key, double otherwise) {
        try {
            return Double.parseDouble(header.extras().getOrDefault(key, ""));
        } catch (NumberFormatException e) {
            return otherwise;
        }
    }
}
