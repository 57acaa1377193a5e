package tinygpt.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.metrics.RunMetrics;
import tinygpt.random.CounterRandom;
import tinygpt.random.Stream;
import tinygpt.text.CharacterTokenizer;
import tinygpt.text.Corpus;
import tinygpt.training.Evaluation;
import tinygpt.training.Trainer;
import tinygpt.training.TrainingListener;

/**
 * Measures what the logs of a run cost: the same trainer does steps with them and without, in turns.
 *
 * <p>Everything a run writes at a step is on: metrics as JSON and CSV, norms of every tensor, TensorBoard's curves. What is
 * written at evaluations only, mostly histograms of the weights, is measured by itself. The files lie in a temporary
 * folder, which is removed.
 */
public final class LoggingCost {
    private static final double NANOS = 1e9;
    private static final double NANOS_PER_MS = 1e6;
    private static final double WARM_UP_SHARE = 0.25;
    private static final int WARM_UP_PAIRS = 3;
    private static final int EVALUATIONS = 5;
    /** From here on every number up to a million is a character. */
    private static final int FIRST_CHARACTER = 0x10000;

    /**
     * What was found.
     *
     * @param threads workers of a step
     * @param logged milliseconds of a step with all logs
     * @param bare milliseconds of a step with none
     * @param loggingMs mean milliseconds of a step spent in the logs, the rare longer records included
     * @param evaluationMs median milliseconds of what is written at an evaluation
     * @param bytesPerStep that a step adds to the logs
     */
    public record Result(
            Hyperparameters hyperparameters,
            int threads,
            Spread logged,
            Spread bare,
            double loggingMs,
            double evaluationMs,
            double bytesPerStep,
            Machine machine) {

        /** How many times longer the median step takes with logs. */
        public double ratio() {
            return logged.median() / bare.median();
        }
    }

    /** Passes steps on while it is switched on, and takes the time that this needs. */
    private static final class Switch implements TrainingListener {
        private final RunMetrics metrics;
        private boolean on;
        private long nanoseconds;

        Switch(RunMetrics metrics) {
            this.metrics = metrics;
        }

        @Override
        public void onStep(StepReport report) {
            if (on) {
                long start = System.nanoTime();
                metrics.onStep(report);
                nanoseconds += System.nanoTime() - start;
            }
        }
    }

    private final BenchmarkPlan plan;
    private final Samples logged = new Samples();
    private final Samples bare = new Samples();

    private LoggingCost(BenchmarkPlan plan) {
        this.plan = plan;
    }

    /**
     * Measures; the plan's comparison and generation do not matter here.
     *
     * @throws IllegalArgumentException if there are more threads than shards
     */
    public static Result measure(Hyperparameters hyperparameters, BenchmarkPlan plan) throws IOException {
        plan.checkThreads(hyperparameters);
        // No step is the last, however many are measured, and none can blow up.
        Hyperparameters endless = hyperparameters
                .with("optimization.steps", String.valueOf(Integer.MAX_VALUE))
                .with("optimization.warmup_steps", String.valueOf(Integer.MAX_VALUE / 2));
        Path folder = Files.createTempDirectory("tinygpt-bench-");
        try (Trainer trainer = new Trainer(endless, randomText(hyperparameters), plan.threads())) {
            return new LoggingCost(plan).measure(hyperparameters, trainer, folder);
        } finally {
            remove(folder);
        }
    }

    private Result measure(Hyperparameters hyperparameters, Trainer trainer, Path folder) throws IOException {
        RunMetrics.Options everything = new RunMetrics.Options(true, true, 1, 10);
        try (RunMetrics metrics = RunMetrics.open(folder, trainer, everything)) {
            Switch logs = new Switch(metrics);
            trainer.listen(logs);
            long begin = System.nanoTime();
            double seconds = plan.steps() > 0 ? 0 : WARM_UP_SHARE * plan.seconds();
            for (int i = 0; i < WARM_UP_PAIRS || System.nanoTime() - begin < seconds * NANOS; i++) {
                pair(trainer, logs, new Samples(), new Samples());
            }
            logs.nanoseconds = 0;
            long bytes = size(folder);
            begin = System.nanoTime();
            do {
                pair(trainer, logs, logged, bare);
            } while (plan.steps() > 0
                    ? logged.count() < plan.steps()
                    : (System.nanoTime() - begin) / NANOS < plan.seconds());
            double loggingMs = logs.nanoseconds / NANOS_PER_MS / logged.count();
            double bytesPerStep = (size(folder) - bytes) / (double) logged.count();
            return new Result(
                    hyperparameters,
                    plan.threads(),
                    logged.spread(),
                    bare.spread(),
                    loggingMs,
                    evaluation(trainer, metrics),
                    bytesPerStep,
                    Machine.here());
        }
    }

    /** A step of each kind; which comes first alternates, so that neither always follows the other. */
    private void pair(Trainer trainer, Switch logs, Samples with, Samples without) {
        boolean first = trainer.stepsDone() % 4 == 0;
        for (boolean on : new boolean[] {first, !first}) {
            logs.on = on;
            long start = System.nanoTime();
            trainer.step();
            (on ? with : without).add((System.nanoTime() - start) / NANOS_PER_MS);
        }
    }

    private static double evaluation(Trainer trainer, RunMetrics metrics) {
        Samples times = new Samples();
        var report = new TrainingListener.EvaluationReport(
                trainer.stepsDone(), new Evaluation.Result(1, 0.01, 1), false, trainer.tokensSeen());
        for (int i = 0; i < EVALUATIONS; i++) {
            long start = System.nanoTime();
            metrics.onEvaluation(report);
            times.add((System.nanoTime() - start) / NANOS_PER_MS);
        }
        return times.spread().median();
    }

    /** Every character of a vocabulary of the wanted size, then random ones. */
    private static Corpus randomText(Hyperparameters h) {
        int vocabulary = Math.max(1, h.model().vocabularySize() - 1); // and one for the end of a text
        int length =
                vocabulary + 20 * (h.model().contextLength() + 1) * h.data().batchSize();
        StringBuilder text = new StringBuilder(2 * length);
        for (int i = 0; i < length; i++) {
            int character = i < vocabulary ? i : (int) CounterRandom.below(vocabulary, h.seed(), Stream.SAMPLING, 0, i);
            text.appendCodePoint(FIRST_CHARACTER + character);
        }
        return Corpus.of(CharacterTokenizer.of(text.toString()), text.toString(), 0.1);
    }

    private static long size(Path folder) throws IOException {
        long size = 0;
        for (Path file : files(folder)) {
            size += Files.isRegularFile(file) ? Files.size(file) : 0;
        }
        return size;
    }

    private static void remove(Path folder) throws IOException {
        for (Path file : files(folder)) {
            Files.delete(file);
        }
    }

    /** A folder and all that is in it, the inner first. */
    private static List<Path> files(Path folder) throws IOException {
        try (var all = Files.walk(folder)) {
            return all.sorted(Comparator.reverseOrder()).toList();
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }
}
