package tinygpt.search;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

/** When the best value says that one should search on. */
class EdgeWarningsTest {
    /** The directions of the warnings when a trial of a search is the best. */
    private static List<String> of(int best, SearchPlan plan) {
        Trial trial = TrialList.of(plan).trials().get(best);
        Result result = new Result(trial, TrialState.COMPLETE, 1, Plans.reached(trial, 200, 2.5), 1);
        return EdgeWarnings.of(plan, List.of(result)).stream()
                .map(sentence ->
                        sentence.replaceAll("the best ([a-z-]+), .*; (\\w+) values may be better still", "$1 $2"))
                .toList();
    }

    @Test
    void anEdgeWithSomethingBeyond_isWarnedOf() {
        assertEquals(List.of("learning-rate lower"), of(0, Plans.grid("lr=1e-3,2e-3,3e-3")));
        assertEquals(List.of(), of(1, Plans.grid("lr=1e-3,2e-3,3e-3")));
        assertEquals(List.of("learning-rate higher"), of(2, Plans.grid("lr=1e-3,2e-3,3e-3")));
        assertEquals(List.of("dropout higher"), of(2, Plans.grid("dropout=0,0.1,0.2")));
        assertEquals(List.of("layers lower"), of(0, Plans.grid("layers=2,3,4")));
        assertEquals(List.of("heads higher"), of(2, Plans.grid("heads=1,2,4")), "8 of 32 are possible, 5 are not");
        assertEquals(List.of("heads lower"), of(0, Plans.grid("heads=4,8,16")), "2 of 32 are possible, 3 are not");
    }

    @Test
    void anEdgeWithNothingBeyond_isNot() {
        assertEquals(List.of(), of(0, Plans.grid("dropout=0,0.1,0.2")), "no rate is below 0");
        assertEquals(List.of(), of(0, Plans.grid("layers=1,2,3")), "no model has fewer layers than one");
        assertEquals(List.of(), of(0, Plans.grid("heads=1,2,4")));
        assertEquals(List.of(), of(2, Plans.grid("heads=8,16,32")), "no head is narrower than 1");
    }

    @Test
    void theEdgeOfARange_isThatOfItsEnd() {
        SearchPlan rates = Plans.random(60, 1, "weight-decay=0..1");
        assertEquals(List.of(), of(lowest(rates), rates), "a draw just above 0 has only draws of the range below it");
        SearchPlan others = Plans.random(60, 1, "weight-decay=0.5..1");
        assertEquals(List.of("weight-decay lower"), of(lowest(others), others));
    }

    private static int lowest(SearchPlan plan) {
        List<Trial> trials = TrialList.of(plan).trials();
        Axis axis = plan.space().axes().get(0);
        for (int i = 0; i < trials.size(); i++) {
            if (axis.edge(trials.get(i).values().get(axis.name())).equals("lowest")) {
                return i;
            }
        }
        throw new IllegalStateException("no draw is near the lower end");
    }

    @Test
    void aSeed_isNoBetterThanItsNeighbour() {
        assertEquals(List.of(), of(0, Plans.grid("seed=1,2,3")));
    }
}
