package tinygpt.bench;

import tinygpt.hyperparameters.Hyperparameters;

/**
 * What to measure and for how long.
 *
 * @param threads workers of a training step, at least 1
 * @param steps how many steps to measure; 0 leaves it to {@code seconds}
 * @param seconds about how long to measure steps, after a warm-up of a quarter of it
 * @param comparison whether steps with one thread are measured in turns with the others
 * @param generation whether generation is measured, for about half as long
 */
public record BenchmarkPlan(int threads, int steps, double seconds, Comparison comparison, boolean generation) {
    /** When to measure one thread beside several. */
    public enum Comparison {
        /** If the second set of gradients and means is small. */
        IF_SMALL,
        ALWAYS,
        NEVER
    }

    public BenchmarkPlan {
        if (threads < 1) {
            throw new IllegalArgumentException("--threads is " + threads + "; it must be at least 1");
        }
        if (steps < 0) {
            throw new IllegalArgumentException("--steps is " + steps + "; it must be at least 1");
        }
        if (!(seconds > 0 && seconds <= 86_400)) {
            throw new IllegalArgumentException(
                    "--seconds is " + seconds + "; it must be positive and at most a day, 86400");
        }
    }

    /** Throws an {@link IllegalArgumentException} if there are more threads than shards of a batch. */
    void checkThreads(Hyperparameters hyperparameters) {
        int shards = hyperparameters.data().shards();
        if (threads > shards) {
            throw new IllegalArgumentException(threads + " threads have nothing to do with " + shards
                    + " shards; use --threads " + shards + " or cut the batch with --shards");
        }
    }
}
