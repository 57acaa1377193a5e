package tinygpt.training;

import tinygpt.parameters.ParameterRegistry;
import tinygpt.parameters.SlabLayout;
import tinygpt.tensor.Slab;

/**
 * What AdamW remembers.
 *
 * @param mean running mean of gradients, with room for what is trained: {@link SlabLayout#TRAINED}
 * @param meanSquare running mean of squared gradients, laid out in the same way
 */
public record AdamWMoments(Slab mean, Slab meanSquare) implements AutoCloseable {

    /** Moments of 0, as before the first step. */
    public static AdamWMoments allocate(ParameterRegistry registry) {
        Slab mean = Slab.allocate("Adam's mean of gradients", registry.trainedSize());
        try {
            return new AdamWMoments(mean, Slab.allocate("Adam's mean of squared gradients", registry.trainedSize()));
        } catch (OutOfMemoryError e) {
            mean.close();
            throw e;
        }
    }

    @Override
    public void close() {
        mean.close();
        meanSquare.close();
    }
}
