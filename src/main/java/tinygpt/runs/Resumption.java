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
 */
public record Resumption(
        Path data, UnaryOperator<Hyperparameters> change, boolean changeAllowed, UnaryOperator<RunSettings> settings) {
    /** As if it had never stopped. */
    public static Resumption unchanged() {
        return new Resumption(null, UnaryOperator.identity(), false, UnaryOperator.identity());
    }
}
