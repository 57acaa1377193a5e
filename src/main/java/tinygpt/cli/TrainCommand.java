package tinygpt.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.runs.RunFolders;
import tinygpt.runs.TrainingRun;
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
            "  tinygpt train --resume runs/mine"
        })
final class TrainCommand implements Callable<Integer> {
    private final Output output;
    private HyperparameterOptions hyperparameters;

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

    @Option(names = "--resume", paramLabel = "RUN", description = "Continue a run that was stopped, to its last step.")
    private Path resume;

    @Option(names = "--threads", paramLabel = "N", description = "Worker threads; all processors unless given.")
    private Integer threads;

    @Option(
            names = "--eval-every",
            paramLabel = "N",
            description = "Steps between evaluations on the whole validation split, which also save the run;"
                    + " a tenth of the steps unless given, 0 for none.")
    private Integer evaluateEvery;

    @Option(
            names = "--log-every",
            paramLabel = "N",
            defaultValue = "10",
            description = "Steps between lines of plain progress; 10 unless given.")
    private int logEvery;

    @Option(
            names = "--progress",
            paramLabel = "auto|bar|plain|none",
            defaultValue = "auto",
            description = "How progress is shown on stderr; auto is a bar on a terminal, lines elsewhere.")
    private TrainingProgress.Mode progress;

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
        PrintWriter err = output.err();
        try (Interruption interruption = Interruption.listen();
                TrainingRun run = resume == null ? start() : resume()) {
            return train(run, interruption);
        } catch (TrainingFailedException e) {
            throw new CommandFailure(Exit.FAILURE, e.getMessage());
        }
    }

    private int train(TrainingRun run, Interruption interruption) {
        Trainer trainer = run.trainer();
        PrintWriter err = output.err();
        TrainingReport report = new TrainingReport(output, run);
        if (!quiet) {
            report.printStart(err, trainer.team().size());
        }
        int every = evaluateEvery == null
                ? Math.max(1, trainer.hyperparameters().optimization().steps() / 10)
                : evaluateEvery;
        try (TrainingProgress shown = new TrainingProgress(
                mode(),
                err,
                output.glyphs(),
                Terminal.columns(),
                logEvery,
                trainer.hyperparameters(),
                trainer.stepsDone())) {
            trainer.listen(shown).listen(run.saver()).listen(new SampleWriter(trainer, shown));
            trainer.train(every, interruption::requested);
        } finally {
            run.save(); // after a failure too: the weights are those of the last good step
        }
        if (interruption.requested()) {
            report.printInterrupted(err);
            return Exit.INTERRUPTED;
        }
        if (!quiet) {
            report.printEnd(output.out());
        }
        return Exit.OK;
    }

    private TrainingRun start() throws IOException {
        Hyperparameters chosen = hyperparameters.resolve();
        Path file = DataFile.orDefault(data);
        Path folder = out == null ? RunFolders.fresh(hyperparameters.presetName(), LocalDateTime.now()) : out;
        if (Files.exists(folder.resolve(tinygpt.runs.ModelSource.NEWEST))) {
            throw new CommandFailure(
                    Exit.USAGE,
                    folder + " already holds a run; continue it with --resume " + folder + ", or choose another --out");
        }
        boolean vocabularySet = hyperparameters.explicitKeys().contains("model.vocabulary_size");
        TrainingRun run = TrainingRun.start(folder, file, chosen, threads());
        if (vocabularySet
                && chosen.model().vocabularySize()
                        != run.trainer().hyperparameters().model().vocabularySize()) {
            int actual = run.trainer().hyperparameters().model().vocabularySize();
            run.discard();
            throw new CommandFailure(
                    Exit.USAGE,
                    "--vocabulary-size " + chosen.model().vocabularySize() + " does not fit: the tokenizer of " + file
                            + " has " + actual + " tokens; leave the flag out when training");
        }
        RunFolders.rememberLatest(folder);
        return run;
    }

    private TrainingRun resume() throws IOException {
        Set<String> changed = hyperparameters.explicitKeys();
        if (!changed.isEmpty() || hyperparameters.presetGiven()) {
            throw new CommandFailure(
                    Exit.USAGE,
                    "a resumed run keeps its hyperparameters; leave out "
                            + (changed.isEmpty() ? "--preset" : String.join(", ", changed)));
        }
        if (out != null) {
            throw new CommandFailure(Exit.USAGE, "a resumed run stays in its folder; leave out --out");
        }
        TrainingRun run = TrainingRun.resume(resume, data, threads());
        RunFolders.rememberLatest(resume);
        return run;
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

    private int threads() {
        return threads == null ? Runtime.getRuntime().availableProcessors() : threads;
    }

    private void checkOptions() {
        if (threads != null && threads < 1) {
            throw new CommandFailure(Exit.USAGE, "--threads is " + threads + "; at least one thread must work");
        }
        if (evaluateEvery != null && evaluateEvery < 0) {
            throw new CommandFailure(
                    Exit.USAGE, "--eval-every is " + evaluateEvery + "; it is a number of steps, or 0 for never");
        }
        if (logEvery < 1) {
            throw new CommandFailure(Exit.USAGE, "--log-every is " + logEvery + "; it must be at least 1 step");
        }
    }
}
