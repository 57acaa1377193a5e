package tinygpt.cli;

import java.util.List;
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

    @Option(
            names = "--snapshots",
            paramLabel = "N|none",
            description = "How often at most the report's pictures are taken: after steps 0, 1, 2, 4, ..., then at"
                    + " regular steps; 20 unless given.")
    private String snapshots;

    @Option(
            names = "--snapshot-matrices",
            paramLabel = "SELECTOR",
            description = "Tensors that are kept as pictures at each snapshot, as in kind:attention or h.0.*; may be"
                    + " repeated. Unless given: the embeddings, and an attention and a feed-forward matrix of the middle"
                    + " layer; in their place what is trained, where they are frozen.")
    private List<String> snapshotMatrices;

    @Option(
            names = "--probe-prompt",
            paramLabel = "TEXT",
            description = "What the model is asked at each snapshot, to show its attention and its guess of the next"
                    + " token; a piece of the validation text unless given.")
    private String probePrompt;

    /** The settings of a run, with what was said here in the place of what they were. */
    RunSettings apply(RunSettings before) {
        return new RunSettings(
                evaluateEvery == null ? before.evaluateEvery() : evaluateEvery,
                saveEvery == null ? before.saveEvery() : saveEvery,
                keep == null ? before.keep() : keep,
                csv == null ? before.csv() : csv,
                tensorBoard == null ? before.tensorBoard() : tensorBoard,
                snapshots(before.snapshots()));
    }

    private RunSettings.Snapshots snapshots(RunSettings.Snapshots before) {
        return new RunSettings.Snapshots(
                snapshots == null ? before.count() : snapshotCount(),
                snapshotMatrices == null ? before.matrices() : snapshotMatrices,
                probePrompt == null ? before.prompt() : probePrompt);
    }

    private int snapshotCount() {
        if (snapshots.equals("none")) {
            return 0;
        }
        try {
            return Integer.parseInt(snapshots);
        } catch (NumberFormatException e) {
            throw new CommandFailure(
                    Exit.USAGE, "--snapshots is '" + snapshots + "'; it is a number of snapshots, or none");
        }
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
        snapshots(RunSettings.Snapshots.DEFAULT);
        if (probePrompt != null && probePrompt.isEmpty()) {
            throw new CommandFailure(Exit.USAGE, "--probe-prompt is empty; give a text, or leave it out");
        }
    }

    static void atLeast(String option, Number value, long least, String why) {
        if (value != null && value.longValue() < least) {
            throw new CommandFailure(Exit.USAGE, option + " is " + value + "; " + why);
        }
    }
}
