package tinygpt.text;

import java.util.Arrays;
import java.util.Map;

/**
 * The merge rules, ready to be applied. A word is merged as Hugging Face's tokenizers do it: of all pairs of neighbours that
 * a rule fits, the one with the first rule is merged, the leftmost of several, until no rule fits. A queue finds it, so that
 * a word of n bytes takes n log n steps; a text may well be one word of a million letters.
 */
final class MergeTable {
    /** Told of every merge, to explain it. */
    @FunctionalInterface
    interface Observer {
        /**
         * A rule was applied.
         *
         * @param rank number of the rule, from 0
         * @param symbols the tokens of the word; those that are merged away are {@link #GONE}
         */
        void merged(int rank, int[] symbols);
    }

    static final int GONE = -1;
    private static final int NONE = -1;

    /** Open addressing: left id, right id as one number, and the rank of their rule. */
    private final long[] pairs;

    private final int[] ranks;
    /** By rank. */
    private final int[] results;

    MergeTable(BytePairVocabulary vocabulary) {
        int rules = vocabulary.merges().size();
        int capacity = Integer.highestOneBit(Math.max(4, rules)) * 4;
        pairs = new long[capacity];
        ranks = new int[capacity];
        results = new int[rules];
        Arrays.fill(ranks, NONE);
        Map<String, Integer> ids = vocabulary.ids();
        for (int rank = 0; rank < rules; rank++) {
            MergeRule rule = vocabulary.merges().get(rank);
            int place = place(rule.left(), rule.right());
            pairs[place] = pair(rule.left(), rule.right());
            ranks[place] = rank; // of a rule that is there twice the later rank holds, as in a map
            results[rank] = ids.get(
                    vocabulary.tokens().get(rule.left()) + vocabulary.tokens().get(rule.right()));
        }
    }

    /** The token that a rule makes. */
    int result(int rank) {
        return results[rank];
    }

    /**
     * Merges the tokens of a word in place.
     *
     * @param symbols token ids, one for each byte at first
     * @param count how many there are
     * @param observer told of every merge, or null
     * @return how many are left, at the front
     */
    int merge(int[] symbols, int count, Observer observer) {
        if (count < 2) {
            return count;
        }
        int[] next = new int[count];
        int[] previous = new int[count];
        MergeQueue queue = new MergeQueue(count);
        for (int i = 0; i < count; i++) {
            next[i] = i + 1;
            previous[i] = i - 1;
            offer(queue, symbols, i, i + 1, count);
        }
        while (!queue.isEmpty()) {
            long first = queue.remove();
            int rank = MergeQueue.rank(first);
            int left = MergeQueue.place(first);
            int right = next[left];
            // What was queued may be merged already, or have other neighbours now.
            if (symbols[left] == GONE || right == count || !makes(results[rank], symbols[left], symbols[right])) {
                continue;
            }
            symbols[left] = results[rank];
            symbols[right] = GONE;
            next[left] = next[right];
            if (next[left] < count) {
                previous[next[left]] = left;
            }
            if (observer != null) {
                observer.merged(rank, symbols);
            }
            if (previous[left] >= 0) {
                offer(queue, symbols, previous[left], left, count);
            }
            offer(queue, symbols, left, next[left], count);
        }
        int kept = 0;
        for (int i = 0; i < count; i = next[i]) {
            symbols[kept++] = symbols[i];
        }
        return kept;
    }

    private void offer(MergeQueue queue, int[] symbols, int left, int right, int count) {
        if (right < count) {
            int rank = ranks[place(symbols[left], symbols[right])];
            if (rank != NONE) {
                queue.add(rank, left);
            }
        }
    }

    private boolean makes(int result, int left, int right) {
        int rank = ranks[place(left, right)];
        return rank != NONE && results[rank] == result;
    }

    /** Where a pair is in the table, or the free place where it would be. */
    private int place(int left, int right) {
        long pair = pair(left, right);
        int mask = pairs.length - 1;
        int place = (int) ((pair * 0x9E3779B97F4A7C15L) >>> 32) & mask;
        while (ranks[place] != NONE && pairs[place] != pair) {
            place = (place + 1) & mask;
        }
        return place;
    }

    private static long pair(int left, int right) {
        return (long) left << Integer.SIZE | right;
    }
}
