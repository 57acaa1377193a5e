package tinygpt.metrics;

import java.util.Arrays;
import tinygpt.parameters.Parameter;
import tinygpt.tensor.Slab;

/**
 * How the numbers of a tensor are spread: counts in buckets of equal width between the smallest and the largest. Numbers
 * that are not finite are left out.
 */
final class Histogram {
    static final int BUCKETS = 64;
    private static final int PIECE = 1 << 14;

    private final float[] piece = new float[PIECE];
    private final double[] counts = new double[BUCKETS];
    private double min;
    private double max;
    private double sum;
    private double sumOfSquares;
    private long count;

    /** Counts the numbers of a parameter in a slab laid out like the registry. */
    Histogram of(Slab slab, Parameter parameter) {
        measure(slab, parameter);
        Arrays.fill(counts, 0);
        if (buckets() == 1) {
            counts[0] = count;
            return this;
        }
        double perWidth = BUCKETS / (max - min);
        for (long done = 0; done < parameter.size(); done += PIECE) {
            int n = read(slab, parameter, done);
            for (int i = 0; i < n; i++) {
                if (Float.isFinite(piece[i])) {
                    counts[Math.min(BUCKETS - 1, (int) ((piece[i] - min) * perWidth))]++;
                }
            }
        }
        return this;
    }

    /** One if all numbers are equal. */
    int buckets() {
        return max > min ? BUCKETS : 1;
    }

    /** Where a bucket ends; the last one includes it. */
    double rightEdge(int bucket) {
        return bucket == buckets() - 1 ? max : min + (bucket + 1) * ((max - min) / BUCKETS);
    }

    /** By bucket. */
    double[] counts() {
        return counts;
    }

    double min() {
        return min;
    }

    double max() {
        return max;
    }

    double sum() {
        return sum;
    }

    double sumOfSquares() {
        return sumOfSquares;
    }

    long count() {
        return count;
    }

    private void measure(Slab slab, Parameter parameter) {
        float smallest = Float.POSITIVE_INFINITY;
        float largest = Float.NEGATIVE_INFINITY;
        sum = 0;
        sumOfSquares = 0;
        count = 0;
        for (long done = 0; done < parameter.size(); done += PIECE) {
            int n = read(slab, parameter, done);
            for (int i = 0; i < n; i++) {
                float x = piece[i];
                if (Float.isFinite(x)) {
                    smallest = Math.min(smallest, x);
                    largest = Math.max(largest, x);
                    sum += x;
                    sumOfSquares += (double) x * x;
                    count++;
                }
            }
        }
        min = count == 0 ? 0 : smallest;
        max = count == 0 ? 0 : largest;
    }

    private int read(Slab slab, Parameter parameter, long done) {
        int n = (int) Math.min(PIECE, parameter.size() - done);
        slab.read(parameter.offset() + done, piece, 0, n);
        return n;
    }
}
