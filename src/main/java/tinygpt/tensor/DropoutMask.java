package tinygpt.tensor;

import tinygpt.random.CounterRandom;
import tinygpt.random.Stream;

/**
 * Which elements one dropout layer drops in one step: a function of (seed, stream, step, row, column), so that the backward
 * pass computes it again instead of storing it, and no thread or machine can change it.
 */
public final class DropoutMask {
    private static final int RANDOM_VALUES = 1 << 24;

    private final long seed;
    private final Stream stream;
    private final int threshold;
    private final float keptScale;
    private long step;

    /**
     * A mask of a given rate.
     *
     * @param rate probability that an element is dropped, in [0, 1); rounded to a multiple of 2^-24
     */
    public DropoutMask(long seed, Stream stream, double rate) {
        this.seed = seed;
        this.stream = stream;
        this.threshold = (int) Math.round(rate * RANDOM_VALUES);
        this.keptScale = (float) (1 / (1 - rate));
    }

    /** Whether it drops anything. */
    public boolean active() {
        return threshold > 0;
    }

    /** Goes to a training step. */
    public void atStep(long step) {
        this.step = step;
    }

    /** What an element is multiplied by: 0 or 1 / (1 - rate). The definition of the mask, for tests. */
    public float multiplier(long row, int column) {
        long key = key(row);
        return Kernels.dropoutBits((int) key, (int) (key >>> 32), column) >= threshold ? keptScale : 0;
    }

    long key(long row) {
        return CounterRandom.bits(seed, stream, step, row);
    }

    int threshold() {
        return threshold;
    }

    float keptScale() {
        return keptScale;
    }
}
