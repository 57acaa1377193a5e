package tinygpt.reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ReferenceAdamWTest {
    /** Worked by hand: after bias correction the first step is lr g / (|g| + epsilon), after the decay lr decay w. */
    @Test
    void step_first_movesByLearningRateAgainstSignOfGradientAfterDecay() {
        ReferenceAdamW adamW = new ReferenceAdamW(0.9, 0.99, 0.5, 0.1, Set.of("a"));
        Map<String, double[]> weights = Map.of("a", new double[] {2}, "b", new double[] {2});

        adamW.step(weights, Map.of("a", new double[] {1.5}, "b", new double[] {-1.5}), 0.01);

        assertEquals(2 - 0.01 * 0.1 * 2 - 0.01 * 1.5 / 2, weights.get("a")[0], 1e-15);
        assertEquals(2 + 0.01 * 1.5 / 2, weights.get("b")[0], 1e-15);
    }

    @Test
    void clip_aboveLimit_scalesAllGradientsByLimitOverNormPlusMillionth() {
        Map<String, double[]> gradients = Map.of("a", new double[] {3}, "b", new double[] {0, -4});

        double norm = ReferenceAdamW.clip(gradients, 1);

        assertEquals(5, norm);
        assertArrayEquals(new double[] {3 / 5.000001}, gradients.get("a"), 1e-15);
        assertArrayEquals(new double[] {0, -4 / 5.000001}, gradients.get("b"), 1e-15);
    }

    @Test
    void clip_belowLimit_leavesGradientsAlone() {
        Map<String, double[]> gradients = Map.of("a", new double[] {3}, "b", new double[] {-4});

        ReferenceAdamW.clip(gradients, 5.1);

        assertArrayEquals(new double[] {3}, gradients.get("a"));
        assertArrayEquals(new double[] {-4}, gradients.get("b"));
    }
}
