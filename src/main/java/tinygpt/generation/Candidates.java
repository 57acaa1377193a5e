package tinygpt.generation;

import java.util.Arrays;

/**
 * The tokens that may come next, with their logits and weights.
 *
 * <p>Design: likelier means a higher logit, or the same logit and a smaller id, so that the order has no ties. Only as much
 * of it is found as is needed: ids form a binary heap with the likeliest on top, built in V steps, and each rank costs
 * log V more. Ranked ids gather at the end of the same array, the likeliest last. Nothing is allocated after construction.
 */
final class Candidates {
    private final int vocabulary;
    private final float[] logits; // by id
    private final double[] weights; // by id, of kept candidates
    private final int[] ids; // [0, heap) a heap, behind it the ranked ones
    private int heap;
    private int kept;
    /** Whether the kept ones are ranks 0 to kept - 1; otherwise they are all ids. */
    private boolean ranked;

    private int likeliest;

    Candidates(int vocabulary) {
        this.vocabulary = vocabulary;
        logits = new float[vocabulary];
        weights = new double[vocabulary];
        ids = new int[vocabulary];
    }

    /** Where the logits go, (V), before {@link #reset}. */
    float[] logits() {
        return logits;
    }

    /**
     * Makes every token a candidate.
     *
     * @throws ArithmeticException if the logits hold NaN or no largest finite number
     */
    void reset() {
        likeliest = 0;
        boolean numbers = true;
        for (int id = 0; id < vocabulary; id++) {
            numbers &= logits[id] == logits[id];
            likeliest = logits[id] > logits[likeliest] ? id : likeliest;
        }
        if (!numbers || !Float.isFinite(logits[likeliest])) {
            throw new ArithmeticException("the model's logits are not finite numbers, so no token can be chosen;"
                    + " its training diverged: use an earlier checkpoint, or train with a smaller learning rate");
        }
        kept = vocabulary;
        ranked = false;
    }

    /** The most likely token. */
    int likeliest() {
        return likeliest;
    }

    /** The most likely tokens of all, the likeliest first; to be asked for before any are left out. */
    int[] likeliest(int count) {
        buildHeap();
        int[] likely = new int[Math.min(count, vocabulary)];
        for (int i = 0; i < likely.length; i++) {
            likely[i] = ids[0];
            rankNext();
        }
        return likely;
    }

    /** How many candidates there are. */
    int count() {
        return kept;
    }

    /** The id of a candidate, counted from 0: in order of likelihood if some were left out, otherwise in that of ids. */
    int id(int candidate) {
        return ranked ? ids[vocabulary - 1 - candidate] : candidate;
    }

    /** Keeps the likeliest. */
    void keep(int count) {
        if (count >= kept) {
            return;
        }
        buildHeap();
        for (int i = 0; i < count; i++) {
            rankNext();
        }
        kept = count;
        ranked = true;
    }

    /** Sets the weight of each candidate to exp((logit - largest logit) / temperature). */
    void weigh(double temperature) {
        float largest = logits[likeliest];
        for (int i = 0; i < kept; i++) {
            int id = id(i);
            weights[id] = Exponential.exp(((double) logits[id] - largest) / temperature);
        }
    }

    /** Keeps the fewest of the likeliest that have this share of the weight. */
    void keepShare(double share) {
        double enough = share * weight();
        if (!ranked) {
            buildHeap();
        }
        double sum = 0;
        int count = 0;
        while (count < kept && (count == 0 || sum < enough)) {
            if (!ranked) {
                rankNext();
            }
            sum += weights[ids[vocabulary - 1 - count]];
            count++;
        }
        kept = count;
        ranked = true;
    }

    /** Keeps those with at least this weight; that of the most likely one is 1. */
    void keepFrom(double least) {
        if (!ranked) {
            buildHeap();
        }
        int count = 0;
        while (count < kept && weights[ranked ? ids[vocabulary - 1 - count] : ids[0]] >= least) {
            if (!ranked) {
                rankNext();
            }
            count++;
        }
        kept = count;
        ranked = true;
    }

    /** The natural logarithm of the sum of exp(logit) of all tokens. */
    double logSumOfExponentials() {
        double sum = 0;
        for (float logit : logits) {
            sum += Exponential.exp((double) logit - logits[likeliest]);
        }
        return logits[likeliest] + StrictMath.log(sum);
    }

    /** The candidate at a place of the cumulative distribution: the first up to which there is more than that share. */
    int at(double share) {
        double target = share * weight();
        double sum = 0;
        int chosen = likeliest;
        for (int i = 0; i < kept; i++) {
            int id = id(i);
            sum += weights[id];
            if (sum > target) {
                return id;
            }
            chosen = weights[id] > 0 ? id : chosen; // where rounding leaves nothing above the target
        }
        return chosen;
    }

    /** The probabilities of the candidates, by id, once they have weights; 0 for other tokens. */
    double[] probabilities() {
        double[] probabilities = new double[vocabulary];
        double whole = weight();
        for (int i = 0; i < kept; i++) {
            probabilities[id(i)] = weights[id(i)] / whole;
        }
        return probabilities;
    }

    /**
     * Where each candidate's stretch of the cumulative distribution begins and ends, by id: numbers from {@code [id][0]}
     * up to {@code [id][1]} choose it. Null for other tokens.
     */
    double[][] stretches() {
        double[][] stretches = new double[vocabulary][];
        double whole = weight();
        double sum = 0;
        for (int i = 0; i < kept; i++) {
            double from = sum / whole;
            sum += weights[id(i)];
            stretches[id(i)] = new double[] {from, sum / whole};
        }
        return stretches;
    }

    private double weight() {
        double sum = 0;
        for (int i = 0; i < kept; i++) {
            sum += weights[id(i)];
        }
        return sum;
    }

    private void buildHeap() {
        Arrays.setAll(ids, i -> i);
        heap = vocabulary;
        for (int i = heap / 2 - 1; i >= 0; i--) {
            sink(i);
        }
    }

    /** Moves the likeliest of the heap behind it. */
    private void rankNext() {
        int top = ids[0];
        heap--;
        ids[0] = ids[heap];
        ids[heap] = top;
        sink(0);
    }

    private void sink(int from) {
        int id = ids[from];
        int at = from;
        for (int child = 2 * at + 1; child < heap; child = 2 * at + 1) {
            if (child + 1 < heap && likelier(ids[child + 1], ids[child])) {
                child++;
            }
            if (!likelier(ids[child], id)) {
                break;
            }
            ids[at] = ids[child];
            at = child;
        }
        ids[at] = id;
    }

    private boolean likelier(int a, int b) {
        return logits[a] > logits[b] || (logits[a] == logits[b] && a < b);
    }
}
