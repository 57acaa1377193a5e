package tinygpt.search;

import java.util.List;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.Preset;
import tinygpt.search.SearchPlan.Halving;
import tinygpt.search.SearchPlan.Method;

/** Plans over the preset nano. */
final class Plans {
    private Plans() {}

    static Hyperparameters nano() {
        return Preset.named("nano").hyperparameters();
    }

    static SearchPlan grid(String... sets) {
        return new SearchPlan(nano(), SearchSpace.parse(List.of(sets)), Method.GRID, 0, 1, null, false);
    }

    static SearchPlan random(int trials, long seed, String... sets) {
        return new SearchPlan(nano(), SearchSpace.parse(List.of(sets)), Method.RANDOM, trials, seed, null, false);
    }

    /** Nine trials whose first rung is after a ninth of 90 steps. */
    static SearchPlan halving(boolean async) {
        return new SearchPlan(
                nano().with("optimization.steps", "90"),
                SearchSpace.parse(List.of("seed=0,1,2,3,4,5,6,7,8")),
                Method.GRID,
                0,
                1,
                new Halving(3, 10, async),
                false);
    }

    static TrialOutcome reached(Trial trial, int step, double loss) {
        return new TrialOutcome(
                TrialOutcome.Kind.REACHED, step, step * trial.tokensPerStep(), loss, loss, step, 0.5, 1, "");
    }
}
