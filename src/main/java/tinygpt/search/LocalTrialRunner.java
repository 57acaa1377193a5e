package tinygpt.search;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.function.BooleanSupplier;
import tinygpt.formats.StrictJson;
import tinygpt.metrics.RunMetrics;
import tinygpt.report.SnapshotRecorder;
import tinygpt.runs.AdapterFolder;
import tinygpt.runs.LoadedModel;
import tinygpt.runs.Resumption;
import tinygpt.runs.RunFolder;
import tinygpt.runs.RunFolders;
import tinygpt.runs.RunSettings;
import tinygpt.runs.TrainingRun;
import tinygpt.runs.TrainingText;
import tinygpt.training.Trainer;
import tinygpt.training.TrainingFailedException;
import tinygpt.training.TrainingListener;

/**
 * Trains trials in this process, each as a run in {@code trials/007} of the search's folder.
 *
 * @param folder of the search
 * @param text that all learn
 * @param from the model whose weights they begin with, or null for random ones
 * @param settings how a run is evaluated and saved, written for the base's steps
 * @param baseSteps steps of the base
 * @param threads of one trial
 * @param limits when a trial is given up
 */
public record LocalTrialRunner(
        Path folder, TrainingText text, BaseModel from, RunSettings settings, int baseSteps, int threads, Limits limits)
        implements TrialRunner {
    private static final double NANOSECONDS = 1e-9;

    /** A loss so many times the one before the first step has diverged. */
    private static final double DIVERGED = 10;

    /**
     * When a trial is given up.
     *
     * @param seconds that it may take in all; infinite for any number
     * @param retries how often it goes on after a failure to read or write
     */
    public record Limits(double seconds, int retries) {
        public Limits {
            if (!(seconds > 0) || retries < 0) {
                throw new IllegalArgumentException(
                        "a trial has some time and 0 or more retries, not " + seconds + " seconds and " + retries);
            }
        }
    }

    /** A runner of the trials of a search, with a text that was read for it. */
    public static LocalTrialRunner of(
            SearchFolder folder, SearchFolder.Definition definition, TrainingText text, int threads, Limits limits) {
        SearchPlan plan = definition.plan();
        int steps = plan.base().optimization().steps();
        RunSettings settings = RunSettings.fromJson(
                StrictJson.map(folder.path(), "its settings", definition.settings()), RunSettings.forSteps(steps));
        return new LocalTrialRunner(folder.path(), text, plan.from(), settings, steps, threads, limits);
    }

    @Override
    public TrialOutcome run(Trial trial, int step, BooleanSupplier stop) {
        for (int attempt = 1; ; attempt++) {
            try {
                return attempt(trial, step, stop, attempt);
            } catch (IOException | UncheckedIOException e) {
                if (attempt > limits.retries()) {
                    return failure(trial, attempt, e);
                }
            } catch (Exception | StackOverflowError | OutOfMemoryError | LinkageError e) {
                return failure(trial, attempt, e); // would fail again in the same way
            }
        }
    }

    private TrialOutcome attempt(Trial trial, int until, BooleanSupplier stop, int attempt) throws IOException {
        double before = TrialLog.read(trial.folder(folder).path()).seconds();
        try (TrainingRun run = open(trial)) {
            Trainer trainer = run.trainer();
            Watch watch = new Watch(stop, run, before);
            TrialOutcome.Kind kind;
            String message = "";
            try {
                train(run, until, watch);
                kind = watch.verdict(trainer, until);
                message = watch.message();
            } catch (TrainingFailedException e) {
                kind = TrialOutcome.Kind.DIVERGED;
                message = e.getMessage();
            }
            if (kind == TrialOutcome.Kind.REACHED && trainer.stepsDone() >= trial.steps()) {
                AdapterFolder.save(
                        run.folder().path(), trainer.registry(), run.from() == null ? "random weights" : run.from());
            }
            TrialOutcome outcome = TrialLog.read(run.folder().path())
                    .outcome(kind, trainer.stepsDone(), trainer.tokensSeen(), attempt, message);
            return kind == TrialOutcome.Kind.TIMEOUT ? outcome.withSeconds(watch.seconds()) : outcome;
        }
    }

    private void train(TrainingRun run, int until, Watch watch) throws IOException {
        Trainer trainer = run.trainer();
        RunSettings asked = run.settings();
        RunMetrics.Options logs =
                RunMetrics.Options.defaults().withCsv(asked.csv()).withTensorBoard(asked.tensorBoard());
        try (RunMetrics metrics = RunMetrics.open(run.folder().path(), trainer, logs);
                SnapshotRecorder snapshots = SnapshotRecorder.open(run.folder().path(), trainer, asked.snapshots())) {
            trainer.listen(watch).listen(metrics).listen(snapshots).listen(run.saver());
            if (trainer.stepsDone() == 0 && asked.evaluateEvery() == 0) {
                run.save();
            }
            trainer.train(until, asked.evaluateEvery(), watch::stops);
            if (trainer.stepsDone() >= until && trainer.lastEvaluatedStep() != trainer.stepsDone() && !watch.stops()) {
                trainer.evaluate();
            }
        }
        if (!watch.diverged) { // a resumed search shall come to the same step again
            run.save();
        }
    }

    /** The run of a trial as it was left; one that was stopped before its first checkpoint is begun again. */
    private TrainingRun open(Trial trial) throws IOException {
        RunFolder run = trial.folder(folder);
        if (run.checkpoints().isEmpty()) {
            RunFolders.remove(run.path());
            return begin(trial, run);
        }
        TrainingRun resumed = TrainingRun.resume(run, Resumption.unchanged(text), threads);
        if (!resumed.trainer()
                .hyperparameters()
                .sha256()
                .equals(trial.hyperparameters().sha256())) {
            resumed.close();
            throw new IllegalStateException(
                    run.path() + " holds a run with other hyperparameters than trial " + trial.index());
        }
        return resumed;
    }

    private TrainingRun begin(Trial trial, RunFolder run) throws IOException {
        RunSettings asked = settings(trial.steps());
        if (from == null) {
            return TrainingRun.start(run, text, trial.hyperparameters(), asked, threads);
        }
        try (LoadedModel model = from.open()) {
            return TrainingRun.startFrom(model, from.path(), run, text, trial.hyperparameters(), asked, threads);
        }
    }

    /** Ten evaluations are ten of a longer or shorter trial too; any other number was asked for. */
    private RunSettings settings(int steps) {
        boolean usual =
                settings.evaluateEvery() == RunSettings.forSteps(baseSteps).evaluateEvery();
        return new RunSettings(
                usual ? RunSettings.forSteps(steps).evaluateEvery() : settings.evaluateEvery(),
                settings.saveEvery(),
                settings.keep(),
                settings.csv(),
                settings.tensorBoard(),
                settings.snapshots());
    }

    private TrialOutcome failure(Trial trial, int attempt, Throwable e) {
        String message = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        return TrialLog.ended(trial.folder(folder).path(), TrialOutcome.Kind.FAILED, message, attempt);
    }

    /** Looks on, and says when to stop and why. */
    private final class Watch implements TrainingListener {
        private final BooleanSupplier asked;
        private final TrainingRun run;
        private final long begun = System.nanoTime();
        private final double secondsBefore;
        private double highest = Double.NaN;
        private boolean diverged;
        private boolean late;
        private boolean stopped;
        private double loss;

        Watch(BooleanSupplier asked, TrainingRun run, double secondsBefore) {
            this.asked = asked;
            this.run = run;
            this.secondsBefore = secondsBefore;
        }

        @Override
        public void onStep(StepReport report) {
            loss = report.loss();
            if (Double.isNaN(highest)) {
                double first = run.firstLoss();
                highest = DIVERGED * (Double.isFinite(first) ? first : Math.log(vocabulary()));
            }
            diverged |= loss > highest;
        }

        private int vocabulary() {
            return run.trainer().hyperparameters().model().vocabularySize();
        }

        double seconds() {
            return secondsBefore + (System.nanoTime() - begun) * NANOSECONDS;
        }

        boolean stops() {
            late = seconds() > limits.seconds();
            stopped |= asked.getAsBoolean();
            return diverged || late || stopped;
        }

        TrialOutcome.Kind verdict(Trainer trainer, int until) {
            if (diverged) {
                return TrialOutcome.Kind.DIVERGED;
            }
            if (trainer.stepsDone() >= until && trainer.lastEvaluatedStep() == trainer.stepsDone()) {
                return TrialOutcome.Kind.REACHED;
            }
            return stopped ? TrialOutcome.Kind.STOPPED : TrialOutcome.Kind.TIMEOUT;
        }

        String message() {
            return diverged
                    ? "the loss rose to " + loss + ", more than " + (int) DIVERGED + " times what it was at the start"
                    : "";
        }
    }
}
