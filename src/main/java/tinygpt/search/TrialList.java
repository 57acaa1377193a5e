package tinygpt.search;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tinygpt.hyperparameters.HyperparameterKey;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.InvalidHyperparameterException;

/**
 * The trials of a search. Trial i is a pure function of the plan's seed and i: no order, number of machines or failure can
 * change it. Impossible and repeated combinations are left out and keep their numbers.
 *
 * @param trials that can be trained, in the order of their numbers
 * @param skipped that are left out
 */
public record TrialList(List<Trial> trials, List<Skipped> skipped) {
    private static final String STEPS = "steps";

    /**
     * A combination that is not trained.
     *
     * @param reason a sentence without its end
     */
    public record Skipped(int index, Map<String, JsonNode> values, String reason) {
        /** {@code heads=3 width=32}. */
        public String label() {
            return Trial.label(values);
        }
    }

    public TrialList {
        trials = List.copyOf(trials);
        skipped = List.copyOf(skipped);
    }

    /** How many combinations a plan has, possible or not. */
    public static long size(SearchPlan plan) {
        return switch (plan.method()) {
            case GRID -> plan.space().gridSize();
            case RANDOM -> plan.trials();
            case ZIP -> plan.space().zipSize();
        };
    }

    /**
     * All trials of a plan.
     *
     * @throws InvalidHyperparameterException if none of the combinations is possible, naming the first
     */
    public static TrialList of(SearchPlan plan) {
        List<Trial> trials = new ArrayList<>();
        List<Skipped> skipped = new ArrayList<>();
        Map<String, Integer> seen = new HashMap<>();
        int size = Math.toIntExact(size(plan));
        for (int i = 0; i < size; i++) {
            Map<String, JsonNode> values = switch (plan.method()) {
                case GRID -> plan.space().gridPoint(i);
                case RANDOM -> plan.space().randomPoint(plan.seed(), i);
                case ZIP -> plan.space().zipPoint(i);
            };
            try {
                Hyperparameters hyperparameters = apply(plan, values);
                Integer twin = seen.putIfAbsent(hyperparameters.sha256(), i);
                if (twin == null) {
                    trials.add(new Trial(i, values, hyperparameters));
                } else {
                    skipped.add(new Skipped(i, values, "the same as trial " + twin));
                }
            } catch (InvalidHyperparameterException e) {
                skipped.add(new Skipped(i, values, e.getMessage()));
            }
        }
        if (trials.isEmpty()) {
            throw new InvalidHyperparameterException("none of the " + size + " combinations is possible; "
                    + skipped.get(0).label() + ": " + skipped.get(0).reason());
        }
        return new TrialList(trials, skipped);
    }

    /** The base with the values of a trial, all at once: they may only be possible together. */
    private static Hyperparameters apply(SearchPlan plan, Map<String, JsonNode> values) {
        ObjectNode changes = JsonNodeFactory.instance.objectNode();
        for (Axis axis : plan.space().axes()) {
            for (HyperparameterKey key : axis.keys()) {
                (key.group().isEmpty() ? changes : changes.withObjectProperty(key.group()))
                        .set(key.name(), values.get(axis.name()));
            }
        }
        Hyperparameters changed = plan.base().with(changes);
        if (!plan.equalTokens()) {
            return changed;
        }
        long tokens = plan.base().tokensPerStep() * plan.base().optimization().steps();
        long steps = Math.max(1, Math.round((double) tokens / changed.tokensPerStep()));
        return changed.with("optimization." + STEPS, Long.toString(steps));
    }
}
