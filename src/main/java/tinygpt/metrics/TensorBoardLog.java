package tinygpt.metrics;

import java.io.Closeable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Function;
import tinygpt.training.Trainer;
import tinygpt.training.TrainingListener.EvaluationReport;
import tinygpt.training.TrainingListener.StepReport;

/**
 * What TensorBoard shows of a run, in one event file: losses, rates and norms as curves, the norms of every tensor every so
 * many steps, histograms of the weights at evaluations, samples, and the hyperparameters.
 */
final class TensorBoardLog implements Closeable {
    static final String TRAIN_LOSS = "train/loss";
    static final String VALIDATION_LOSS = "val/loss";

    private static final String PREFIX = "events.out.tfevents.";
    private static final byte[] LOSS_TAG = utf8(TRAIN_LOSS);
    private static final byte[] RATE_TAG = utf8("train/lr");
    private static final byte[] NORM_TAG = utf8("train/grad_norm");
    private static final byte[] RATIO_TAG = utf8("train/update_ratio");
    private static final byte[] SPEED_TAG = utf8("train/tokens_per_second");
    private static final byte[] VALIDATION_TAG = utf8(VALIDATION_LOSS);

    private final EventFile file;
    private final Trainer trainer;
    private final TensorNorms norms;
    private final long tokensPerStep;
    private final byte[][] normTags;
    private final byte[][] gradientTags;
    private final byte[][] ratioTags;
    private final byte[][] weightTags;
    private final Histogram histogram = new Histogram();

    private TensorBoardLog(EventFile file, Trainer trainer, TensorNorms norms, long tokensPerStep) {
        this.file = file;
        this.trainer = trainer;
        this.norms = norms;
        this.tokensPerStep = tokensPerStep;
        this.normTags = tags("norm/");
        this.gradientTags = tags("grad/");
        this.ratioTags = tags("update_ratio/");
        this.weightTags = tags("weights/");
    }

    /**
     * Opens the event file of a run, or makes one.
     *
     * @param folder {@code tb} in the run folder
     * @param most how many events of the last step to keep at most
     */
    static TensorBoardLog open(
            Path folder, Trainer trainer, TensorNorms norms, long tokensPerStep, int most, double wallSeconds)
            throws IOException {
        Files.createDirectories(folder);
        Path path = find(folder).orElse(folder.resolve(fileName(wallSeconds)));
        long size = Files.exists(path) ? EventCut.keep(path, trainer.stepsDone(), most) : 0;
        EventFile file = EventFile.open(path, size, wallSeconds);
        try {
            TensorBoardLog log = new TensorBoardLog(file, trainer, norms, tokensPerStep);
            log.hyperparameters(wallSeconds, size == 0);
            return log;
        } catch (IOException e) {
            file.close();
            throw e;
        }
    }

    /** Cuts the event file of a run, if there is one, back to the steps done. */
    static void cut(Path folder, long stepsDone, int most) throws IOException {
        Optional<Path> path = Files.isDirectory(folder) ? find(folder) : Optional.empty();
        if (path.isPresent()) {
            AppendLog.open(path.get(), EventCut.keep(path.get(), stepsDone, most))
                    .close();
        }
    }

    /** A step, with the norms of every tensor if they are wanted. */
    void step(StepReport report, boolean tensors, double wallSeconds) throws IOException {
        file.begin(report.step(), wallSeconds);
        file.scalar(LOSS_TAG, report.loss());
        file.scalar(RATE_TAG, report.learningRate());
        file.scalar(NORM_TAG, report.gradientNorm());
        file.scalar(RATIO_TAG, report.updateRatio());
        file.scalar(SPEED_TAG, tokensPerStep / (report.nanoseconds() * 1e-9));
        if (tensors) {
            for (int i = 0; i < norms.count(); i++) {
                file.scalar(normTags[i], norms.weight(i));
                file.scalar(gradientTags[i], norms.gradient(i));
                file.scalar(ratioTags[i], norms.ratio(i));
            }
        }
        file.end();
    }

    void evaluation(EvaluationReport report, double wallSeconds) throws IOException {
        file.begin(report.step(), wallSeconds);
        file.scalar(VALIDATION_TAG, report.result().loss());
        for (int i = 0; i < norms.count(); i++) {
            file.histogram(
                    weightTags[i],
                    histogram.of(
                            trainer.registry().weights(), norms.parameters().get(i)));
        }
        file.end();
    }

    /** A text the model wrote, indented so that Markdown leaves it as it is. */
    void sample(long step, String text, double wallSeconds) throws IOException {
        file.begin(step, wallSeconds);
        file.text("sample", text.lines().map(line -> "    " + line + "\n").reduce("", String::concat));
        file.end();
    }

    /** Says how the run ended. */
    void end(boolean complete, double wallSeconds) throws IOException {
        byte[] content = HyperparameterSummary.sessionEnd(complete, wallSeconds);
        file.begin(trainer.stepsDone(), wallSeconds);
        file.pluginData(EventFile.SESSION_END, "hparams", content);
        file.end();
    }

    @Override
    public void close() throws IOException {
        file.close();
    }

    private void hyperparameters(double wallSeconds, boolean first) throws IOException {
        HyperparameterSummary summary = new HyperparameterSummary(trainer.hyperparameters());
        file.begin(trainer.stepsDone(), wallSeconds);
        file.text("config", summary.markdown());
        if (first) {
            file.pluginData("_hparams_/experiment", "hparams", summary.experiment(wallSeconds));
            file.pluginData("_hparams_/session_start_info", "hparams", summary.sessionStart(wallSeconds));
        }
        file.end();
    }

    private byte[][] tags(String group) {
        Function<String, byte[]> tag = name -> utf8(group + name);
        return norms.parameters().stream().map(p -> tag.apply(p.name())).toArray(byte[][]::new);
    }

    /** The newest event file. */
    private static Optional<Path> find(Path folder) throws IOException {
        try (var files = Files.list(folder)) {
            return files.filter(f -> f.getFileName().toString().startsWith(PREFIX))
                    .max(java.util.Comparator.naturalOrder());
        }
    }

    /** Host and process are part of TensorBoard's pattern; asking the network for the name could take seconds. */
    private static String fileName(double wallSeconds) {
        String host = System.getenv().getOrDefault("HOSTNAME", "localhost").replaceAll("[^A-Za-z0-9-]", "_");
        return PREFIX + (long) wallSeconds + "." + host + "."
                + ProcessHandle.current().pid() + ".0";
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
