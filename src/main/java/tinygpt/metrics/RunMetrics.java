package tinygpt.metrics;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import tinygpt.training.Trainer;
import tinygpt.training.TrainingListener;

/**
 * Writes the logs of a run into its folder while a trainer trains.
 *
 * <p>Files: {@code metrics.jsonl} (a line a step and evaluation, see {@link MetricsRecord}), {@code metrics.csv} with the
 * same if asked for, {@code tensors.jsonl} with norms of every tensor, {@code samples.txt}, and TensorBoard's event file in
 * {@code tb/}. Register it before whoever saves checkpoints at evaluations, so that what a checkpoint has seen is in the
 * logs. A failure to write surfaces as {@link UncheckedIOException} from the step or evaluation; the lines before stay.
 */
public final class RunMetrics implements TrainingListener, AutoCloseable {
    /** The file with a line for every step and evaluation. */
    public static final String METRICS = "metrics.jsonl";

    /** The file with the norms of every tensor, a line a step. */
    public static final String TENSORS = "tensors.jsonl";

    /** The file with the texts that the model wrote. */
    public static final String SAMPLES = "samples.txt";

    private static final String CSV = "metrics.csv";
    private static final String TENSORBOARD = "tb";

    private static final LogCut JSON_CUT = LogCut.lines("{\"step\":", false);
    private static final LogCut CSV_CUT = LogCut.lines("", true);
    private static final LogCut TENSORS_CUT = LogCut.lines(TensorRecord.STEP_PREFIX, true);
    private static final String SAMPLE_PREFIX = "step ";
    private static final LogCut SAMPLES_CUT = LogCut.blocks(SAMPLE_PREFIX);

    private final Trainer trainer;
    private final Options options;
    private final List<Closeable> open = new ArrayList<>();
    private final MetricsRecord json;
    private final MetricsRecord csv;
    private final TensorRecord tensors;
    private final LineBuffer sample = new LineBuffer();
    private AppendLog jsonLog;
    private AppendLog csvLog; // null if not asked for
    private AppendLog tensorsLog;
    private AppendLog samplesLog;
    private TensorBoardLog tensorBoard; // null if not wanted
    private boolean failed;

    /**
     * What is written.
     *
     * @param csv whether {@code metrics.csv} is written too; one that is there already is continued in any case
     * @param tensorBoard whether TensorBoard's files are written
     * @param tensorsEvery steps between lines of {@code tensors.jsonl}
     * @param tensorBoardTensorsEvery steps between the norms of every tensor in TensorBoard's files; 0 for every tenth
     *     step or a thousandth of them all, whichever is rarer: TensorBoard shows a thousand points of a curve
     */
    public record Options(boolean csv, boolean tensorBoard, int tensorsEvery, int tensorBoardTensorsEvery) {
        public Options {
            if (tensorsEvery < 1 || tensorBoardTensorsEvery < 0) {
                throw new IllegalArgumentException("norms are logged every so many steps, not every " + tensorsEvery
                        + " and " + tensorBoardTensorsEvery);
            }
        }

        /** All but the CSV file. */
        public static Options defaults() {
            return new Options(false, true, 1, 0);
        }

        public Options withCsv(boolean wanted) {
            return new Options(wanted, tensorBoard, tensorsEvery, tensorBoardTensorsEvery);
        }

        public Options withTensorBoard(boolean wanted) {
            return new Options(csv, wanted, tensorsEvery, tensorBoardTensorsEvery);
        }
    }

    private RunMetrics(Trainer trainer, Options options) {
        this.trainer = trainer;
        this.options = options;
        json = MetricsRecord.json(tokensPerStep());
        csv = MetricsRecord.csv(tokensPerStep());
        tensors = new TensorRecord(new TensorNorms(trainer.movement()));
    }

    /**
     * Opens the logs of a run. What is there is cut back to what the trainer has done, which leaves nothing for a fresh one;
     * a last line or record that was torn is cut off too.
     *
     * @param folder the run folder, which exists
     * @throws IOException if a log cannot be read or written
     */
    public static RunMetrics open(Path folder, Trainer trainer, Options options) throws IOException {
        RunMetrics metrics = new RunMetrics(trainer, options);
        try {
            metrics.openLogs(folder);
            return metrics;
        } catch (IOException | RuntimeException e) {
            metrics.failed = true;
            try {
                metrics.close();
            } catch (UncheckedIOException again) {
                e.addSuppressed(again);
            }
            throw e;
        }
    }

    private void openLogs(Path folder) throws IOException {
        // An evaluation that the trainer does not remember will be done again, and its lines with it.
        boolean evaluated = trainer.lastEvaluatedStep() == trainer.stepsDone();
        int most = evaluated ? Integer.MAX_VALUE : trainer.stepsDone() > 0 ? 1 : 0;
        jsonLog = log(folder.resolve(METRICS), JSON_CUT, most);
        Path csvFile = folder.resolve(CSV);
        if (options.csv() || Files.exists(csvFile)) {
            csvLog = log(csvFile, CSV_CUT, most);
            if (csvLog.isEmpty()) {
                csvLog.append(new LineBuffer().add(MetricsRecord.CSV_HEADER).add('\n'));
            }
        }
        tensorsLog = log(folder.resolve(TENSORS), TENSORS_CUT, most);
        if (tensorsLog.isEmpty()) {
            tensorsLog.append(tensors.header());
        }
        samplesLog = log(folder.resolve(SAMPLES), SAMPLES_CUT, evaluated ? Integer.MAX_VALUE : 0);
        Path events = folder.resolve(TENSORBOARD);
        if (options.tensorBoard()) {
            tensorBoard = TensorBoardLog.open(events, trainer, tensors.norms(), tokensPerStep(), most, seconds(now()));
            open.add(tensorBoard);
        } else {
            TensorBoardLog.cut(events, trainer.stepsDone(), most);
        }
    }

    private AppendLog log(Path file, LogCut cut, int most) throws IOException {
        boolean fresh = trainer.stepsDone() == 0 && most == 0; // a header that is there may be another model's
        AppendLog log = AppendLog.open(file, fresh ? 0 : cut.keep(file, trainer.stepsDone(), most));
        open.add(log);
        return log;
    }

    /** A line that says it: its loss or its gradient norm is null. */
    @Override
    public void onFailure(StepReport report) {
        write(() -> line(report, now()));
    }

    /** A line that says it: its validation loss is null. */
    @Override
    public void onFailure(EvaluationReport report) {
        write(() -> line(report, now()));
    }

    private void line(StepReport report, long now) throws IOException {
        jsonLog.append(json.step(report, now).line());
        if (csvLog != null) {
            csvLog.append(csv.step(report, now).line());
        }
    }

    private void line(EvaluationReport report, long now) throws IOException {
        jsonLog.append(json.evaluation(report, now).line());
        if (csvLog != null) {
            csvLog.append(csv.evaluation(report, now).line());
        }
    }

    @Override
    public void onStep(StepReport report) {
        write(() -> {
            long now = now();
            line(report, now);
            boolean here = report.step() >= trainer.stepsDone(); // not in the middle of a round
            if (here && due(report.step(), options.tensorsEvery())) {
                tensorsLog.append(tensors.step(report.step()));
            }
            if (tensorBoard != null) {
                tensorBoard.step(report, here && due(report.step(), tensorBoardEvery()), seconds(now));
            }
        });
    }

    @Override
    public void onEvaluation(EvaluationReport report) {
        write(() -> {
            long now = now();
            line(report, now);
            if (tensorBoard != null) {
                tensorBoard.evaluation(report, seconds(now));
            }
        });
    }

    /** Logs a text the model wrote after so many steps. */
    public void sample(long step, String text) {
        write(() -> {
            // Lines of the text are indented, so that none of them can look like the beginning of the next sample.
            sample.clear().add(SAMPLE_PREFIX).add(step).add('\n');
            text.lines().forEach(line -> sample.add("    ").addUtf8(line).add('\n'));
            samplesLog.append(sample.add('\n'));
            if (tensorBoard != null) {
                tensorBoard.sample(step, text, seconds(now()));
            }
        });
    }

    /** Closes the logs, and says in TensorBoard's whether the run is complete. */
    @Override
    public void close() {
        IOException failure = null;
        try {
            if (tensorBoard != null && !failed) {
                boolean complete = trainer.stepsDone()
                        >= trainer.hyperparameters().optimization().steps();
                tensorBoard.end(complete, seconds(now()));
            }
        } catch (IOException e) {
            failure = e;
        }
        failed = true; // closed: a second call has nothing to say
        for (Closeable log : open) {
            try {
                log.close();
            } catch (IOException e) {
                failure = failure == null ? e : failure;
            }
        }
        if (failure != null) {
            throw new UncheckedIOException(failure);
        }
    }

    private interface Writing {
        void run() throws IOException;
    }

    private void write(Writing writing) {
        try {
            writing.run();
        } catch (IOException e) {
            failed = true;
            throw new UncheckedIOException(e);
        }
    }

    private boolean due(long step, int every) {
        return trainer.hyperparameters().synchronization().due(step, every);
    }

    private int tensorBoardEvery() {
        int every = options.tensorBoardTensorsEvery();
        return every > 0
                ? every
                : Math.max(10, trainer.hyperparameters().optimization().steps() / 1000);
    }

    private long tokensPerStep() {
        return trainer.hyperparameters().tokensPerStep();
    }

    private static long now() {
        return System.currentTimeMillis();
    }

    private static double seconds(long milliseconds) {
        return milliseconds / 1e3;
    }
}
