package tinygpt.report;

import java.util.List;

/**
 * The bins that all histograms of one tensor are brought to, so that they can be compared over a run: at most {@value
 * SnapshotState#BINS} of equal width, over all numbers that the tensor ever had. Their edges lie on the grid of the
 * histograms, so the counts stay exact.
 */
final class RunBins {
    /** Around a constant, which has no width of its own. */
    private static final int BINS_OF_CONSTANT = 31;

    private final int exponent;
    private final long first; // on the grid
    private final long last;
    private final long width; // of a bin, in steps of the grid
    private final double constant; // NaN if there is none

    private RunBins(int exponent, long first, long last, long width, double constant) {
        this.exponent = exponent;
        this.first = first;
        this.last = last;
        this.width = width;
        this.constant = constant;
    }

    /** The bins for histograms of one tensor; for none, those around 0. */
    static RunBins of(List<GridHistogram> histograms) {
        int exponent =
                histograms.stream().mapToInt(GridHistogram::exponent).max().orElse(0);
        long first = first(histograms, exponent);
        long last = last(histograms, exponent);
        while (last - first >= TensorSummary.BINS) {
            exponent++;
            first = first(histograms, exponent);
            last = last(histograms, exponent);
        }
        long steps = last - first + 1;
        double constant = steps > 1 ? Double.NaN : histograms.isEmpty() ? 0 : Math.scalb((double) first, exponent);
        return new RunBins(exponent, first, last, (steps + SnapshotState.BINS - 1) / SnapshotState.BINS, constant);
    }

    private static long first(List<GridHistogram> histograms, int exponent) {
        return histograms.stream()
                .mapToLong(h -> h.widened(h.first(), exponent))
                .min()
                .orElse(0);
    }

    private static long last(List<GridHistogram> histograms, int exponent) {
        return histograms.stream()
                .mapToLong(h -> h.widened(h.last(), exponent))
                .max()
                .orElse(0);
    }

    private boolean isConstant() {
        return !Double.isNaN(constant);
    }

    int count() {
        return isConstant() ? BINS_OF_CONSTANT : (int) ((last - first + width) / width);
    }

    /** Where the first bin begins. */
    double low() {
        return isConstant() ? constant - aroundConstant() : Math.scalb((double) first, exponent);
    }

    /** Where the last bin ends. */
    double high() {
        return isConstant() ? constant + aroundConstant() : Math.scalb((double) (first + count() * width), exponent);
    }

    private double aroundConstant() {
        return Math.max(1e-6, Math.abs(constant) / 2);
    }

    /** How many numbers of a histogram each bin has. */
    long[] counts(GridHistogram histogram) {
        long[] counts = new long[count()];
        GridHistogram same = histogram.widened(exponent);
        for (int i = 0; i < same.counts().length; i++) {
            counts[isConstant() ? BINS_OF_CONSTANT / 2 : (int) ((same.first() + i - first) / width)] +=
                    same.counts()[i];
        }
        return counts;
    }
}
