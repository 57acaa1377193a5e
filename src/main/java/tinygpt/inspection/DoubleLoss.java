package tinygpt.inspection;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.model.Dropouts;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.reference.Masks;
import tinygpt.reference.ReferenceGpt;
import tinygpt.training.BatchPlan;

/**
 * The loss of one step's batch in double precision, as a function of the weights: what central differences need, since in
 * float32 the rounding of the loss is larger than what a nudge changes.
 *
 * <p>Computed by the {@link ReferenceGpt}, which shares no arithmetic with training, with the same windows and the same
 * dropout masks. The weights are a copy.
 */
public final class DoubleLoss {
    /**
     * The usual nudge: the rounding of the loss, about 1e-16, divided by it, and its square, which is what a central
     * difference is off by, are both far below what float32 can tell.
     */
    public static final double NUDGE = 1e-5;

    private final ParameterRegistry registry;
    private final Map<String, double[]> weights = new LinkedHashMap<>();
    private final Dropouts dropouts;
    private final boolean drops;
    private final int[][] ids;
    private final int[][] targets;

    /**
     * The loss at the present weights.
     *
     * @param tokens the training tokens
     * @param step counted from 0
     */
    public DoubleLoss(Hyperparameters h, ParameterRegistry registry, int[] tokens, long step) {
        this.registry = registry;
        for (Parameter parameter : registry.owned()) {
            weights.put(parameter.name(), values(registry, parameter));
        }
        dropouts = new Dropouts(h.model(), h.seed());
        dropouts.atStep(step);
        drops = dropouts.active();
        BatchPlan plan = new BatchPlan(h, tokens.length);
        int time = h.model().contextLength();
        ids = new int[h.data().batchSize()][];
        targets = new int[ids.length][];
        for (int b = 0; b < ids.length; b++) {
            int start = plan.start(step, b);
            ids[b] = Arrays.copyOfRange(tokens, start, start + time);
            targets[b] = Arrays.copyOfRange(tokens, start + 1, start + 1 + time);
        }
    }

    /** Multiply-adds that one evaluation takes, about: weights times tokens. */
    public static double work(ParameterRegistry registry, Hyperparameters h) {
        return (double) registry.count() * h.data().batchSize() * h.model().contextLength();
    }

    private static double[] values(ParameterRegistry registry, Parameter parameter) {
        float[] floats = new float[Math.toIntExact(parameter.size())];
        registry.weights().read(parameter.offset(), floats, 0, floats.length);
        double[] values = new double[floats.length];
        Arrays.setAll(values, i -> floats[i]);
        return values;
    }

    /** The mean over the batch, in nats per token. Sequences are spread over the processors and added up in order. */
    public double value() {
        double[] losses = new double[ids.length];
        IntStream.range(0, ids.length)
                .parallel()
                .forEach(b -> losses[b] = new ReferenceGpt(registry, weights, masks(b))
                        .loss(new int[][] {ids[b]}, new int[][] {targets[b]}));
        return Arrays.stream(losses).sum() / ids.length;
    }

    /** The masks of one sequence of the batch. */
    private Masks masks(int sequence) {
        if (!drops) {
            return Masks.NONE;
        }
        int time = ids[sequence].length;
        return (kind, layer, index) -> index.length == 2
                ? dropouts.multiplier(kind, layer, sequence * time + index[0], index[1])
                : dropouts.multiplier(kind, layer, sequence + index[0], index[1], index[2], index[3]);
    }

    /** (L(w + e) - L(w - e)) / 2e of one number. */
    public double slope(WeightElement element) {
        double[] values = weights.get(element.parameter().name());
        int place = Math.toIntExact(element.place());
        double kept = values[place];
        return slope(e -> {
            values[place] = kept + e;
            double loss = value();
            values[place] = kept;
            return loss;
        });
    }

    /**
     * The same along a direction in one tensor: (L(W + e d) - L(W - e d)) / 2e, which is the sum over gradient times
     * direction.
     *
     * @param direction as many numbers as the tensor has
     */
    public double slope(Parameter parameter, double[] direction) {
        double[] values = weights.get(parameter.name());
        double[] kept = values.clone();
        return slope(e -> {
            Arrays.setAll(values, i -> kept[i] + e * direction[i]);
            double loss = value();
            System.arraycopy(kept, 0, values, 0, kept.length);
            return loss;
        });
    }

    private static double slope(DoubleUnaryOperator loss) {
        return (loss.applyAsDouble(NUDGE) - loss.applyAsDouble(-NUDGE)) / (2 * NUDGE);
    }
}
