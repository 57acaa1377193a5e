package tinygpt.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tinygpt.hyperparameters.Activation;
import tinygpt.hyperparameters.ModelShape;
import tinygpt.model.Gpt;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.reference.ModelFixtures;
import tinygpt.reference.ReferenceGpt;
import tinygpt.tensor.WorkerTeam;

class EvaluationTest {
    private static final ModelShape SHAPE =
            new ModelShape(17, 8, 2, 2, 8, 32, true, true, Activation.GELU_TANH, 1e-5, 0.02, 0, 0, 0);

    /** Windows of 8 predicted tokens, and a last shorter one: each token after the first is predicted exactly once. */
    @ParameterizedTest
    @ValueSource(ints = {2, 5, 9, 10, 17, 700})
    void evaluate_anyLength_isTheReferencesMeanOverWindows(int length) {
        Map<String, double[]> weights = ModelFixtures.randomWeights(SHAPE, 1);
        int[] tokens = ModelFixtures.randomIds(SHAPE, 1, length, 2)[0];
        ReferenceGpt reference = new ReferenceGpt(SHAPE, weights);
        double sum = 0;
        for (int start = 0; start < length - 1; start += 8) {
            int end = Math.min(start + 8, length - 1);
            int[][] ids = {Arrays.copyOfRange(tokens, start, end)};
            int[][] targets = {Arrays.copyOfRange(tokens, start + 1, end + 1)};
            sum += reference.loss(ids, targets) * (end - start);
        }

        Evaluation.Result result = evaluate(weights, tokens, 1);

        assertEquals(length - 1, result.tokens());
        assertEquals(sum / (length - 1), result.loss(), 1e-5);
        assertEquals(Math.exp(result.loss()), result.perplexity(), 1e-12);
    }

    @Test
    void evaluate_withMoreThreads_givesTheSameBits() {
        Map<String, double[]> weights = ModelFixtures.randomWeights(SHAPE, 1);
        int[] tokens = ModelFixtures.randomIds(SHAPE, 1, 3001, 2)[0];
        Evaluation.Result one = evaluate(weights, tokens, 1);
        assertEquals(one, evaluate(weights, tokens, 2));
        assertEquals(one, evaluate(weights, tokens, 5));
        assertTrue(one.standardError() > 0 && one.standardError() < 0.5, "standard error " + one.standardError());
    }

    @Test
    void evaluate_singleToken_isRefused() {
        Map<String, double[]> weights = ModelFixtures.randomWeights(SHAPE, 1);
        var e = assertThrows(IllegalArgumentException.class, () -> evaluate(weights, new int[] {3}, 1));
        assertTrue(e.getMessage().contains("no next token"), e.getMessage());
    }

    /** Mean and standard error of the differences of three windows of 8 tokens, by hand from the windows' own losses. */
    @Test
    void difference_ofTwoModels_hasTheStandardErrorOfTheWindowsDifferences() {
        int[] tokens = ModelFixtures.randomIds(SHAPE, 1, 25, 2)[0];
        double[] differences = new double[3];
        Evaluation.Result difference;
        try (ParameterRegistry one = ParameterRegistry.of(SHAPE).allocate();
                ParameterRegistry other = ParameterRegistry.of(SHAPE).allocate();
                WorkerTeam team = new WorkerTeam(1, Gpt.longestRow(SHAPE))) {
            ModelFixtures.fill(one, ModelFixtures.randomWeights(SHAPE, 1));
            ModelFixtures.fill(other, ModelFixtures.randomWeights(SHAPE, 2));
            Evaluation.WindowLosses losses = Evaluation.windows(new Gpt(one), tokens, team);
            assertEquals(Evaluation.evaluate(new Gpt(one), tokens, team), losses.result());
            difference = losses.minus(Evaluation.windows(new Gpt(other), tokens, team));
            for (int i = 0; i < 3; i++) {
                int[] window = Arrays.copyOfRange(tokens, 8 * i, 8 * i + 9);
                differences[i] = Evaluation.evaluate(new Gpt(one), window, team).loss()
                        - Evaluation.evaluate(new Gpt(other), window, team).loss();
            }
            int[] shorter = Arrays.copyOf(tokens, 24);
            assertThrows(
                    IllegalArgumentException.class,
                    () -> losses.minus(Evaluation.windows(new Gpt(other), shorter, team)));
        }
        double mean = Arrays.stream(differences).average().orElseThrow();
        double squares =
                Arrays.stream(differences).map(d -> (d - mean) * (d - mean)).sum();
        assertEquals(mean, difference.loss(), 1e-6);
        assertEquals(Math.sqrt(squares / 2 / 3), difference.standardError(), 1e-6);
    }

    private static Evaluation.Result evaluate(Map<String, double[]> weights, int[] tokens, int threads) {
        try (ParameterRegistry registry = ParameterRegistry.of(SHAPE).allocate();
                WorkerTeam team = new WorkerTeam(threads, Gpt.longestRow(SHAPE))) {
            ModelFixtures.fill(registry, weights);
            return Evaluation.evaluate(new Gpt(registry), tokens, team);
        }
    }
}
