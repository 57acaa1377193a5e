package tinygpt.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tinygpt.hyperparameters.Activation;
import tinygpt.hyperparameters.Adaptation;
import tinygpt.hyperparameters.ModelShape;
import tinygpt.parameters.AdapterMerge;
import tinygpt.parameters.Initializer;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.parameters.SlabLayout;
import tinygpt.reference.Masks;
import tinygpt.reference.ModelFixtures;
import tinygpt.reference.ReferenceGpt;
import tinygpt.tensor.TestWorkspaces;
import tinygpt.tensor.Workspace;

/** Adapters and freezing in the fast model, against the double-precision reference. */
class AdaptedGptTest {
    private static final int TIME = 70;

    private static ModelShape shape(boolean biases, boolean tied) {
        return new ModelShape(31, 72, 3, 3, 33, 90, biases, tied, Activation.GELU_TANH, 1e-5, 0.02, 0, 0, 0);
    }

    @ParameterizedTest
    @CsvSource({
        "true, true, 1, *, scalar",
        "false, false, 5, attention, vector",
        "true, false, 33, h.1.*, vector",
        "false, true, 4, 'attention,feed-forward', scalar"
    })
    void modelWithAdapters_logitsAndGradients_areTheReferences(
            boolean biases, boolean tied, int rank, String on, String kernels) {
        ParameterRegistry shapes = ParameterRegistry.of(shape(biases, tied), new Adaptation("*", rank, 0.5 + rank, on));
        check(shapes, kernels);
    }

    /** What is frozen has no gradient; that of the rest is what it is with nothing frozen. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "kind:adapter",
                "kind:adapter,normalization",
                "!kind:adapter",
                "*.lora_B.*",
                "*.lora_A.*",
                "kind:normalization",
                "*.bias",
                "wte.weight",
                "wpe.weight",
                "h.2.*",
                "h.1.mlp.c_proj.bias",
                "ln_f.weight",
                "ln_f.* h.1.ln_2.bias",
                "!kind:embedding,positional"
            })
    void frozenParts_leaveTheOtherGradientsAsTheyAre(String trainable) {
        check(ParameterRegistry.of(shape(true, true), new Adaptation(trainable, 3, 7, "attention,*.c_fc")), "vector");
    }

    private static void check(ParameterRegistry shapes, String kernels) {
        Map<String, double[]> weights = ModelFixtures.randomWeights(shapes, 1);
        int[][] ids = ModelFixtures.randomIds(shapes.shape(), 2, TIME, 2);
        int[][] targets = ModelFixtures.randomIds(shapes.shape(), 2, TIME, 3);
        ReferenceGpt reference = new ReferenceGpt(shapes, weights, Masks.NONE);
        Map<String, double[]> expected = reference.gradients(ids, targets);
        expected.keySet().removeIf(name -> !shapes.get(name).trainable());
        try (ParameterRegistry registry = shapes.allocate()) {
            ModelFixtures.fill(registry, weights);
            Gpt model = new Gpt(registry);
            Workspace space = TestWorkspaces.of(kernels, Gpt.longestRow(model.shape()));
            try (Activations a = new Activations(model, 2, TIME, new Dropouts(model.shape(), 1));
                    Gradients gradients = new Gradients(registry, "gradients")) {
                for (int b = 0; b < 2; b++) {
                    System.arraycopy(ids[b], 0, a.tokens(), b * TIME, TIME);
                    System.arraycopy(targets[b], 0, a.targets(), b * TIME, TIME);
                }
                float[] noise = {Float.NaN}; // a gradient is overwritten
                for (long i = 0; i < registry.trainedSize(); i++) {
                    gradients.slab().write(i, noise, 0, 1);
                }
                model.forward(space, a);
                ModelFixtures.assertClose(
                        "logits", reference.logits(ids), a.logits().toArray(), 1e-5);
                double loss = model.lossAndGradients(space, a, 1f / (2 * TIME), gradients) / (2 * TIME);
                assertEquals(reference.loss(ids, targets), loss, 1e-5);
                ModelFixtures.assertClose(
                        expected, ModelFixtures.read(registry, SlabLayout.TRAINED, gradients.slab()), 1e-4);
            }
        }
    }

    @Test
    void freshAdapters_changeNothing() {
        ModelShape shape = shape(true, true);
        try (ParameterRegistry plain = ParameterRegistry.of(shape).allocate();
                ParameterRegistry adapted = ParameterRegistry.of(shape, new Adaptation("kind:adapter", 4, 16, "*"))
                        .allocate()) {
            Initializer.initialize(plain, 3);
            Initializer.initialize(adapted, 3);
            assertArrayEquals(logits(plain, 20), logits(adapted, 20));
        }
    }

    @Test
    void stepByStep_givesTheLogitsOfAFullForwardPass() {
        ModelShape shape = shape(true, true);
        ParameterRegistry shapes = ParameterRegistry.of(shape, new Adaptation("kind:adapter", 4, 16, "*"));
        int[] ids = ModelFixtures.randomIds(shape, 1, 40, 2)[0];
        try (ParameterRegistry registry = shapes.allocate()) {
            ModelFixtures.fill(registry, ModelFixtures.randomWeights(registry, 1));
            Gpt model = new Gpt(registry);
            Workspace space = TestWorkspaces.of("vector", Gpt.longestRow(shape));
            float[] full = logits(registry, 40);
            try (DecodeState state = new DecodeState(model)) {
                float[] logits = state.read(model, space, ids, 0, 30).toArray();
                for (int t = 30; t <= 40; t++) {
                    float[] expected = Arrays.copyOfRange(full, (t - 1) * 31, t * 31);
                    ModelFixtures.assertClose("logits after " + t, ModelFixtures.widen(expected), logits, 1e-5);
                    logits = t < 40 ? model.step(space, state, ids[t]).toArray() : logits;
                }
            }
        }
    }

    @Test
    void stepOfABatch_givesEachTextTheLogitsOfAStepAlone_toTheBit() {
        ModelShape shape = shape(true, false);
        ParameterRegistry shapes = ParameterRegistry.of(shape, new Adaptation("kind:adapter", 4, 16, "*"));
        int[] ids = ModelFixtures.randomIds(shape, 1, 40, 2)[0];
        try (ParameterRegistry registry = shapes.allocate()) {
            ModelFixtures.fill(registry, ModelFixtures.randomWeights(registry, 1));
            Gpt model = new Gpt(registry);
            Workspace space = TestWorkspaces.of("vector", Gpt.longestRow(shape));
            DecodeBatch batch = new DecodeBatch(3);
            try (DecodeState a = new DecodeState(model);
                    DecodeState b = new DecodeState(model);
                    DecodeState alone = new DecodeState(model)) {
                a.read(model, space, ids, 0, 30);
                b.read(model, space, ids, 9, 2);
                batch.add(a, ids[30]);
                batch.add(b, ids[11]);
                model.step(space, batch);
                alone.read(model, space, ids, 0, 30);
                assertArrayEquals(
                        model.step(space, alone, ids[30]).toArray(), a.logits().toArray());
                alone.read(model, space, ids, 9, 2);
                assertArrayEquals(
                        model.step(space, alone, ids[11]).toArray(), b.logits().toArray());
                assertEquals(31, a.cache().length());
                assertEquals(3, b.cache().length());
            }
        }
    }

    @Test
    void mergedModel_hasTheLogitsOfTheAdaptedOne() {
        ModelShape shape = shape(false, false);
        ParameterRegistry shapes =
                ParameterRegistry.of(shape, new Adaptation("kind:adapter", 4, 3, "attention,h.1.mlp.*"));
        try (ParameterRegistry adapted = shapes.allocate()) {
            ModelFixtures.fill(adapted, ModelFixtures.randomWeights(adapted, 1));
            try (ParameterRegistry merged = AdapterMerge.merge(adapted)) {
                assertEquals(ParameterRegistry.of(shape).count(), merged.count());
                ModelFixtures.assertClose("logits", ModelFixtures.widen(logits(adapted, 60)), logits(merged, 60), 1e-6);
                try (ParameterRegistry base = ParameterRegistry.of(shape).allocate()) {
                    base.owned().forEach(p -> {
                        float[] values = adapted.get(p.name()).matrix().toArray();
                        base.weights().write(p.offset(), values, 0, values.length);
                    });
                    // Otherwise adapters that do nothing would pass.
                    double[] far = ModelFixtures.widen(logits(base, 60));
                    org.junit.jupiter.api.Assertions.assertThrows(
                            AssertionError.class,
                            () -> ModelFixtures.assertClose("logits", far, logits(merged, 60), 0.1));
                }
            }
        }
    }

    @Test
    void trainingFlops_ofFrozenMatrices_areTwoThirds() {
        ModelShape shape = shape(true, true);
        double all = TrainingFlops.ofStep(ParameterRegistry.of(shape), 2, TIME);
        ParameterRegistry frozen = ParameterRegistry.of(shape, new Adaptation("kind:normalization", 0, 1, "*"));
        double attention = 2 * 12.0 * 3 * 33 * HeadViews.scores(TIME);
        assertEquals((all - attention) * 4 / 6, TrainingFlops.ofStep(frozen, 2, TIME) - attention, 1e-3);
    }

    /** Logits of random tokens, (T, V). */
    private static float[] logits(ParameterRegistry registry, int time) {
        Gpt model = new Gpt(registry);
        try (Activations a = new Activations(model, 1, time, null)) {
            int[] ids = ModelFixtures.randomIds(model.shape(), 1, time, 2)[0];
            System.arraycopy(ids, 0, a.tokens(), 0, time);
            model.forward(TestWorkspaces.of("vector", Gpt.longestRow(model.shape())), a);
            return a.logits().toArray();
        }
    }
}
