package tinygpt.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.parameters.Parameter;
import tinygpt.training.TrainingFixtures.Training;

/** Training of a part: the rest stays, bit for bit, and costs no memory. */
class FrozenTrainingTest {
    private static Hyperparameters training(String trainable) {
        return TrainingFixtures.nano("adaptation.trainable", trainable, "optimization.weight_decay", "0.5");
    }

    private static Hyperparameters lora() {
        return TrainingFixtures.nano("adaptation.lora_rank", "4", "adaptation.lora_on", "attention,feed-forward");
    }

    /** Weight decay is strong, so that a frozen tensor it touched would show. */
    @ParameterizedTest
    @ValueSource(strings = {"kind:normalization", "!kind:embedding,positional", "h.1.*", "lora"})
    void tenSteps_moveWhatIsTrainedAndNothingElse(String trainable) {
        Hyperparameters h =
                trainable.equals("lora") ? lora().with("optimization.weight_decay", "0.5") : training(trainable);
        try (Training training = new Training(h, TrainingFixtures.text(h, 5000), 2)) {
            Map<Parameter, float[]> before = new HashMap<>();
            training.registry.owned().forEach(p -> before.put(p, p.matrix().toArray()));
            double first = training.step(0);
            double last = 0;
            for (int step = 1; step < 10; step++) {
                last = training.step(step);
            }
            assertTrue(last < first, "the loss went from " + first + " to " + last);
            for (Parameter p : training.registry.owned()) {
                assertEquals(
                        p.trainable(), !Arrays.equals(before.get(p), p.matrix().toArray()), p.name());
            }
        }
    }

    @Test
    void gradientNorm_countsWhatIsTrainedOnly_andSoDoesTheClip() {
        Hyperparameters all = TrainingFixtures.nano();
        Hyperparameters some = training("kind:attention");
        int[] tokens = TrainingFixtures.text(all, 5000);
        try (Training whole = new Training(all, tokens, 1);
                Training part = new Training(some, tokens, 1)) {
            whole.step(0);
            part.step(0);
            double squares = 0;
            for (int i = 0; i < whole.adamW.parameters().size(); i++) {
                Parameter p = part.adamW.parameters().get(i);
                double expected = p.trainable() ? whole.adamW.gradientNorm(i) : 0;
                assertEquals(expected, part.adamW.gradientNorm(i), p.name());
                squares += expected * expected;
                if (!p.trainable()) {
                    assertEquals(0, part.adamW.changeNorm(i), p.name());
                    assertEquals(0, part.adamW.changeSize(i), p.name());
                    double norm = 0;
                    double size = 0;
                    for (float w : p.matrix().toArray()) {
                        norm += (double) w * w;
                        size += Math.abs(w);
                    }
                    assertEquals(size, part.adamW.weightSize(i), 1e-9 * size, p.name());
                    assertEquals(Math.sqrt(norm), part.adamW.weightNorm(i), 1e-5 * Math.sqrt(norm), p.name());
                }
            }
            assertEquals(Math.sqrt(squares), part.adamW.gradientNorm(), 1e-12);
            assertTrue(part.adamW.gradientNorm() < whole.adamW.gradientNorm());
        }
    }

    @Test
    void gradientsAndMoments_haveRoomForWhatIsTrainedOnly() {
        Hyperparameters h = lora();
        try (Training training = new Training(h, TrainingFixtures.text(h, 5000), 2)) {
            assertEquals(4096, training.registry.trainedCount());
            assertEquals(4096, training.registry.trainedSize());
            assertEquals(4096, training.adamW.mean().size());
            assertEquals(4096, training.adamW.meanSquare().size());
            assertEquals(4096, training.engine.gradients().size());
            training.registry.lendGradients(training.engine.gradients());
            training.step(0);
            Parameter b = training.registry.get("h.0.attn.c_attn.lora_B.weight");
            assertArrayEquals(
                    b.inTrained(training.engine.gradients()).toArray(),
                    b.gradient().reshape(b.size()).toFloatVector());
            assertThrows(
                    IllegalStateException.class,
                    () -> training.registry.get("wte.weight").gradient());
            training.registry.lendGradients(null);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3})
    void anyNumberOfThreads_givesTheSameBits(int threads) {
        for (Hyperparameters h : new Hyperparameters[] {
            lora().with("data.shards", "4"), training("h.1.* !h.1.mlp.*").with("data.shards", "4")
        }) {
            float[] one = weights(h, 1, ShardGradients.SLAB_BUDGET);
            assertArrayEquals(one, weights(h, threads, ShardGradients.SLAB_BUDGET));
            assertArrayEquals(one, weights(h, threads, 0));
            assertFalse(Arrays.equals(one, weights(h.with("seed", "3"), 1, 0)));
        }
    }

    private static float[] weights(Hyperparameters h, int threads, long budget) {
        try (Training training = new Training(h, TrainingFixtures.text(h, 5000), threads, budget)) {
            for (int step = 0; step < 5; step++) {
                training.step(step);
            }
            return TrainingFixtures.floats(training.registry.weights());
        }
    }

    @Test
    void bytes_ofAnEngine_shrinkWithWhatIsFrozen() {
        Hyperparameters h = lora();
        long trained = 4096;
        long all = tinygpt.parameters.ParameterRegistry.of(h).slabSize();
        long saved = LocalEngine.bytes(all, h, 2) - LocalEngine.bytes(trained, h, 2);
        assertEquals(2 * Float.BYTES * (all - trained), saved);
    }
}
