package tinygpt.inspection;

import java.util.Map;
import java.util.function.Consumer;
import tinygpt.hyperparameters.Activation;
import tinygpt.hyperparameters.Adaptation;
import tinygpt.hyperparameters.ModelShape;
import tinygpt.model.Activations;
import tinygpt.model.Gpt;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.reference.ModelFixtures;
import tinygpt.tensor.Workspace;

/** A small random model with memory, for the tests of this room. */
final class LookedAtModel implements AutoCloseable {
    static final ModelShape SHAPE =
            new ModelShape(19, 72, 3, 2, 12, 48, true, true, Activation.GELU_TANH, 1e-5, 0.02, 0, 0, 0);

    final ParameterRegistry registry;
    final Map<String, double[]> weights;
    final Gpt model;
    final Workspace space;

    LookedAtModel() {
        this(ParameterRegistry.of(SHAPE), registry -> {});
    }

    LookedAtModel(ParameterRegistry shapes, Consumer<ParameterRegistry> changes) {
        registry = shapes.allocate();
        weights = ModelFixtures.randomWeights(registry, 1);
        ModelFixtures.fill(registry, weights);
        changes.accept(registry);
        model = new Gpt(registry);
        space = new Workspace(Gpt.longestRow(registry.shape()));
    }

    /** One with low-rank adapters on every linear layer of its attention. */
    static LookedAtModel adapted() {
        return new LookedAtModel(ParameterRegistry.of(SHAPE, new Adaptation("*", 2, 3, "attention")), registry -> {});
    }

    /** (T, V). */
    float[] logits(int... tokens) {
        try (Activations a = new Activations(model, 1, tokens.length, null)) {
            System.arraycopy(tokens, 0, a.tokens(), 0, tokens.length);
            model.forward(space, a);
            return a.logits().toArray();
        }
    }

    /** The numbers of all weights. */
    float[] numbers() {
        float[] numbers = new float[Math.toIntExact(registry.slabSize())];
        registry.weights().read(0, numbers, 0, numbers.length);
        return numbers;
    }

    static int[] tokens(int count) {
        return ModelFixtures.randomIds(SHAPE, 1, count, 2)[0];
    }

    @Override
    public void close() {
        registry.close();
    }
}
