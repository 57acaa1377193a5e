package tinygpt.text;

import tinygpt.hyperparameters.BatchOrder;
import tinygpt.random.CounterRandom;
import tinygpt.random.RandomPermutation;
import tinygpt.random.Stream;

/**
 * Where batches and evaluations read. A window of length T at start s has the inputs s .. s + T - 1 and the targets
 * s + 1 .. s + T, positions in the token ids of one split; so n tokens have n - 1 targets.
 */
public final class Windows {
    private Windows() {}

    /**
     * Where one sequence of a training batch starts: a pure function, so that there is no position to save.
     *
     * <p>RANDOM draws uniformly from the n - T starts that leave room for the last target, as nanoGPT does. SEQUENTIAL puts
     * the floor((n - 1) / T) whole windows side by side, as llm.c's loader does, and counts through them over all steps;
     * after the last whole window, which may be in the middle of a batch, the first one follows. SHUFFLED passes over the
     * text again and again: each pass begins at a random token below 2T, takes max(1, floor(n / T) - 1) windows side by
     * side and shuffles them, so that a pass reads every token once but for fewer than 2T at its two ends. A batch may end
     * one pass and begin the next.
     *
     * @param step training step, from 0
     * @param batchSize sequences in a batch, B
     * @param position place of the sequence in its batch, 0 to B - 1
     * @param trainTokens number of training tokens, n
     * @param contextLength tokens of a sequence, T
     * @return a position in the training tokens, 0 to n - T - 1
     * @throws IllegalArgumentException if there is not one whole window, or step or position is out of range
     */
    public static int start(
            BatchOrder order, long seed, long step, int batchSize, int position, int trainTokens, int contextLength) {
        requireContext(contextLength);
        if (trainTokens - 1 < contextLength) {
            throw new IllegalArgumentException(trainTokens + " training tokens have no whole window of context length "
                    + contextLength + ", which needs " + (contextLength + 1L));
        }
        if (step < 0 || position < 0 || position >= batchSize) {
            throw new IllegalArgumentException("step " + step + ", position " + position
                    + ": steps count from 0, positions from 0 to " + (batchSize - 1L));
        }
        return switch (order) {
            case RANDOM -> (int) CounterRandom.below(trainTokens - contextLength, seed, Stream.BATCH, step, position);
            case SHUFFLED -> shuffled(seed, step, batchSize, position, trainTokens, contextLength);
            case SEQUENTIAL -> {
                long windows = (trainTokens - 1) / contextLength;
                // The step is reduced first, so that the product cannot overflow.
                long window = (step % windows * batchSize + position) % windows;
                yield (int) (window * contextLength);
            }
        };
    }

    private static int shuffled(long seed, long step, int batchSize, int position, int trainTokens, int contextLength) {
        long windows = Math.max(1, trainTokens / contextLength - 1);
        long inPass = step % windows * batchSize + position;
        long pass = step / windows * batchSize + inPass / windows;
        long firstToken =
                CounterRandom.below(trainTokens - windows * contextLength, seed, Stream.SHUFFLE, pass, Long.MAX_VALUE);
        return (int) (firstToken
                + contextLength * RandomPermutation.at(inPass % windows, windows, seed, Stream.SHUFFLE, pass));
    }

    /**
     * How many evaluation windows a split has. They lie side by side and cover every target exactly once, so the last one
     * may be shorter.
     *
     * @param tokens number of tokens of the split, at least 2
     * @param contextLength the longest window, T
     * @throws IllegalArgumentException if there is no target or no context
     */
    public static int count(int tokens, int contextLength) {
        requireContext(contextLength);
        if (tokens < 2) {
            throw new IllegalArgumentException(
                    tokens + " tokens have nothing to predict; an evaluation needs at least 2");
        }
        return (int) ((tokens - 1L + contextLength - 1) / contextLength);
    }

    /**
     * Where evaluation window i starts: i T.
     *
     * @throws IllegalArgumentException if there is no such window
     */
    public static int start(int window, int tokens, int contextLength) {
        int count = count(tokens, contextLength);
        if (window < 0 || window >= count) {
            throw new IllegalArgumentException("evaluation window " + window + " of " + count + " (counted from 0)");
        }
        return window * contextLength;
    }

    /**
     * How many targets evaluation window i has: T, or what is left for the last one.
     *
     * @throws IllegalArgumentException if there is no such window
     */
    public static int length(int window, int tokens, int contextLength) {
        return Math.min(contextLength, tokens - 1 - start(window, tokens, contextLength));
    }

    private static void requireContext(int contextLength) {
        if (contextLength < 1) {
            throw new IllegalArgumentException("the context length is " + contextLength + "; it must be at least 1");
        }
    }
}
