package tinygpt.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.metrics.RunMetrics;
import tinygpt.report.SnapshotRecorder;
import tinygpt.report.SnapshotSize;
import tinygpt.runs.AdapterFolder;
import tinygpt.runs.FrozenProof;
import tinygpt.runs.LoadedModel;
import tinygpt.runs.Resumption;
import tinygpt.runs.RunFolder;
import tinygpt.runs.RunFolders;
import tinygpt.runs.RunSettings;
import tinygpt.runs.TrainingRun;
import tinygpt.runs.TrainingText;
import tinygpt.text.UnknownCharacterException;
import tinygpt.training.Cluster;
import tinygpt.training.Compute;
import tinygpt.training.EngineFailedException;
import tinygpt.training.Trainer;
import tinygpt.training.TrainingFailedException;

/** Trains a model on a text file. */
@Command(
        name = "train",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        abbreviateSynopsis = true,
        description = "Trains a GPT on a text file and saves it as a run.",
        footer = {
            "",
            "Examples:",
            "  tinygpt train",
            "  tinygpt train --data my.txt --out runs/mine --steps 500",
            "  tinygpt train --preset nano --width 64 --heads 4 --dropout 0.1",
            "  tinygpt train --resume runs/mine",
            "  tinygpt train --serve",
            "  tinygpt train --from runs/mine --data data/scenes.txt"
        })
final class TrainCommand implements Callable<Integer> {
    private final Output output;
    private HyperparameterOptions hyperparameters;
    private long lastStep = Long.MAX_VALUE;
    private volatile TrainingProgress progressShown;

    @Option(
            names = "--data",
            paramLabel = "FILE",
            description = "The text to learn, UTF-8; the tales that come with tinygpt unless given.")
    private Path data;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            description = "Where the run is saved; runs/<date>-<preset> unless given.")
    private Path out;

    @Option(
            names = "--resume",
            paramLabel = "RUN",
            description = "Continue a run that was stopped, as if it had not been. --steps N then stops at step N;"
                    + " more steps than were planned are a change.")
    private Path resume;

    @Option(
            names = "--allow-change",
            description = "With --resume: let the hyperparameters given change from here on; the ledger notes which.")
    private boolean allowChange;

    @Mixin
    private FromOptions fineTuning;

    @Mixin
    private RunOptions settings;

    @Mixin
    private ServeOptions live;

    @Mixin
    private ThreadsOption threads;

    @Mixin
    private EngineOptions engine;

    @Option(
            names = "--log-every",
            paramLabel = "N",
            defaultValue = "10",
            description = "Steps between lines of plain progress; 10 unless given.")
    private int logEvery;

    @Option(
            names = "--progress",
            paramLabel = "auto|bar|plain|json|none",
            defaultValue = "auto",
            description = "How progress is shown on stderr; auto is a bar on a terminal, lines elsewhere.")
    private TrainingProgress.Mode progress;

    @Option(names = "--no-latest", description = "Do not make it the run that is taken where no model is named.")
    private boolean notLatest;

    @Option(names = "--quiet", description = "No progress and no report.")
    private boolean quiet;

    private TrainCommand(Output output) {
        this.output = output;
    }

    static CommandLine create(Output output) {
        TrainCommand command = new TrainCommand(output);
        CommandLine line = new CommandLine(command);
        command.hyperparameters = HyperparameterOptions.addTo(line.getCommandSpec());
        return line;
    }

    @Override
    public Integer call() throws IOException {
        checkOptions();
        try (Interruption interruption = Interruption.listen(output.err());
                LiveView view = live.bind(output)) {
            int exitCode;
            try (Cluster cluster = engine.connect(this::note, interruption::requested)) {
                Compute compute = cluster == null
                        ? Compute.local(threads.workers())
                        : new Compute(threads.workers(), cluster.engines());
                try (TrainingRun run = resume == null ? start(compute) : resume(compute)) {
                    remember(run);
                    nothingLeft(run);
                    run.notes().forEach(this::note);
                    exitCode = train(run, cluster, interruption, view);
                }
            } catch (EngineFailedException e) {
                if (!interruption.requested()) {
                    throw e;
                }
                output.err().println("tinygpt: interrupted before the first step"); // while it waited for a cluster
                exitCode = Exit.INTERRUPTED;
            }
            if (view != null && exitCode == Exit.OK && Terminal.stdin()) {
                view.trained();
                view.stay(interruption);
            }
            return exitCode;
        }
    }

    /** Tells what the user may want to know while it goes well. */
    private void note(String note) {
        TrainingProgress shown = progressShown;
        if (shown != null) {
            shown.note(note);
        } else {
            output.err().println("tinygpt: note: " + note);
            output.err().flush();
        }
    }

    /** Trains; the view, if there is one, shows it. */
    private int train(TrainingRun run, Cluster cluster, Interruption interruption, LiveView view) throws IOException {
        Trainer trainer = run.trainer();
        PrintWriter err = output.err();
        TrainingReport report = new TrainingReport(output, run);
        FrozenProof frozen = new FrozenProof(trainer.registry());
        if (!quiet) {
            report.printStart(err, trainer.team().size(), cluster == null ? "" : cluster.describe());
        }
        long until = Math.min(settings.until(trainer.stepsDone()), lastStep);
        try (TrainingProgress shown = new TrainingProgress(
                        mode(),
                        err,
                        output.glyphs(),
                        Terminal.columns(),
                        logEvery,
                        trainer.hyperparameters(),
                        trainer.stepsDone());
                RunMetrics metrics = RunMetrics.open(run.folder().path(), trainer, logs(run.settings()));
                SnapshotRecorder snapshots = SnapshotRecorder.open(
                        run.folder().path(), trainer, run.settings().snapshots())) {
            SampleWriter.Sink samples = (step, text) -> {
                shown.sample(text);
                metrics.sample(step, text);
            };
            // What a checkpoint has seen must be in the logs: it is written last.
            progressShown = shown;
            trainer.listen(shown)
                    .listen(metrics)
                    .listen(snapshots)
                    .listen(new SampleWriter(trainer, samples))
                    .listen(run.saver());
            if (view != null) {
                view.showTraining(run.folder().path(), live.open());
            }
            if (trainer.stepsDone() == 0 && run.settings().evaluateEvery() == 0) {
                run.save(); // the start, which an evaluation would have saved
            }
            trainer.train(until, run.settings().evaluateEvery(), interruption::requested);
        } catch (TrainingFailedException e) {
            // Nothing is saved: the newest checkpoint is of a state that was good.
            throw new CommandFailure(Exit.FAILURE, e.getMessage() + ". The run is kept as it was saved last");
        } catch (EngineFailedException e) {
            run.save(); // all that was computed before
            if (!interruption.requested()) { // else it ends as one that was asked to stop
                throw new CommandFailure(
                        Exit.FAILURE,
                        e.getMessage() + ". The run is saved after step " + Show.count(trainer.stepsDone()) + "; "
                                + CommandName.get() + " train --resume "
                                + CommandName.quoted(run.folder().path().toString())
                                + " goes on, here or on a cluster");
            }
        } finally {
            progressShown = null;
        }
        run.save();
        FrozenProof.Result untouched = frozen.check();
        if (!untouched.holds()) {
            throw new CommandFailure(Exit.FAILURE, untouched + "; this is a bug in tinygpt, please report it");
        }
        if (interruption.requested()) {
            report.printStopped(err);
            return Exit.INTERRUPTED;
        }
        AdapterFolder.save(run.folder().path(), trainer.registry(), run.from() == null ? "random weights" : run.from());
        if (trainer.stepsDone() < trainer.hyperparameters().optimization().steps()) {
            report.printStopped(err);
        } else if (!quiet) {
            report.printEnd(output.out(), untouched);
        }
        return Exit.OK;
    }

    private TrainingRun start(Compute compute) throws IOException {
        if (allowChange) {
            throw new CommandFailure(Exit.USAGE, "--allow-change belongs to --resume");
        }
        Path file = DataFile.orDefault(data);
        if (fineTuning.given()) {
            return startFrom(file, compute);
        }
        Hyperparameters chosen = hyperparameters.resolve();
        TrainingText text = new NewVocabulary(output, !quiet).read(file, chosen, hyperparameters);
        Advice.print(output.err());
        RunSettings asked = settings(chosen);
        checkSnapshots(chosen, text, asked); // refused before there is a folder
        return TrainingRun.start(folder(hyperparameters.presetName()), text, chosen, asked, compute);
    }

    private TrainingRun startFrom(Path file, Compute compute) throws IOException {
        try (LoadedModel base = ModelOption.open(fineTuning.path(), output)) {
            Hyperparameters chosen = fineTuning.hyperparameters(base, hyperparameters);
            TrainingText text = fineTuning.text(file, base, chosen);
            Advice.print(output.err());
            RunSettings asked = settings(chosen);
            checkSnapshots(chosen, text, asked);
            return TrainingRun.startFrom(base, fineTuning.path(), folder("from"), text, chosen, asked, compute);
        }
    }

    /** Says so if there is no step to take; the report of what was learned is still given. */
    private void nothingLeft(TrainingRun run) {
        long done = run.trainer().stepsDone();
        int planned = run.trainer().hyperparameters().optimization().steps();
        if (resume == null || done < Math.min(planned, lastStep)) {
            return;
        }
        output.err()
                .println("tinygpt: note: this run is at step " + Show.count(done)
                        + (done < planned
                                ? ", which is where --steps would stop it; nothing is trained"
                                : ", its last; nothing is trained. --steps N --allow-change lets it go on to step N"));
    }

    private static void checkSnapshots(Hyperparameters chosen, TrainingText text, RunSettings asked) {
        try {
            SnapshotSize.of(chosen, text.corpus(), asked.snapshots());
        } catch (UnknownCharacterException e) {
            throw new CommandFailure(
                    Exit.USAGE,
                    "--probe-prompt has characters that are not in the training text: " + e.named()
                            + "; leave them out");
        }
    }

    private TrainingRun resume(Compute compute) throws IOException {
        if (fineTuning.given() || out != null || hyperparameters.presetGiven()) {
            throw new CommandFailure(
                    Exit.USAGE,
                    "a resumed run keeps its folder, its model and its hyperparameters; leave out "
                            + (fineTuning.given() ? "--from" : out != null ? "--out" : "--preset"));
        }
        Advice.print(output.err());
        return TrainingRun.resume(
                new RunFolder(RunFolders.named(resume)),
                new Resumption(data, this::changed, allowChange, settings::apply),
                compute);
    }

    /** The hyperparameters of a resumed run. Fewer steps than planned are no change of the plan, but a place to stop. */
    private Hyperparameters changed(Hyperparameters before) {
        try {
            Hyperparameters after = hyperparameters.resolve(before);
            int steps = after.optimization().steps();
            if (steps < before.optimization().steps() && !allowChange) {
                lastStep = steps;
                return hyperparameters.resolveWithoutSteps(before);
            }
            return after;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static RunMetrics.Options logs(RunSettings settings) {
        return RunMetrics.Options.defaults().withCsv(settings.csv()).withTensorBoard(settings.tensorBoard());
    }

    private RunFolder folder(String name) {
        return new RunFolder(out == null ? RunFolders.fresh(name, LocalDateTime.now()) : out);
    }

    private RunSettings settings(Hyperparameters chosen) {
        return settings.apply(RunSettings.forSteps(chosen.optimization().steps()));
    }

    /** Makes the run the one that commands take when none is named; not being able to is no reason not to train. */
    private void remember(TrainingRun run) {
        if (notLatest) {
            return;
        }
        try {
            RunFolders.rememberLatest(run.folder().path());
        } catch (IOException e) {
            output.err()
                    .println("tinygpt: note: " + run.folder().path() + " cannot be remembered as the latest run ("
                            + e.getMessage() + "); name it with --model");
        }
    }

    private TrainingProgress.Mode mode() {
        if (quiet) {
            return TrainingProgress.Mode.none;
        }
        if (progress == TrainingProgress.Mode.auto) {
            return Terminal.paintsOnStderr() ? TrainingProgress.Mode.bar : TrainingProgress.Mode.plain;
        }
        return progress;
    }

    private void checkOptions() {
        threads.check();
        engine.check();
        settings.check();
        live.check();
        RunOptions.atLeast("--log-every", logEvery, 1, "it must be at least 1 step");
    }
}
