package tinygpt.inspection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tinygpt.hyperparameters.Activation;
import tinygpt.hyperparameters.ModelShape;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.reference.ModelFixtures;
import tinygpt.reference.ReferenceGpt;

class AttentionHeadTest {
    /** Texts below, at and above the block of 64 queries that attention is computed in. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 64, 70})
    void weights_areTheReferences_sumToOne_andSeeNothingLater(int time) {
        int[] tokens = LookedAtModel.tokens(time);
        try (LookedAtModel looked = new LookedAtModel()) {
            List<AttentionHead> heads = AttentionHead.of(looked.model, looked.space, tokens);
            List<double[]> expected =
                    new ReferenceGpt(LookedAtModel.SHAPE, looked.weights).attention(new int[][] {tokens});
            assertEquals(6, heads.size());
            for (int i = 0; i < heads.size(); i++) {
                AttentionHead head = heads.get(i);
                assertEquals(i / 2, head.layer());
                assertEquals(i % 2, head.head());
                double[] got = new double[time * time];
                for (int query = 0; query < time; query++) {
                    double sum = 0;
                    for (int key = 0; key < time; key++) {
                        got[query * time + key] = head.weight(query, key);
                        sum += head.weight(query, key);
                        assertTrue(key <= query || head.weight(query, key) == 0, "a later key is seen");
                    }
                    assertEquals(1, sum, 1e-5);
                }
                int from = head.head() * time * time;
                double[] reference = Arrays.copyOfRange(expected.get(head.layer()), from, from + time * time);
                ModelFixtures.assertClose("attention of head " + i, reference, got, 1e-5);
            }
        }
    }

    /** Rows 1, 1/2 1/2, 1/3 1/3 1/3; the first says nothing. */
    @Test
    void meansOfAnEvenHead_areThoseByHand() {
        AttentionHead even = AttentionHead.even(3);
        double share = (1 / 2.0 + 1 / 3.0) / 2;
        assertEquals(share, even.onPrevious(), 1e-7);
        assertEquals(share, even.onItself(), 1e-7);
        assertEquals(share, even.onFirst(), 1e-7);
        assertEquals((Math.log(2) + Math.log(3)) / 2, even.entropy(), 1e-7);
    }

    @Test
    void oneToken_hasNoMeans() {
        AttentionHead one = AttentionHead.even(1);
        assertEquals(1, one.weight(0, 0));
        assertTrue(Double.isNaN(one.onPrevious()) && Double.isNaN(one.entropy()));
    }

    /**
     * A head made to look at the previous token: positions are one-hot, keys are the position, queries the one before. It is
     * found by its mean, and no other mean calls it something else.
     */
    @Test
    void headMadeToLookBack_isSeenToDoSo() {
        int width = 16;
        ModelShape shape =
                new ModelShape(5, 12, 1, 1, width, 16, true, true, Activation.GELU_TANH, 1e-5, 0.02, 0, 0, 0);
        try (LookedAtModel looked = new LookedAtModel(ParameterRegistry.of(shape), registry -> {
            registry.weights().clear();
            float[] one = {1};
            float[] strong = {8};
            for (int i = 0; i < width; i++) {
                registry.weights().write(registry.get("h.0.ln_1.weight").offset() + i, one, 0, 1);
                long row = registry.get("h.0.attn.c_attn.weight").offset() + 3L * width * i;
                registry.weights().write(row + Math.max(0, i - 1), strong, 0, 1);
                registry.weights().write(row + width + i, one, 0, 1);
            }
            for (int t = 0; t < 12; t++) {
                registry.weights().write(registry.get("wpe.weight").offset() + t * (width + 1L), one, 0, 1);
            }
        })) {
            int[] tokens = {0, 3, 1, 4, 2, 0, 0, 1, 2, 3, 4, 0};
            AttentionHead head =
                    AttentionHead.of(looked.model, looked.space, tokens).get(0);
            assertTrue(head.onPrevious() > 0.99, "on the previous token: " + head.onPrevious());
            assertTrue(head.onItself() < 0.01, "on itself: " + head.onItself());
            assertEquals(1 / 11.0, head.onFirst(), 0.01); // the second token's previous is the first
            assertTrue(head.entropy() < 0.05, "entropy: " + head.entropy());
        }
    }
}
