package tinygpt.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.TokenizerKind;
import tinygpt.metrics.RunMetrics;
import tinygpt.runs.RunFolder;
import tinygpt.runs.RunSettings;
import tinygpt.runs.TrainingRun;
import tinygpt.runs.TrainingText;
import tinygpt.text.BytePairTokenizer;
import tinygpt.text.BytePairTrainer;

/** Run folders as training leaves them, small ones. */
final class ReportedRun implements AutoCloseable {
    /** What must never become markup, wherever it is shown. */
    static final String HOSTILE = "</script><script>window.hacked = 1</script><b>&amp;</b>";

    private static final String TEXT = (HOSTILE + " the quick brown fox jumps over the lazy dog. 12\n").repeat(30);
    private static final int EVALUATIONS = 3;

    /** A complete run of the nano preset, with snapshots, and a hostile sample at every evaluation. */
    static Path write(Path folder, int steps) throws IOException {
        return write(folder, steps, steps, RunSettings.Snapshots.DEFAULT);
    }

    /** A run that was stopped after so many steps. */
    static Path write(Path folder, int steps, int until, RunSettings.Snapshots snapshots) throws IOException {
        try (ReportedRun run = new ReportedRun(folder, steps, snapshots)) {
            run.train(until);
            run.save();
        }
        return folder;
    }

    /** A complete run whose tokens are learned, some of them of several letters, and that trains its second layer only. */
    static Path writePartlyFrozen(Path folder, int steps) throws IOException {
        Path file = text(folder);
        BytePairTokenizer pairs = BytePairTrainer.train(Files.readAllBytes(file), 300, 2, (tokens, size) -> {});
        Hyperparameters hyperparameters = hyperparameters(steps)
                .with("data.tokenizer", "bpe")
                .with("adaptation.trainable", "h.1.*")
                .with("model.vocabulary_size", "300");
        TrainingText text = TrainingText.read(file, pairs, 0.2);
        try (ReportedRun run = new ReportedRun(folder, steps, text, hyperparameters, RunSettings.Snapshots.DEFAULT)) {
            run.train(steps);
            run.save();
        }
        return folder;
    }

    private final TrainingRun run;
    private final RunMetrics metrics;
    private final SnapshotRecorder recorder;

    /** A run that has not begun. */
    ReportedRun(Path folder, int steps, RunSettings.Snapshots snapshots) throws IOException {
        this(
                folder,
                steps,
                TrainingText.read(text(folder), TokenizerKind.CHARACTER, 0.2),
                hyperparameters(steps),
                snapshots);
    }

    private static Path text(Path folder) throws IOException {
        return Files.writeString(folder.resolveSibling(folder.getFileName() + " text.txt"), TEXT);
    }

    private static Hyperparameters hyperparameters(int steps) {
        return SnapshotRuns.hyperparameters()
                .with("optimization.warmup_steps", "0")
                .with("optimization.steps", String.valueOf(steps));
    }

    private ReportedRun(
            Path folder, int steps, TrainingText text, Hyperparameters hyperparameters, RunSettings.Snapshots snapshots)
            throws IOException {
        RunSettings settings = new RunSettings(Math.max(1, steps / EVALUATIONS), 0, 2, false, false, snapshots);
        run = TrainingRun.start(new RunFolder(folder), text, hyperparameters, settings, 2);
        metrics = RunMetrics.open(
                folder, run.trainer(), RunMetrics.Options.defaults().withTensorBoard(false));
        recorder = SnapshotRecorder.open(folder, run.trainer(), snapshots);
        run.trainer()
                .listen(metrics)
                .listen(recorder)
                .listen(new tinygpt.training.TrainingListener() {
                    @Override
                    public void onEvaluation(EvaluationReport report) {
                        metrics.sample(report.step(), "sample of step " + report.step() + "\n\n" + HOSTILE);
                    }
                })
                .listen(run.saver());
    }

    /** Trains until so many steps are done. */
    void train(int until) {
        run.trainer().train(until, run.settings().evaluateEvery(), () -> false);
    }

    /** Saves what was trained last. */
    void save() {
        run.save();
    }

    @Override
    public void close() {
        recorder.close();
        metrics.close();
        run.close();
    }

    /** Adds a step whose loss was no number to the log, as a run that diverged has it. */
    static Path diverge(Path folder, int step) throws IOException {
        append(
                folder.resolve("metrics.jsonl"),
                "{\"step\":" + step + ",\"wall\":1.5,\"tokens\":99,\"loss\":null,\"lr\":0.01,\"grad_norm\":null,"
                        + "\"clipped\":true,\"update_ratio\":null,\"step_ms\":1.0,\"tok_s\":10}\n");
        return folder;
    }

    static void append(Path file, String text) throws IOException {
        Files.writeString(file, text, StandardOpenOption.APPEND);
    }

    /** The run's page, written into its folder. */
    static Path page(Path folder) throws IOException {
        Path file = folder.resolve("report.html");
        Files.writeString(file, ReportPage.html(new RunState(folder).read(false)));
        return file;
    }

    static RunSettings.Snapshots noSnapshots() {
        return new RunSettings.Snapshots(0, List.of(), "");
    }
}
