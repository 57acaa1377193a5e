package tinygpt.cli;

import picocli.CommandLine.Option;
import tinygpt.runs.RunSettings;

/** The options of a training run that change nothing of what is learned: when it is evaluated, saved and stopped. */
final class RunOptions {
    @Option(
            names = "--eval-every",
            paramLabel = "N",
            description = "Steps between evaluations on the whole validation split, which also save the run;"
                    + " a tenth of the steps unless given, 0 for none.")
    private Integer evaluateEvery;

    @Option(
            names = "--save-every",
            paramLabel = "N",
            description = "Steps between checkpoints; unless given, the run is saved at evaluations only.")
    private Integer saveEvery;

    @Option(
            names = "--keep",
            paramLabel = "N",
            description = "How many of the newest checkpoints stay, besides the first and the best; 2 unless given.")
    private Integer keep;

    @Option(
            names = "--stop-after",
            paramLabel = "N",
            description = "Stop after N steps of this session and save, as Ctrl-C would; --resume goes on.")
    private Long stopAfter;

    @Option(names = "--csv", negatable = true, description = "Write metrics.csv beside metrics.jsonl.")
    private Boolean csv;

    @Option(
            names = "--tensorboard",
            negatable = true,
            defaultValue = Option.NULL_VALUE,
            description = "Write event files for TensorBoard; on unless --no-tensorboard.")
    private Boolean tensorBoard;

    /** The settings of a run, with what was said here in the place of what they were. */
    RunSettings apply(RunSettings before) {
        return new RunSettings(
                evaluateEvery == null ? before.evaluateEvery() : evaluateEvery,
                saveEvery == null ? before.saveEvery() : saveEvery,
                keep == null ? before.keep() : keep,
                csv == null ? before.csv() : csv,
                tensorBoard == null ? before.tensorBoard() : tensorBoard);
    }

    /** The step to stop after. */
    long until(long stepsDone) {
        return stopAfter == null ? Long.MAX_VALUE : stepsDone + stopAfter;
    }

    /** Refuses what cannot be meant. */
    void check() {
        atLeast("--eval-every", evaluateEvery, 0, "it is a number of steps, or 0 for never");
        atLeast("--save-every", saveEvery, 0, "it is a number of steps, or 0 for at evaluations only");
        atLeast("--keep", keep, 1, "one checkpoint must stay");
        atLeast("--stop-after", stopAfter, 1, "it is a number of steps");
    }

    static void atLeast(String option, Number value, long least, String why) {
        if (value != null && value.longValue() < least) {
            throw new CommandFailure(Exit.USAGE, option + " is " + value + "; " + why);
        }
    }
}
