package tinygpt.training;

import tinygpt.tensor.Slab;

/**
 * Computes the gradient of a step. The engine may use threads or machines as it likes; the sum over shards is taken in
 * their order, so that every engine gives the same bits.
 */
public interface GradientEngine extends AutoCloseable {
    /**
     * Computes the gradient of the mean loss over a step's batch, at the registry's present weights, and leaves it in
     * {@link #gradients()}.
     *
     * @param step counted from 0
     * @return the mean loss, in nats per token
     */
    double compute(long step);

    /** The gradient of the last step, with room for what is trained: {@link tinygpt.parameters.SlabLayout#TRAINED}. */
    Slab gradients();

    /** Gives back memory and threads of its own. */
    @Override
    void close();
}
