package tinygpt.reference;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.DoubleSupplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tinygpt.hyperparameters.Activation;
import tinygpt.hyperparameters.Adaptation;
import tinygpt.hyperparameters.ModelShape;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterRegistry;

/**
 * The backward of the reference against central differences, (f(w + e) - f(w - e)) / 2e, for every element of every
 * parameter. The output is weighted by a random tensor, because the plain sum of a norm or a softmax is constant.
 */
class GradientCheckTest {
    private static final double STEP = 1e-5;
    private static final double RELATIVE = 1e-5;

    /** Below this a gradient is compared absolutely, to 1e-9: the rounding of f alone is about 1e-15 / STEP. */
    private static final double SMALLEST = 1e-4;

    private static final int BATCH = 2;
    private static final int TIME = 4;

    /** Repeated tokens, within a sequence and across, so that their gradients must add up; 8 to 10 never occur. */
    private static final int[][] IDS = {{3, 0, 3, 7}, {1, 7, 5, 3}};

    private static final int[][] TARGETS = {{0, 3, 7, 10}, {7, 5, 5, 2}};

    static Stream<ModelShape> shapes() {
        List<ModelShape> shapes = new ArrayList<>();
        for (boolean biases : new boolean[] {true, false}) {
            for (boolean tied : new boolean[] {true, false}) {
                for (Activation activation : Activation.values()) {
                    shapes.add(shape(biases, tied, activation));
                }
            }
        }
        return shapes.stream();
    }

    /** Shorter than its context, F not 4 C, and an epsilon that is large enough to be seen. */
    private static ModelShape shape(boolean biases, boolean tied, Activation activation) {
        return new ModelShape(11, 5, 2, 2, 8, 12, biases, tied, activation, 1e-2, 0.02, 0, 0, 0);
    }

    private static ModelShape shape() {
        return shape(true, true, Activation.GELU_TANH);
    }

    private static ReferenceGpt model(ModelShape shape, Map<String, double[]> weights) {
        return new ReferenceGpt(shape, weights, ModelFixtures.randomMasks(0.25, 5));
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void gradients_ofWeightedLogits_areCentralDifferences(ModelShape shape) {
        Map<String, double[]> weights = ModelFixtures.randomWeights(shape, 1);
        ReferenceGpt model = model(shape, weights);
        double[] factors = ModelFixtures.randomNormals(BATCH * TIME * shape.vocabularySize(), 2);

        Map<String, double[]> gradients = model.gradients(IDS, factors);

        checkAll(ParameterRegistry.of(shape), weights, gradients, () -> dot(model.logits(IDS), factors));
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void gradients_ofLoss_areCentralDifferences(ModelShape shape) {
        Map<String, double[]> weights = ModelFixtures.randomWeights(shape, 1);
        ReferenceGpt model = model(shape, weights);

        Map<String, double[]> gradients = model.gradients(IDS, TARGETS);

        checkAll(ParameterRegistry.of(shape), weights, gradients, () -> model.loss(IDS, TARGETS));
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void embeddingGradient_ofWeightedLogits_isCentralDifferences(ModelShape shape) {
        ReferenceGpt model = model(shape, ModelFixtures.randomWeights(shape, 1));
        double[] factors = ModelFixtures.randomNormals(BATCH * TIME * shape.vocabularySize(), 2);
        double[] embedding = model.embedding(IDS);

        double[] gradient = model.embeddingGradient(embedding, BATCH, factors);

        check("embedding", embedding, gradient, () -> dot(model.logits(embedding, BATCH), factors));
    }

    @Test
    void gradients_withoutDropout_areCentralDifferences() {
        Map<String, double[]> weights = ModelFixtures.randomWeights(shape(), 3);
        ReferenceGpt model = new ReferenceGpt(shape(), weights);

        Map<String, double[]> gradients = model.gradients(IDS, TARGETS);

        checkAll(ParameterRegistry.of(shape()), weights, gradients, () -> model.loss(IDS, TARGETS));
    }

    /** A, B, and everything beneath them, whose gradient goes through the adapter too. */
    @ParameterizedTest
    @MethodSource("shapes")
    void gradients_withAdapters_areCentralDifferences(ModelShape shape) {
        ParameterRegistry registry =
                ParameterRegistry.of(shape, new Adaptation("*", 3, 5, "attention,*.c_fc h.1.mlp.c_proj"));
        assertEquals(7, registry.adapters().size());
        Map<String, double[]> weights = ModelFixtures.randomWeights(registry, 1);
        ReferenceGpt model = new ReferenceGpt(registry, weights, ModelFixtures.randomMasks(0.25, 5));
        double[] factors = ModelFixtures.randomNormals(BATCH * TIME * shape.vocabularySize(), 2);

        checkAll(registry, weights, model.gradients(IDS, factors), () -> dot(model.logits(IDS), factors));

        double[] embedding = model.embedding(IDS);
        double[] gradient = model.embeddingGradient(embedding, BATCH, factors);
        check("embedding", embedding, gradient, () -> dot(model.logits(embedding, BATCH), factors));
    }

    @Test
    void gradients_haveARowForEveryTokenThatOccursAndNoOther() {
        ModelShape shape = shape(true, false, Activation.GELU_ERF);
        double[] gradient = model(shape, ModelFixtures.randomWeights(shape, 1))
                .gradients(IDS, TARGETS)
                .get("wte.weight");

        Set<Integer> moved = Stream.iterate(0, id -> id + 1)
                .limit(shape.vocabularySize())
                .filter(id -> norm(Arrays.copyOfRange(gradient, 8 * id, 8 * id + 8)) > 0)
                .collect(Collectors.toSet());

        assertEquals(Set.of(0, 1, 3, 5, 7), moved);
    }

    /** The check itself must be able to fail: a gradient that is wrong by three times the tolerance in one element. */
    @Test
    void check_ofAGradientWrongInOneElement_fails() {
        Map<String, double[]> weights = ModelFixtures.randomWeights(shape(), 1);
        ReferenceGpt model = model(shape(), weights);
        Map<String, double[]> gradients = model.gradients(IDS, TARGETS);
        double[] gain = gradients.get("h.1.ln_2.weight");
        gain[5] *= 1 + 3 * RELATIVE;

        AssertionError error = assertThrows(
                AssertionError.class,
                () -> check("gain", weights.get("h.1.ln_2.weight"), gain, () -> model.loss(IDS, TARGETS)));

        assertTrue(error.getMessage().startsWith("gain[5]"), error.getMessage());
    }

    /** Checks every registered tensor; one that is tied has no gradient of its own. */
    private static void checkAll(
            ParameterRegistry registry,
            Map<String, double[]> weights,
            Map<String, double[]> gradients,
            DoubleSupplier f) {
        List<String> names = registry.owned().stream().map(Parameter::name).toList();
        assertEquals(names, List.copyOf(gradients.keySet()));
        for (String name : names) {
            // Otherwise a tensor that f does not depend on would pass by being 0.
            assertTrue(norm(gradients.get(name)) > 1e-3, "the gradient of " + name + " vanishes");
            check(name, weights.get(name), gradients.get(name), f);
        }
    }

    private static void check(String name, double[] x, double[] gradient, DoubleSupplier f) {
        assertEquals(x.length, gradient.length, "size of " + name);
        for (int i = 0; i < x.length; i++) {
            double kept = x[i];
            x[i] = kept + STEP;
            double above = f.getAsDouble();
            x[i] = kept - STEP;
            double below = f.getAsDouble();
            x[i] = kept;
            double difference = (above - below) / (2 * STEP);
            double size = Math.max(SMALLEST, Math.max(Math.abs(difference), Math.abs(gradient[i])));
            if (!(Math.abs(difference - gradient[i]) <= RELATIVE * size)) {
                fail(String.format(
                        Locale.ROOT,
                        "%s[%d]: central difference %.12g, backward %.12g",
                        name,
                        i,
                        difference,
                        gradient[i]));
            }
        }
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }

    private static double norm(double[] x) {
        return Math.sqrt(dot(x, x));
    }
}
