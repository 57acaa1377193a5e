package tinygpt.reference;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tinygpt.hyperparameters.Activation;
import tinygpt.hyperparameters.ModelShape;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.random.Stream;

class ModelFixturesTest {
    private static final ModelShape SHAPE =
            new ModelShape(11, 5, 2, 2, 8, 12, true, true, Activation.GELU_TANH, 1e-5, 0.02, 0, 0, 0);

    @Test
    void fill_thenRead_givesRandomWeightsBackExactly() {
        Map<String, double[]> weights = ModelFixtures.randomWeights(SHAPE, 4);
        try (ParameterRegistry registry = ParameterRegistry.of(SHAPE).allocate()) {
            ModelFixtures.fill(registry, weights);

            Map<String, double[]> back = ModelFixtures.read(registry, registry.weights());

            assertEquals(List.copyOf(weights.keySet()), List.copyOf(back.keySet()));
            weights.forEach((name, values) -> assertTrue(Arrays.equals(values, back.get(name)), name));
        }
    }

    @Test
    void randomWeights_ofAnotherSeed_differInEveryTensor() {
        Map<String, double[]> first = ModelFixtures.randomWeights(SHAPE, 4);
        Map<String, double[]> second = ModelFixtures.randomWeights(SHAPE, 5);

        first.forEach((name, values) -> assertTrue(!Arrays.equals(values, second.get(name)), name));
    }

    @Test
    void randomMasks_ofRateOneQuarter_dropAboutOneQuarterAndScaleTheRest() {
        Masks masks = ModelFixtures.randomMasks(0.25, 5);
        int dropped = 0;
        for (int token = 0; token < 100; token++) {
            for (int channel = 0; channel < 100; channel++) {
                double multiplier = masks.at(Stream.EMBEDDING_DROPOUT, -1, token, channel);
                assertTrue(multiplier == 0 || multiplier == 4.0 / 3, "multiplier " + multiplier);
                dropped += multiplier == 0 ? 1 : 0;
            }
        }

        assertEquals(2500, dropped, 150); // 3.5 standard deviations
    }

    @Test
    void assertClose_offByMoreThanTolerance_namesTensorIndexExpectedAndGot() {
        AssertionError error = assertThrows(
                AssertionError.class,
                () -> ModelFixtures.assertClose("wpe", new double[] {3, 4}, new double[] {3, 4.001}, 1e-4));

        assertEquals(
                "wpe is off by 0.000200 of its norm, more than 0.000100; worst at index 1 of 2: expected 4.00000000,"
                        + " got 4.00100000",
                error.getMessage());
    }

    @Test
    void assertClose_offByLessThanTolerance_passes() {
        assertDoesNotThrow(
                () -> ModelFixtures.assertClose("wpe", new double[] {3, 4}, new double[] {3, 4.001}, 2.1e-4));
    }

    @ParameterizedTest
    @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY})
    void assertClose_ofNotANumberOrInfinity_fails(double bad) {
        double[] got = {3, bad, 0};

        AssertionError error = assertThrows(
                AssertionError.class, () -> ModelFixtures.assertClose("wpe", new double[] {3, 4, 5}, got, 1));

        assertTrue(error.getMessage().contains("worst at index 1 of 3"), error.getMessage());
        assertThrows(AssertionError.class, () -> ModelFixtures.assertWithin("wpe", new double[] {3, 4, 5}, got, 1000));
    }

    @Test
    void assertClose_withATensorMissing_fails() {
        Map<String, double[]> expected = Map.of("a", new double[1], "b", new double[1]);

        assertThrows(AssertionError.class, () -> ModelFixtures.assertClose(expected, Map.of("a", new double[1]), 1));
    }
}
