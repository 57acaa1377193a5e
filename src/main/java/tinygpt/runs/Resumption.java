package tinygpt.runs;

import java.nio.file.Path;
import java.util.function.UnaryOperator;
import tinygpt.hyperparameters.Hyperparameters;

/**
 * How a run is to go on.
 *
 * @param data the training text, or null for the file it was started with
 * @param change of the hyperparameters; identity for none
 * @param changeAllowed whether they may change at all
 * @param settings change of the settings
 * @param text the training text, if it was read already; or null
 */
public record Resumption(
        Path data,
        UnaryOperator<Hyperparameters> change,
        boolean changeAllowed,
        UnaryOperator<RunSettings> settings,
        TrainingText text) {
    /** With a text that is still to be read. */
    public Resumption(
            Path data,
            UnaryOperator<Hyperparameters> change,
            boolean changeAllowed,
            UnaryOperator<RunSettings> settings) {
        this(data, change, changeAllowed, settings, null);
    }

    /** As if it had never stopped. */
    public static Resumption unchanged() {
        return unchanged(null);
    }

    /** The same with its text, which need not be read again, and need not be a file of this machine. */
    public static Resumption unchanged(TrainingText text) {
        return new Resumption(null, UnaryOperator.identity(), false, UnaryOperator.identity(), text);
    }
}
