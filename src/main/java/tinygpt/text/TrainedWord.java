package tinygpt.text;

import java.util.Arrays;

/** A distinct word of a training text: its tokens so far, and how often it occurs. */
final class TrainedWord {
    /** Told how the number of occurrences of a pair changes. */
    @FunctionalInterface
    interface PairChange {
        void add(long pair, long change);
    }

    private int[] symbols;
    private final long count;

    TrainedWord(int[] symbols, long count) {
        this.symbols = symbols;
        this.count = count;
    }

    /** All pairs of neighbours: the middle one of "aaa" belongs to two. */
    void pairs(PairChange changes) {
        for (int i = 1; i < symbols.length; i++) {
            changes.add(pair(symbols[i - 1], symbols[i]), count);
        }
    }

    /**
     * Merges a pair wherever it occurs, from left to right. Told are the pairs with the tokens before and behind that go
     * and come; the pair itself is not used again.
     */
    void merge(int left, int right, int merged, PairChange changes) {
        int[] after = new int[symbols.length];
        int kept = 0;
        for (int i = 0; i < symbols.length; i++) {
            if (i + 1 == symbols.length || symbols[i] != left || symbols[i + 1] != right) {
                after[kept++] = symbols[i];
                continue;
            }
            if (kept > 0) {
                changes.add(pair(after[kept - 1], left), -count);
                changes.add(pair(after[kept - 1], merged), count);
            }
            if (i + 2 < symbols.length) {
                changes.add(pair(right, symbols[i + 2]), -count);
                changes.add(pair(merged, symbols[i + 2]), count);
            }
            after[kept++] = merged;
            i++;
        }
        symbols = Arrays.copyOf(after, kept);
    }

    static long pair(int left, int right) {
        return (long) left << Integer.SIZE | right;
    }

    static int left(long pair) {
        return (int) (pair >>> Integer.SIZE);
    }

    static int right(long pair) {
        return (int) pair;
    }
}
