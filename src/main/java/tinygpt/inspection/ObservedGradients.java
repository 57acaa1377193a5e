package tinygpt.inspection;

import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.model.Activations;
import tinygpt.model.Dropouts;
import tinygpt.model.Gpt;
import tinygpt.model.Gradients;
import tinygpt.tensor.Slab;
import tinygpt.tensor.WorkerTeam;
import tinygpt.training.BatchPlan;
import tinygpt.training.GradientEngine;
import tinygpt.training.LocalEngine;

/**
 * The usual engine, from which one number of the gradient can be read before the optimizer clips it: the whole, and the
 * share of each shard, which is computed a second time by itself.
 */
public final class ObservedGradients implements GradientEngine.Factory {
    private WeightElement watched;
    private float gradient;
    private float[] shares;
    private GradientEngine engine;

    /** From the next step on, this number is observed; null for none. */
    void watch(WeightElement element) {
        watched = element;
    }

    /** The number's gradient in the last step, before clipping. */
    float gradient() {
        return gradient;
    }

    /** The same of each shard: {@link #gradient} is their sum, in this order. */
    float[] shares() {
        return shares.clone();
    }

    /**
     * The loss of a step's batch at the present weights, with the step's dropout, in nats per token.
     *
     * @param step counted from 0
     */
    public double loss(long step) {
        return engine.compute(step);
    }

    @Override
    public GradientEngine open(Gpt model, Hyperparameters hyperparameters, int[] tokens, WorkerTeam team) {
        GradientEngine local = new LocalEngine(model, hyperparameters, tokens, team);
        engine = new GradientEngine() {
            @Override
            public double compute(long step) {
                double loss = local.compute(step);
                if (watched != null) {
                    gradient = watched.trained(local.gradients());
                    shares = sharesOf(model, hyperparameters, tokens, team, step);
                }
                return loss;
            }

            @Override
            public Slab gradients() {
                return local.gradients();
            }

            @Override
            public void close() {
                local.close();
            }
        };
        return engine;
    }

    private float[] sharesOf(Gpt model, Hyperparameters h, int[] tokens, WorkerTeam team, long step) {
        BatchPlan plan = new BatchPlan(h, tokens.length);
        Dropouts dropouts = new Dropouts(h.model(), h.seed());
        dropouts.atStep(step);
        float[] shares = new float[plan.shards()];
        try (Gradients gradients = new Gradients(model.registry(), "gradients of one shard");
                Activations a =
                        new Activations(model, plan.shardSize(), h.model().contextLength(), dropouts)) {
            for (int shard = 0; shard < shares.length; shard++) {
                plan.fill(step, shard, tokens, a);
                model.forward(team.workspace(), a);
                model.lossAndGradients(team.workspace(), a, 1f / plan.batchTokens(), gradients);
                shares[shard] = watched.trained(gradients.slab());
            }
        }
        return shares;
    }
}
