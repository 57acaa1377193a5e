package tinygpt.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tinygpt.hyperparameters.Activation;
import tinygpt.hyperparameters.ModelShape;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.parameters.SlabLayout;
import tinygpt.reference.ModelFixtures;
import tinygpt.reference.ModelFixtures.Golden;
import tinygpt.reference.ReferenceGpt;
import tinygpt.tensor.TestWorkspaces;
import tinygpt.tensor.Workspace;

/** The fast model against PyTorch's numbers and against the double-precision reference. */
class GptTest {
    private static final long SEED = 7;

    @ParameterizedTest
    @CsvSource({
        "gpt2-tiny-tied, scalar",
        "gpt2-tiny-tied, vector",
        "gpt2-tiny-untied, scalar",
        "gpt2-tiny-untied, vector"
    })
    void goldenModel_logitsLossAndGradients_arePyTorchs(String name, String kernels) {
        Golden golden = ModelFixtures.golden(name);
        try (Run run = new Run(golden.shape(), golden.weights(), golden.ids(), golden.targets(), kernels)) {
            run.forward();
            ModelFixtures.assertWithin(
                    "logits",
                    golden.logits(),
                    ModelFixtures.widen(run.activations.logits().toArray()),
                    1e-5);

            double loss = run.lossAndGradients();
            assertEquals(golden.expected().get("loss").asDouble(), loss, 1e-6);
            Map<String, double[]> gradients = run.gradients();
            ModelFixtures.assertClose(golden.gradients(), gradients, 1e-4);
            double squares = gradients.values().stream()
                    .flatMapToDouble(Arrays::stream)
                    .map(g -> g * g)
                    .sum();
            assertEquals(golden.expected().get("gradient_norm").asDouble(), Math.sqrt(squares), 1e-5);
        }
    }

    /** Shapes that break lanes and blocks: odd widths, one head, one layer, contexts around the block of 64 rows. */
    @ParameterizedTest
    @CsvSource({
        "13, 5, 1, 1, 6, true, true, GELU_TANH, 0",
        "13, 5, 2, 2, 8, false, true, GELU_ERF, 0",
        "31, 64, 1, 2, 20, true, false, GELU_TANH, 0",
        "31, 65, 2, 3, 33, true, true, GELU_ERF, 0",
        "70, 130, 1, 4, 64, false, false, GELU_TANH, 0",
        "70, 130, 2, 2, 24, true, true, GELU_TANH, 0.25",
        "19, 70, 2, 3, 15, false, false, GELU_ERF, 0.1"
    })
    void randomModel_logitsLossAndGradients_areTheReferences(
            int vocabulary,
            int time,
            int layers,
            int heads,
            int width,
            boolean biases,
            boolean tied,
            Activation activation,
            double dropout) {
        ModelShape shape = new ModelShape(
                vocabulary,
                time + 3,
                layers,
                heads,
                width,
                4 * width + 1,
                biases,
                tied,
                activation,
                1e-5,
                0.02,
                dropout,
                dropout,
                dropout);
        Map<String, double[]> weights = ModelFixtures.randomWeights(shape, 1);
        int[][] ids = ModelFixtures.randomIds(shape, 3, time, 2);
        int[][] targets = ModelFixtures.randomIds(shape, 3, time, 3);
        for (String kernels : new String[] {"scalar", "vector"}) {
            try (Run run = new Run(shape, weights, ids, targets, kernels)) {
                ReferenceGpt reference = new ReferenceGpt(shape, weights, run.dropouts::multiplier);
                run.forward();
                ModelFixtures.assertClose(
                        "logits, " + kernels,
                        reference.logits(ids),
                        ModelFixtures.widen(run.activations.logits().toArray()),
                        1e-5);
                assertEquals(reference.loss(ids, targets), run.lossAndGradients(), 1e-5);
                ModelFixtures.assertClose(reference.gradients(ids, targets), run.gradients(), 1e-4);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"scalar", "vector"})
    void forward_afterChangingAToken_leavesEarlierLogitsBitwiseEqual(String kernels) {
        ModelShape shape = small();
        Map<String, double[]> weights = ModelFixtures.randomWeights(shape, 1);
        int[][] ids = ModelFixtures.randomIds(shape, 1, 70, 2);
        try (Run run = new Run(shape, weights, ids, ids, kernels)) {
            run.forward();
            float[] before = run.activations.logits().toArray();
            int changed = 66;
            run.activations.tokens()[changed] = (ids[0][changed] + 1) % shape.vocabularySize();
            run.forward();
            float[] after = run.activations.logits().toArray();
            int v = shape.vocabularySize();
            assertArrayEquals(Arrays.copyOf(before, changed * v), Arrays.copyOf(after, changed * v));
            assertNotEquals(before[changed * v], after[changed * v]);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "1, scalar",
        "5, scalar",
        "64, scalar",
        "70, scalar",
        "1, vector",
        "5, vector",
        "64, vector",
        "70, vector"
    })
    void step_afterReadingAPrompt_givesTheLogitsOfAFullForwardPass(int prompt, String kernels) {
        ModelShape shape = small();
        Map<String, double[]> weights = ModelFixtures.randomWeights(shape, 1);
        int[][] ids = ModelFixtures.randomIds(shape, 1, 72, 2);
        int v = shape.vocabularySize();
        try (Run run = new Run(shape, weights, ids, ids, kernels);
                DecodeState state = new DecodeState(run.model)) {
            run.forward();
            float[] full = run.activations.logits().toArray();
            float[] logits = state.read(run.model, run.space, ids[0], 0, prompt).toArray();
            for (int t = prompt; t <= 72; t++) {
                float[] expected = Arrays.copyOfRange(full, (t - 1) * v, t * v);
                ModelFixtures.assertClose("logits after " + t, ModelFixtures.widen(expected), logits, 1e-5);
                if (t < 72) {
                    logits = run.model.step(run.space, state, ids[0][t]).toArray();
                }
            }
            assertEquals(72, state.cache().length());
        }
    }

    /** Sequences of a batch know nothing of each other: logits are those of each alone, gradients their sum. */
    @ParameterizedTest
    @ValueSource(strings = {"scalar", "vector"})
    void batch_isItsSequencesOneByOne(String kernels) {
        ModelShape shape = small();
        Map<String, double[]> weights = ModelFixtures.randomWeights(shape, 1);
        int[][] ids = ModelFixtures.randomIds(shape, 3, 70, 2);
        int[][] targets = ModelFixtures.randomIds(shape, 3, 70, 3);
        int logits = 70 * shape.vocabularySize();
        try (Run batch = new Run(shape, weights, ids, targets, kernels)) {
            batch.forward();
            float[] together = batch.activations.logits().toArray();
            double loss = batch.lossAndGradients();
            Map<String, double[]> mean = new TreeMap<>();
            double losses = 0;
            for (int i = 0; i < 3; i++) {
                try (Run single = new Run(shape, weights, new int[][] {ids[i]}, new int[][] {targets[i]}, kernels)) {
                    single.forward();
                    ModelFixtures.assertClose(
                            "logits of sequence " + i,
                            ModelFixtures.widen(single.activations.logits().toArray()),
                            Arrays.copyOfRange(together, i * logits, (i + 1) * logits),
                            1e-5);
                    losses += single.lossAndGradients();
                    single.gradients().forEach((name, gradient) -> {
                        double[] third = Arrays.stream(gradient).map(g -> g / 3).toArray();
                        mean.merge(name, third, GptTest::sum);
                    });
                }
            }
            assertEquals(losses / 3, loss, 1e-6);
            ModelFixtures.assertClose(mean, batch.gradients(), 1e-5);
        }
    }

    private static double[] sum(double[] a, double[] b) {
        double[] sum = a.clone();
        Arrays.setAll(sum, i -> a[i] + b[i]);
        return sum;
    }

    @Test
    void tiedHead_sharesTheMemoryOfTheTokenEmbedding() {
        try (ParameterRegistry registry = ParameterRegistry.of(small()).allocate()) {
            Parameter head = registry.get("lm_head.weight");
            registry.get("wte.weight").value().putScalar(3, 2, 42f);
            assertEquals(42f, head.value().getFloat(3, 2));
            assertEquals(42f, head.matrix().toArray()[3 * small().width() + 2]);
        }
    }

    private static ModelShape small() {
        return new ModelShape(29, 72, 2, 2, 24, 96, true, true, Activation.GELU_TANH, 1e-5, 0.02, 0, 0, 0);
    }

    /** One model with weights and a batch. */
    private static final class Run implements AutoCloseable {
        final ParameterRegistry registry;
        final Gpt model;
        final Dropouts dropouts;
        final Activations activations;
        final Gradients gradients;
        final Workspace space;

        Run(ModelShape shape, Map<String, double[]> weights, int[][] ids, int[][] targets, String kernels) {
            registry = ParameterRegistry.of(shape).allocate();
            ModelFixtures.fill(registry, weights);
            model = new Gpt(registry);
            dropouts = new Dropouts(shape, SEED);
            dropouts.atStep(5);
            int time = ids[0].length;
            activations = new Activations(model, ids.length, time, dropouts);
            gradients = new Gradients(registry, "gradients");
            space = TestWorkspaces.of(kernels, Gpt.longestRow(shape));
            for (int b = 0; b < ids.length; b++) {
                System.arraycopy(ids[b], 0, activations.tokens(), b * time, time);
                System.arraycopy(targets[b], 0, activations.targets(), b * time, time);
            }
            // A gradient is overwritten: what was there before must not matter.
            float[] noise = {Float.NaN};
            for (long i = 0; i < registry.trainedSize(); i++) {
                gradients.slab().write(i, noise, 0, 1);
            }
        }

        void forward() {
            model.forward(space, activations);
        }

        double lossAndGradients() {
            int tokens = activations.tokens().length;
            return model.lossAndGradients(space, activations, 1f / tokens, gradients) / tokens;
        }

        Map<String, double[]> gradients() {
            return ModelFixtures.read(registry, SlabLayout.TRAINED, gradients.slab());
        }

        @Override
        public void close() {
            activations.close();
            gradients.close();
            registry.close();
        }
    }
}
