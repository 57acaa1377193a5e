package tinygpt.training;

import java.util.List;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.model.Gpt;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.tensor.Slab;
import tinygpt.tensor.WorkerTeam;

/**
 * Computes the gradient of a step. The engine may use threads or machines as it likes; the sum over shards is taken in
 * their order, so that every engine gives the same bits.
 */
public interface GradientEngine extends AutoCloseable {
    /** Opens the engine of a trainer. */
    @FunctionalInterface
    interface Factory {
        /**
         * An engine.
         *
         * @param tokens the training tokens
         * @param team the trainer's workers, which the engine may use while it computes and does not close
         */
        GradientEngine open(Gpt model, Hyperparameters hyperparameters, int[] tokens, WorkerTeam team);

        /** Bytes that the engine takes on this machine outside the Java heap. */
        default long bytes(ParameterRegistry registry, Hyperparameters hyperparameters, int threads) {
            return LocalEngine.bytes(registry.trainedSize(), hyperparameters, threads);
        }

        /**
         * Where replicas train: one after the other, with gradients of this factory's engine, unless a factory knows
         * better.
         *
         * @param moments of each replica, the caller's to close
         */
        default ReplicaEngine openReplicas(
                Gpt model, Hyperparameters hyperparameters, int[] tokens, WorkerTeam team, List<AdamWMoments> moments) {
            GradientEngine engine = open(model, hyperparameters, tokens, team);
            return new LocalReplicas(engine, model, hyperparameters, tokens, team, moments);
        }
    }

    /**
     * Computes the gradient of the mean loss over a step's batch, at the registry's present weights, and leaves it in
     * {@link #gradients()}.
     *
     * @param step counted from 0; of replicas the number of the batch, see {@link ReplicaSteps}
     * @return the mean loss, in nats per token
     * @throws EngineFailedException if the machines that compute it are gone; weights are as they were
     */
    double compute(long step);

    /** The gradient of the last step, with room for what is trained: {@link tinygpt.parameters.SlabLayout#TRAINED}. */
    Slab gradients();

    /** Gives back memory and threads of its own. */
    @Override
    void close();
}
