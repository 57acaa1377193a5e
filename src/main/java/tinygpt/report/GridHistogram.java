package tinygpt.report;

import java.util.Arrays;

/**
 * Counts of numbers in bins of width 2^exponent whose edges are whole multiples of it: bin i has those from
 * {@code (first + i) 2^exponent} up to the next edge. Edges of wider bins are edges of narrower ones too, so that histograms
 * of different widths can be brought to one without any error.
 *
 * @param exponent of the width
 * @param first number of the first bin
 * @param counts by bin, at least one
 */
record GridHistogram(int exponent, long first, long[] counts) {
    /** How far below a float's own exponent the bin of a constant lies: narrower than any that it is brought to. */
    private static final int BELOW = 40;

    /** The narrowest bins there are. */
    static final int LEAST_EXPONENT = Float.MIN_EXPONENT - 23 - BELOW;

    /** No bin of a float has a number of this size. */
    static final long FARTHEST_BIN = 1L << BELOW + 2;

    GridHistogram {
        if (counts.length == 0) {
            throw new IllegalArgumentException("a histogram has at least one bin");
        }
    }

    /** An empty one that has room for finite numbers between two limits, in at most so many bins. */
    static GridHistogram between(float min, float max, int bins) {
        int exponent = exponent(min, max, bins);
        long first = bin(min, exponent);
        return new GridHistogram(exponent, first, new long[(int) (bin(max, exponent) - first + 1)]);
    }

    private static int exponent(float min, float max, int bins) {
        if (min == max) {
            return Math.max(LEAST_EXPONENT, Math.getExponent(max) - BELOW);
        }
        int exponent = Math.max(LEAST_EXPONENT, Math.getExponent(((double) max - min) / bins) - 1);
        while (bin(max, exponent) - bin(min, exponent) >= bins) {
            exponent++;
        }
        return exponent;
    }

    /** The bin of width 2^exponent that a number is in; exact, because powers of two are. */
    private static long bin(double x, int exponent) {
        return (long) Math.floor(Math.scalb(x, -exponent));
    }

    /** Counts numbers that lie within; NaN and infinities are passed over. */
    void add(float[] numbers, int n) {
        double scale = Math.scalb(1.0, -exponent);
        for (int i = 0; i < n; i++) {
            if (Float.isFinite(numbers[i])) {
                counts[(int) ((long) Math.floor(numbers[i] * scale) - first)]++;
            }
        }
    }

    /** The same in wider bins. */
    GridHistogram widened(int wider) {
        if (wider < exponent) {
            throw new IllegalArgumentException("bins of 2^" + exponent + " cannot be split into bins of 2^" + wider);
        }
        long from = widened(first, wider);
        long[] sums = new long[(int) (widened(first + counts.length - 1, wider) - from + 1)];
        for (int i = 0; i < counts.length; i++) {
            sums[(int) (widened(first + i, wider) - from)] += counts[i];
        }
        return new GridHistogram(wider, from, sums);
    }

    /** The same in at most so many bins, as narrow as the grid allows. */
    GridHistogram inAtMost(int bins) {
        int wider = exponent;
        while (widened(last(), wider) - widened(first, wider) >= bins) {
            wider++;
        }
        return widened(wider);
    }

    /** The bin of the same numbers where bins are wider. */
    long widened(long bin, int wider) {
        return bin >> Math.min(Long.SIZE - 1, wider - exponent);
    }

    /** Number of the last bin. */
    long last() {
        return first + counts.length - 1;
    }

    /** Where a bin begins, counted from 0; that of the one behind the last is where the last ends. */
    double edge(int bin) {
        return Math.scalb((double) (first + bin), exponent);
    }

    /** How many numbers were counted. */
    long total() {
        return Arrays.stream(counts).sum();
    }

    /**
     * The number below which a share of all lies, as if they were spread evenly within a bin: off by less than a bin's
     * width. NaN if there are none.
     */
    double quantile(double share) {
        double rank = share * total();
        double below = 0;
        for (int i = 0; i < counts.length; i++) {
            if (counts[i] > 0 && below + counts[i] >= rank) {
                double within = Math.max(0, rank - below) / counts[i];
                return edge(i) + within * (edge(i + 1) - edge(i));
            }
            below += counts[i];
        }
        return Double.NaN;
    }

    /** A limit that at most this share of all numbers exceeds in size: that of a bin's outer edge. NaN if there are none. */
    double sizeExceededBy(double share) {
        double allowed = share * total();
        long beyond = 0;
        int low = 0;
        int high = counts.length - 1;
        while (low <= high) {
            boolean left = -edge(low) > edge(high + 1);
            int outer = left ? low++ : high--;
            beyond += counts[outer];
            if (beyond > allowed) {
                return Math.max(Math.abs(edge(outer)), Math.abs(edge(outer + 1)));
            }
        }
        return Double.NaN;
    }
}
