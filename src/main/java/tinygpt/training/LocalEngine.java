package tinygpt.training;

import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.model.Gpt;
import tinygpt.tensor.Slab;
import tinygpt.tensor.WorkerTeam;

/** Gradients by the threads of one machine. */
public final class LocalEngine implements GradientEngine {
    private final ShardGradients gradients;
    private final BatchPlan plan;

    /**
     * An engine on a team of workers; the team is the caller's to close.
     *
     * @param tokens the training tokens
     */
    public LocalEngine(Gpt model, Hyperparameters hyperparameters, int[] tokens, WorkerTeam team) {
        this(model, hyperparameters, tokens, team, ShardGradients.SLAB_BUDGET);
    }

    /** An engine that goes through the shards in rounds if their gradients need more bytes than the budget. */
    LocalEngine(Gpt model, Hyperparameters hyperparameters, int[] tokens, WorkerTeam team, long slabBudget) {
        plan = new BatchPlan(hyperparameters, tokens.length);
        gradients = new ShardGradients(model, hyperparameters, tokens, team, plan.shards(), slabBudget);
    }

    /**
     * Bytes that the gradients and activations of an engine take, without allocating them.
     *
     * @param trainedSize floats of a gradient, {@link tinygpt.parameters.ParameterRegistry#trainedSize()}
     */
    public static long bytes(long trainedSize, Hyperparameters hyperparameters, int threads) {
        return ShardGradients.bytes(
                trainedSize, hyperparameters, threads, hyperparameters.data().shards());
    }

    @Override
    public double compute(long step) {
        gradients.compute(step, 0, plan.shards());
        double loss = 0;
        for (int shard = 0; shard < plan.shards(); shard++) {
            loss += gradients.loss(shard);
        }
        return loss / plan.batchTokens();
    }

    @Override
    public Slab gradients() {
        return gradients.sum();
    }

    @Override
    public void close() {
        gradients.close();
    }
}
