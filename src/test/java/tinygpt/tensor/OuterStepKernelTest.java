package tinygpt.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OuterStepKernelTest {
    private static final float[] HARD = {
        0f,
        -0f,
        1f,
        -1f,
        Float.MIN_VALUE,
        -Float.MIN_VALUE,
        Float.MIN_NORMAL,
        1e-38f,
        0x1.000002p-40f,
        0.02f,
        0.019999998f,
        1e30f,
        -1e30f,
        Float.MAX_VALUE
    };

    /** With rate 1 and no momentum the result is the replica's weight, whatever the weight before and the velocity. */
    @ParameterizedTest
    @ValueSource(floats = {0f, 0.3f, -1e20f})
    void oneReplica_rate1_noMomentum_keepsEveryBit(float velocity) {
        int n = HARD.length * HARD.length;
        float[] start = new float[n];
        float[] end = new float[n];
        for (int i = 0; i < n; i++) {
            start[i] = HARD[i / HARD.length];
            end[i] = HARD[i % HARD.length];
        }
        float[] result = step(OuterRates.of(1, 1, 0), start, end, velocity)[0];
        for (int i = 0; i < n; i++) {
            assertEquals(
                    Float.floatToRawIntBits(end[i]), Float.floatToRawIntBits(result[i]), start[i] + " to " + end[i]);
        }
    }

    /** Two steps of torch.optim.SGD(lr=0.7, momentum=0.9, nesterov=True) with the gradient 0.5 - 0.3, by hand. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5})
    void stepWithMomentum_isPyTorchs(int replicas) {
        OuterRates rates = OuterRates.of(replicas, 0.7, 0.9);
        float[][] first = step(rates, new float[] {0.5f}, new float[] {0.3f * replicas}, 0);
        // u = 0.2, w = 0.5 - 0.7 (0.2 + 0.9 * 0.2)
        assertEquals(0.2f, first[1][0], 1e-7);
        assertEquals(0.234f, first[0][0], 1e-7);
        float[][] second = step(rates, new float[] {0.5f}, new float[] {0.3f * replicas}, 0.2f);
        // u = 0.9 * 0.2 + 0.2 = 0.38, w = 0.5 - 0.7 (0.2 + 0.9 * 0.38)
        assertEquals(0.38f, second[1][0], 1e-7);
        assertEquals(0.1206f, second[0][0], 1e-7);
    }

    /** Weights and velocity after. */
    private static float[][] step(OuterRates rates, float[] start, float[] sum, float velocity) {
        int n = start.length;
        try (Slab weights = Slab.allocate("weights", n + 3);
                Slab before = Slab.allocate("start", n);
                Slab added = Slab.allocate("sum", n);
                Slab u = Slab.allocate("velocity", n)) {
            before.write(0, start, 0, n);
            added.write(0, sum, 0, n);
            float[] velocities = new float[n];
            java.util.Arrays.fill(velocities, velocity);
            u.write(0, velocities, 0, n);
            double[] sums = new double[5];
            Slabs.nesterov(TestWorkspaces.of("scalar", 1024), rates, weights, 3, before, added, u, 0, n, sums);
            float[] result = new float[n];
            weights.read(3, result, 0, n);
            u.read(0, velocities, 0, n);
            return new float[][] {result, velocities};
        }
    }
}
