package tinygpt.training;

import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.model.Activations;
import tinygpt.model.Dropouts;
import tinygpt.model.Gpt;
import tinygpt.model.NonFinite;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.parameters.SlabLayout;
import tinygpt.tensor.Slab;
import tinygpt.tensor.Workspace;

/**
 * Finds the place where a step stopped being finite.
 *
 * <p>Design: one NaN in the forward pass makes the loss and every gradient NaN, so these tell nothing. A bad weight is looked
 * for first; then the forward pass of the failing batch is done again, shard by shard, and its first bad output is the
 * answer; only if there is none the gradients are looked at, in the order in which the backward pass makes them.
 */
final class Diagnosis {
    private static final int PIECE = 1 << 14;

    private final Hyperparameters hyperparameters;
    private final Gpt model;
    private final int[] tokens;
    private final Workspace workspace;

    Diagnosis(Hyperparameters hyperparameters, Gpt model, int[] tokens, Workspace workspace) {
        this.hyperparameters = hyperparameters;
        this.model = model;
        this.tokens = tokens;
        this.workspace = workspace;
    }

    /**
     * What to tell of a step whose loss or gradient is not finite.
     *
     * @param step counted from 0
     * @param batch number of the batch it was to train on, the step's own without replicas
     * @param gradients that the step left
     */
    TrainingFailedException of(long step, long batch, double loss, Slab gradients) {
        return new TrainingFailedException(String.format(
                Locale.ROOT,
                "step %,d: training stopped being finite (loss %s); %s. Try a lower --learning-rate, a longer"
                        + " --warmup-steps or a --gradient-clip of 1",
                step + 1,
                loss,
                place(batch, gradients)));
    }

    /**
     * What to tell of an evaluation whose loss is not finite.
     *
     * @param steps done before it
     */
    TrainingFailedException ofEvaluation(long steps, double loss) {
        return new TrainingFailedException(String.format(
                Locale.ROOT,
                "after step %,d: the validation loss is not finite (%s); %s. Try a lower --learning-rate, a longer"
                        + " --warmup-steps or a --gradient-clip of 1",
                steps,
                loss,
                place(
                        steps,
                        () -> " and so is the forward pass of the next batch, but not that of the validation text")));
    }

    private String place(long batch, Slab gradients) {
        return place(
                batch,
                () -> backward(gradients)
                        .map(found -> " and so is the forward pass; going back, the first tensor concerned is the"
                                + " gradient of " + found)
                        .orElse(" and so are the forward pass and each gradient, but not their norm"));
    }

    /** Where it began; if neither the weights nor the forward pass of a batch show it, what else there is to say. */
    private String place(long batch, Supplier<String> otherwise) {
        ParameterRegistry registry = model.registry();
        Scan largest = null;
        for (Parameter parameter : registry.owned()) {
            Scan scan = Scan.of(registry.weights(), SlabLayout.WEIGHTS, parameter);
            if (scan.bad > 0) {
                return "the first tensor concerned is " + scan.describe();
            }
            largest = largest == null || scan.largest > largest.largest ? scan : largest;
        }
        String finite = String.format(
                Locale.ROOT,
                "every weight is finite (the largest, %.3g, is in %s)",
                largest.largest,
                largest.parameter.name());
        return forward(batch)
                .map(found -> finite + ", and the first to overflow is " + found)
                .orElseGet(() -> finite + otherwise.get());
    }

    /** The first bad output of the batch's forward pass. */
    private Optional<String> forward(long batch) {
        BatchPlan plan = new BatchPlan(hyperparameters, tokens.length);
        Dropouts dropouts = new Dropouts(hyperparameters.model(), hyperparameters.seed());
        dropouts.atStep(batch);
        int time = hyperparameters.model().contextLength();
        try (Activations a = new Activations(model, plan.shardSize(), time, dropouts)) {
            for (int shard = 0; shard < plan.shards(); shard++) {
                plan.fill(batch, shard, tokens, a);
                model.forward(workspace, a);
                Optional<String> found = NonFinite.first(a);
                if (found.isPresent()) {
                    return found;
                }
            }
            return Optional.empty();
        } catch (OutOfMemoryError e) {
            return Optional.of("not known, because there is no memory to do the forward pass again");
        }
    }

    private Optional<String> backward(Slab gradients) {
        var trained = model.registry().trained();
        for (int i = trained.size() - 1; i >= 0; i--) {
            Scan scan = Scan.of(gradients, SlabLayout.TRAINED, trained.get(i));
            if (scan.bad > 0) {
                return Optional.of(scan.describe());
            }
        }
        return Optional.empty();
    }

    /** How many numbers of a parameter are not finite, and the largest magnitude of the others. */
    private record Scan(Parameter parameter, long bad, float largest) {
        static Scan of(Slab slab, SlabLayout layout, Parameter parameter) {
            float[] piece = new float[PIECE];
            long bad = 0;
            float largest = 0;
            for (long done = 0; done < parameter.size(); done += PIECE) {
                int count = (int) Math.min(PIECE, parameter.size() - done);
                slab.read(layout.offset(parameter) + done, piece, 0, count);
                for (int i = 0; i < count; i++) {
                    if (Float.isFinite(piece[i])) {
                        largest = Math.max(largest, Math.abs(piece[i]));
                    } else {
                        bad++;
                    }
                }
            }
            return new Scan(parameter, bad, largest);
        }

        String describe() {
            return String.format(
                    Locale.ROOT,
                    "%s, %,d of its %,d numbers are NaN or infinite",
                    parameter.name(),
                    bad,
                    parameter.size());
        }
    }
}
