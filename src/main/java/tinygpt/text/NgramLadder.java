package tinygpt.text;

import java.util.Arrays;
import java.util.BitSet;

/**
 * What three models that only count reach on the validation split: the rungs a trained model is expected to climb.
 *
 * <pre>
 *   uniform  ln V
 *   unigram  -ln (count(b) + 1) / (n + V)            n training tokens
 *   bigram   -ln (count(a b) + 1) / (count(a .) + V)  count(a .) training tokens a that have a successor
 * </pre>
 *
 * <p>Counts are of the training split; losses are means over all targets of the validation split, which is every token of
 * it but the first, the same that an evaluation covers. Both counting models are add-one smoothed (Laplace), so a token
 * that training never saw has a finite loss.
 *
 * @param vocabulary the V of the formulas
 * @param targets number of validation targets
 * @param uniform loss of the uniform model, in nats per token
 * @param unigram loss of the add-one unigram model, in nats per token
 * @param bigram loss of the add-one bigram model, in nats per token
 */
public record NgramLadder(int vocabulary, int targets, double uniform, double unigram, double bigram) {

    /**
     * The ladder with V = the number of distinct tokens that the corpus has. An end of text that is reserved but never
     * occurs is thus not counted: the convention of the published figures for Tiny Shakespeare, whose V is 65.
     *
     * @throws IllegalArgumentException if the validation split has no target
     */
    public static NgramLadder of(Corpus corpus) {
        return of(corpus, distinct(corpus));
    }

    /**
     * The ladder with a given V, for example the tokenizer's vocabulary size.
     *
     * @throws IllegalArgumentException if the validation split has no target, or the corpus has more distinct tokens than
     *     V, whose probabilities would add up to more than 1
     */
    public static NgramLadder of(Corpus corpus, int vocabulary) {
        if (corpus.validation().length < 2) {
            throw new IllegalArgumentException("the validation split has " + corpus.validation().length
                    + " tokens and so nothing to predict; use a longer text or a larger --validation-fraction");
        }
        int distinct = distinct(corpus);
        if (vocabulary < distinct) {
            throw new IllegalArgumentException("a vocabulary of " + vocabulary + " is too small for a corpus with "
                    + distinct + " distinct tokens");
        }
        return of(corpus, corpus.validation(), vocabulary);
    }

    /**
     * The ladder, counted on the training split as always, for other tokens of the corpus than the validation split. V is
     * the number of distinct tokens that the corpus has.
     *
     * @throws IllegalArgumentException if there are fewer than two tokens
     */
    public static NgramLadder on(Corpus corpus, int[] evaluated) {
        if (evaluated.length < 2) {
            throw new IllegalArgumentException(
                    evaluated.length + " tokens have nothing to predict; an evaluation needs at least 2");
        }
        return of(corpus, evaluated, distinct(corpus));
    }

    private static NgramLadder of(Corpus corpus, int[] evaluated, int vocabulary) {
        int[] train = corpus.train();
        long[] single = new long[corpus.tokenizer().vocabularySize()];
        for (int id : train) {
            single[id]++;
        }
        // Only pairs that are evaluated are looked up, so only they are counted: no V x V table.
        long[] pairs = distinctPairs(evaluated);
        long[] pairCount = new long[pairs.length];
        for (int i = 1; i < train.length; i++) {
            int place = Arrays.binarySearch(pairs, pair(train, i));
            if (place >= 0) {
                pairCount[place]++;
            }
        }
        double unigram = 0;
        double bigram = 0;
        for (int i = 1; i < evaluated.length; i++) {
            int before = evaluated[i - 1];
            // The last training token has no successor.
            long followed = single[before] - (train.length > 0 && train[train.length - 1] == before ? 1 : 0);
            unigram -= Math.log((single[evaluated[i]] + 1.0) / (train.length + (double) vocabulary));
            bigram -= Math.log((pairCount[Arrays.binarySearch(pairs, pair(evaluated, i))] + 1.0)
                    / (followed + (double) vocabulary));
        }
        int targets = evaluated.length - 1;
        return new NgramLadder(vocabulary, targets, Math.log(vocabulary), unigram / targets, bigram / targets);
    }

    private static int distinct(Corpus corpus) {
        BitSet seen = new BitSet(corpus.tokenizer().vocabularySize());
        for (int id : corpus.train()) {
            seen.set(id);
        }
        for (int id : corpus.validation()) {
            seen.set(id);
        }
        return seen.cardinality();
    }

    private static long[] distinctPairs(int[] ids) {
        long[] pairs = new long[ids.length - 1];
        for (int i = 1; i < ids.length; i++) {
            pairs[i - 1] = pair(ids, i);
        }
        return Arrays.stream(pairs).sorted().distinct().toArray();
    }

    /** The tokens at i - 1 and i as one number. */
    private static long pair(int[] ids, int i) {
        return ((long) ids[i - 1] << Integer.SIZE) | ids[i];
    }
}
