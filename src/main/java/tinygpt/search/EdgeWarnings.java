package tinygpt.search;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/** Says where the best value lies at an edge of what was searched: the true best may lie beyond. */
public final class EdgeWarnings {
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
            if (!edge.isEmpty()) {
                sentences.add(
                        "the best " + axis.name() + ", " + Axis.text(value) + ", is at the edge of what was searched ("
                                + axis.spec() + "); " + (edge.equals("lowest") ? "lower" : "higher")
                                + " values may be better still");
            }
        }
        return sentences;
    }
}
