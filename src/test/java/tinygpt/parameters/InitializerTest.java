package tinygpt.parameters;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.Preset;

final class InitializerTest {
    private static final Hyperparameters TINY =
            Preset.named("tiny").hyperparameters().with("model.layers", "4");

    @Test
    void everyTensor_hasTheSpreadOfItsLaw() {
        try (ParameterRegistry registry = initialized(TINY, 1337)) {
            for (Parameter p : registry.owned()) {
                float[] values = p.matrix().toArray();
                assertEquals(p.size(), values.length);
                if (p.initialLaw() instanceof InitialLaw.Normal normal) {
                    double n = values.length;
                    // Five standard errors of a mean and of a standard deviation.
                    assertEquals(0, mean(values), 5 * normal.std() / Math.sqrt(n), p.name());
                    assertEquals(normal.std(), std(values), 5 * normal.std() / Math.sqrt(2 * n), p.name());
                } else if (p.initialLaw() instanceof InitialLaw.Constant constant) {
                    float[] expected = new float[values.length];
                    Arrays.fill(expected, constant.value());
                    assertArrayEquals(expected, values, p.name());
                }
            }
        }
    }

    @Test
    void residualProjections_areNarrowerByTheRootOfTwiceTheLayers() {
        try (ParameterRegistry registry = initialized(TINY, 1337)) {
            double wide = std(registry.get("h.0.mlp.c_fc.weight").matrix().toArray());
            double narrow = std(registry.get("h.0.mlp.c_proj.weight").matrix().toArray());
            assertEquals(Math.sqrt(2 * 4), wide / narrow, 0.05);
        }
    }

    @Test
    void firstWeights_haveTheirGoldenValues() {
        // Computed with a second implementation, in Python.
        float[] values = Initializer.values(ParameterRegistry.of(TINY.model()).get("wte.weight"), 0, 2, 1337);
        assertArrayEquals(new float[] {0.03762022259971618f, 0.009085017970720796f}, values);
    }

    @Test
    void sameSeed_givesTheSameBits() {
        try (ParameterRegistry one = initialized(TINY, 7);
                ParameterRegistry two = initialized(TINY, 7)) {
            for (Parameter p : one.owned()) {
                assertArrayEquals(
                        p.matrix().toArray(), two.get(p.name()).matrix().toArray(), p.name());
            }
        }
    }

    @Test
    void otherSeed_givesOtherNumbersInEveryRandomTensor() {
        try (ParameterRegistry one = initialized(TINY, 7);
                ParameterRegistry two = initialized(TINY, 8)) {
            for (Parameter p : one.owned()) {
                if (p.initialLaw() instanceof InitialLaw.Normal) {
                    float[] a = p.matrix().toArray();
                    float[] b = two.get(p.name()).matrix().toArray();
                    int equal = 0;
                    for (int i = 0; i < a.length; i++) {
                        equal += a[i] == b[i] ? 1 : 0;
                    }
                    // Floats near zero have few values, so a chance hit is possible; a stretch of them is not.
                    assertEquals(0, equal, 2, p.name());
                }
            }
        }
    }

    @Test
    void tensor_doesNotDependOnTheOthers() {
        Hyperparameters other = TINY.with("model.biases", "false").with("model.tied_head", "false");
        try (ParameterRegistry one = initialized(TINY, 7);
                ParameterRegistry two = initialized(other, 7)) {
            assertNotEquals(
                    one.get("h.2.mlp.c_fc.weight").offset(),
                    two.get("h.2.mlp.c_fc.weight").offset());
            for (String name : new String[] {"wte.weight", "h.2.mlp.c_fc.weight", "h.3.attn.c_proj.weight"}) {
                assertArrayEquals(
                        one.get(name).matrix().toArray(), two.get(name).matrix().toArray(), name);
            }
        }
    }

    @Test
    void tensorsOfTheSameShape_differ() {
        try (ParameterRegistry registry = initialized(TINY, 7)) {
            assertFalse(Arrays.equals(
                    registry.get("h.0.mlp.c_fc.weight").matrix().toArray(),
                    registry.get("h.1.mlp.c_fc.weight").matrix().toArray()));
        }
    }

    @Test
    void piecewise_isTheSameAsWhole() {
        Parameter p = ParameterRegistry.of(TINY.model()).get("h.0.mlp.c_fc.weight");
        float[] whole = Initializer.values(p, 0, (int) p.size(), 7);
        try (ParameterRegistry registry = initialized(TINY, 7)) {
            // 65,536 elements are four pieces of the parallel fill.
            assertArrayEquals(whole, registry.get(p.name()).matrix().toArray());
        }
        assertArrayEquals(Arrays.copyOfRange(whole, 1000, 1007), Initializer.values(p, 1000, 7, 7));
    }

    @Test
    void tiedHead_isTheEmbedding() {
        try (ParameterRegistry registry = initialized(TINY, 7)) {
            assertArrayEquals(
                    registry.get("wte.weight").matrix().toArray(),
                    registry.get("lm_head.weight").matrix().toArray());
        }
    }

    private static ParameterRegistry initialized(Hyperparameters hyperparameters, long seed) {
        ParameterRegistry registry =
                ParameterRegistry.of(hyperparameters.model()).allocate();
        Initializer.initialize(registry, seed);
        return registry;
    }

    private static double mean(float[] values) {
        double sum = 0;
        for (float v : values) {
            sum += v;
        }
        return sum / values.length;
    }

    private static double std(float[] values) {
        double mean = mean(values);
        double sum = 0;
        for (float v : values) {
            sum += (v - mean) * (v - mean);
        }
        return Math.sqrt(sum / values.length);
    }
}
