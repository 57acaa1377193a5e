package tinygpt.runs;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import tinygpt.hyperparameters.HyperparameterKey;
import tinygpt.hyperparameters.Hyperparameters;

/**
 * One hyperparameter that differs between two sets.
 *
 * @param path of its key, {@code optimization.learning_rate}
 * @param from the old value, as JSON
 * @param to the new value, as JSON
 */
public record HyperparameterChange(String path, String from, String to) {
    /** What may change in the middle of a run: the rest decides which parameters there are, which text is held back, or what an optimizer remembers. */
    private static final Set<String> CHANGEABLE = Set.of(
            "data.batch_size",
            "data.shards",
            "data.order",
            "seed",
            "synchronization.local_steps",
            "synchronization.outer_learning_rate",
            "synchronization.outer_momentum");

    /** What differs, in the order of the keys. */
    public static List<HyperparameterChange> between(Hyperparameters before, Hyperparameters after) {
        List<HyperparameterChange> changes = new ArrayList<>();
        for (HyperparameterKey key : HyperparameterKey.all()) {
            String from = key.jsonOf(before);
            String to = key.jsonOf(after);
            if (!from.equals(to)) {
                changes.add(new HyperparameterChange(key.path(), from, to));
            }
        }
        return changes;
    }

    /** Whether a run can go on with it, if somebody insists. */
    public boolean possible() {
        return path.startsWith("optimization.") || path.endsWith("_dropout") || CHANGEABLE.contains(path);
    }

    @Override
    public String toString() {
        return path + " " + from + " -> " + to;
    }
}
