package tinygpt.search;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.DoubleStream;
import tinygpt.hyperparameters.HyperparameterKey;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.InvalidHyperparameterException;

/**
 * Says where the best value lies at an edge of what was searched: the true best may lie beyond. Where there is nothing
 * beyond, as below a dropout of 0, there is nothing to say, and of seeds none is better than its neighbour.
 */
public final class EdgeWarnings {
    private static final String SEED = "seed";

    /** A number so little beyond another that nothing but a limit lies between the two. */
    private static final double BESIDE = 1e-6;

    private EdgeWarnings() {}

    /** A sentence for each such hyperparameter; none if no trial has a loss. */
    public static List<String> of(SearchPlan plan, List<Result> ranked) {
        List<String> sentences = new ArrayList<>();
        Result best = Result.best(ranked);
        if (best == null) {
            return sentences;
        }
        for (Axis axis : plan.space().axes()) {
            JsonNode value = best.trial().values().get(axis.name());
            String edge = axis.edge(value);
            boolean lowest = edge.equals("lowest");
            if (!edge.isEmpty()
                    && !axis.name().equals(SEED)
                    && goesOn(best.trial(), axis, end(axis, value, lowest), lowest)) {
                sentences.add("the best " + axis.name() + ", " + Axis.text(value)
                        + ", is at the edge of what was searched (" + axis.spec() + "); "
                        + (lowest ? "lower" : "higher") + " values may be better still");
            }
        }
        return sentences;
    }

    private static double end(Axis axis, JsonNode value, boolean lowest) {
        if (axis.values() instanceof AxisValues.Range range) {
            return lowest ? range.low() : range.high();
        }
        return value.doubleValue();
    }

    /** Whether the best trial could be had with a value beyond an end of the axis. */
    private static boolean goesOn(Trial best, Axis axis, double end, boolean lowest) {
        boolean whole = axis.keys().get(0).type() != double.class;
        DoubleStream beyond;
        if (whole) { // not every integer divides what it has to
            beyond = lowest ? DoubleStream.of(end - 1, Math.floor(end / 2), 1) : DoubleStream.of(end + 1, 2 * end);
        } else {
            double little = BESIDE * Math.max(BESIDE, Math.abs(end));
            beyond = DoubleStream.of(lowest ? end - little : end + little);
        }
        return beyond.filter(x -> lowest ? x < end : x > end)
                .anyMatch(x -> isPossible(best.hyperparameters(), axis, x, whole));
    }

    private static boolean isPossible(Hyperparameters best, Axis axis, double value, boolean whole) {
        JsonNodeFactory json = JsonNodeFactory.instance;
        ObjectNode changes = json.objectNode();
        for (HyperparameterKey key : axis.keys()) {
            changes.withObjectProperty(key.group())
                    .set(key.name(), whole ? json.numberNode((long) value) : json.numberNode(value));
        }
        try {
            best.with(changes);
            return true;
        } catch (InvalidHyperparameterException e) {
            return false;
        }
    }
}
