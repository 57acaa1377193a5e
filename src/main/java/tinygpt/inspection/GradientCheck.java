package tinygpt.inspection;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.model.Gpt;
import tinygpt.parameters.InitialLaw;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterKind;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.random.CounterRandom;
import tinygpt.random.Stream;
import tinygpt.tensor.Slab;
import tinygpt.tensor.WorkerTeam;
import tinygpt.training.LocalEngine;

/**
 * Checks the backward pass: the gradient of every tensor that is trained against central differences of the loss in double
 * precision.
 *
 * <p>Design: the fast code computes the gradient of a small batch of random tokens, in two shards and with dropout. Of each
 * tensor some elements are nudged one by one, the one with the largest gradient first, and then the whole tensor at once
 * along a random direction of +-1/sqrt(n), in which an error in any element shows. Weights are random and large: gains of
 * 1, biases of 0 and small weights hide errors.
 */
public final class GradientCheck {
    private static final int MOST_TIME = 32;
    private static final int SEQUENCES = 2;
    private static final double DROPOUT = 0.1;
    private static final double VECTOR_STD = 0.3;
    private static final int RANDOM_ELEMENTS = 2;

    /** Evaluations of the loss that each tensor takes. */
    private static final int EVALUATIONS = 2 * (RANDOM_ELEMENTS + 2);

    private GradientCheck() {}

    /**
     * One tensor.
     *
     * @param elements which were nudged
     * @param nudged what came of it, in the same order
     * @param direction the same of the whole tensor along a random direction of length 1
     */
    public record Tensor(
            Parameter parameter, List<WeightElement> elements, List<NudgedGradient> nudged, NudgedGradient direction) {
        /** Whether everything agrees. */
        public boolean passes() {
            return direction.agrees() && nudged.stream().allMatch(NudgedGradient::agrees);
        }
    }

    /** The hyperparameters as they are checked: a small batch in two shards, with dropout. */
    public static Hyperparameters reduced(Hyperparameters h) {
        int time = Math.min(MOST_TIME, h.model().contextLength());
        return h.with("data.shards", "1")
                .with("data.batch_size", String.valueOf(SEQUENCES))
                .with("data.shards", String.valueOf(SEQUENCES))
                .with("model.context_length", String.valueOf(time))
                .with("model.embedding_dropout", String.valueOf(DROPOUT))
                .with("model.attention_dropout", String.valueOf(DROPOUT))
                .with("model.residual_dropout", String.valueOf(DROPOUT));
    }

    /** Multiply-adds in double precision that a check takes, about. */
    public static double work(Hyperparameters h) {
        Hyperparameters checked = reduced(h);
        ParameterRegistry registry = ParameterRegistry.of(checked);
        return DoubleLoss.work(registry, checked)
                * EVALUATIONS
                * registry.trained().size();
    }

    /**
     * Checks a model of these hyperparameters.
     *
     * @return an entry for each tensor that is trained, in registry order
     */
    public static List<Tensor> of(Hyperparameters h, int threads) {
        return of(h, threads, gradients -> {});
    }

    /** The same, with something done to the gradient before it is checked. */
    static List<Tensor> of(Hyperparameters h, int threads, Consumer<Slab> tampering) {
        Hyperparameters checked = reduced(h);
        int[] tokens = tokens(checked);
        try (ParameterRegistry registry = ParameterRegistry.of(checked).allocate();
                WorkerTeam team = new WorkerTeam(threads, Gpt.longestRow(checked.model()))) {
            for (Parameter parameter : registry.owned()) {
                fill(registry.weights(), parameter, checked.seed());
            }
            try (LocalEngine engine = new LocalEngine(new Gpt(registry), checked, tokens, team)) {
                engine.compute(0);
                tampering.accept(engine.gradients());
                DoubleLoss loss = new DoubleLoss(checked, registry, tokens, 0);
                List<Tensor> tensors = new ArrayList<>();
                for (Parameter parameter : registry.trained()) {
                    tensors.add(check(parameter, engine.gradients(), loss, checked.seed()));
                }
                return tensors;
            }
        }
    }

    private static Tensor check(Parameter parameter, Slab gradients, DoubleLoss loss, long seed) {
        int size = Math.toIntExact(parameter.size());
        float[] g = new float[size];
        gradients.read(parameter.trainedOffset(), g, 0, size);
        long name = CounterRandom.hash(parameter.name());
        double[] direction = new double[size];
        double along = 0;
        double squares = 0;
        int largest = 0;
        for (int i = 0; i < size; i++) {
            double sign = CounterRandom.below(2, seed, Stream.BATCH, name, i) == 0 ? 1 : -1;
            direction[i] = sign / Math.sqrt(size);
            along += direction[i] * g[i];
            squares += (double) g[i] * g[i];
            largest = Math.abs(g[i]) > Math.abs(g[largest]) ? i : largest;
        }
        double typical = Math.sqrt(squares / size);
        List<WeightElement> elements = new ArrayList<>();
        elements.add(new WeightElement(parameter, largest));
        for (int i = 0; i < RANDOM_ELEMENTS; i++) {
            elements.add(new WeightElement(parameter, CounterRandom.below(size, seed, Stream.SAMPLING, name, i)));
        }
        List<NudgedGradient> nudged = elements.stream()
                .map(e -> new NudgedGradient(loss.slope(e), g[(int) e.place()], typical))
                .toList();
        return new Tensor(
                parameter, elements, nudged, new NudgedGradient(loss.slope(parameter, direction), along, typical));
    }

    private static int[] tokens(Hyperparameters h) {
        int[] tokens = new int[4 * h.model().contextLength()];
        for (int i = 0; i < tokens.length; i++) {
            tokens[i] = (int) CounterRandom.below(h.model().vocabularySize(), h.seed(), Stream.BATCH, 0, i);
        }
        return tokens;
    }

    /** Random numbers around the initial constants; matrices keep the size of what they multiply. */
    private static void fill(Slab weights, Parameter parameter, long seed) {
        double mean = parameter.initialLaw() instanceof InitialLaw.Constant constant ? constant.value() : 0;
        double std = std(parameter);
        long name = CounterRandom.hash(parameter.name());
        float[] values = new float[Math.toIntExact(parameter.size())];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (mean + std * CounterRandom.normal(seed, Stream.INITIAL_WEIGHTS, name, i));
        }
        weights.write(parameter.offset(), values, 0, values.length);
    }

    private static double std(Parameter parameter) {
        int[] shape = parameter.shape();
        if (shape.length == 1) {
            return VECTOR_STD;
        }
        boolean table = parameter.kind() == ParameterKind.EMBEDDING
                || parameter.kind() == ParameterKind.POSITIONAL
                || parameter.kind() == ParameterKind.OUTPUT;
        return 1 / Math.sqrt(shape[table ? 1 : 0]);
    }
}
