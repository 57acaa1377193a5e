package tinygpt.report;

import java.util.Arrays;
import tinygpt.inspection.TensorStatistics;
import tinygpt.metrics.LineBuffer;
import tinygpt.parameters.Parameter;
import tinygpt.tensor.Slab;

/**
 * How the numbers of one tensor are spread at one snapshot. All but the norm is of the finite ones, and NaN where there are
 * none.
 *
 * @param norm 2-norm; not finite if a number is not
 * @param notFinite how many numbers are NaN or infinite
 * @param min the smallest
 * @param max the largest
 * @param mean of all
 * @param sd standard deviation, divisor n
 * @param sizeLimit what at most one in 200 exceeds in size
 * @param quantiles at {@link #SHARES}
 * @param histogram in at most {@value #BINS} bins; null where no number is finite
 */
record TensorSummary(
        double norm,
        long notFinite,
        double min,
        double max,
        double mean,
        double sd,
        double sizeLimit,
        double[] quantiles,
        GridHistogram histogram) {
    /** Bins that are kept. */
    static final int BINS = 128;

    /** Where quantiles are taken. */
    private static final double[] SHARES = {0, 0.05, 0.25, 0.5, 0.75, 0.95, 1};

    /** Quantiles are read off a histogram this fine, so they are right to a 2,000th of the range. */
    private static final int FINE_BINS = 4096;

    private static final double EXCEEDING = 1 / 200.0;
    /** Numbers that are read at a time. */
    static final int PIECE = 1 << 14;

    /** Gives numbers of a tensor from element {@code first} on. */
    @FunctionalInterface
    interface Source {
        void read(long first, float[] numbers, int count);
    }

    /** The shares at which quantiles are taken, in [0, 1]. */
    static double[] shares() {
        return SHARES.clone();
    }

    /** The summary of a parameter in a slab laid out like the registry. */
    static TensorSummary of(Slab slab, Parameter parameter) {
        return of((first, piece, n) -> slab.read(parameter.offset() + first, piece, 0, n), parameter.size());
    }

    /** The summary of so many numbers, which are read twice. */
    static TensorSummary of(Source source, long size) {
        float[] piece = new float[(int) Math.min(PIECE, size)];
        TensorStatistics all = TensorStatistics.none(false);
        for (long done = 0; done < size; done += PIECE) {
            int n = (int) Math.min(PIECE, size - done);
            source.read(done, piece, n);
            all = all.plus(TensorStatistics.of(piece, null, n));
        }
        double[] quantiles = new double[SHARES.length];
        if (all.notFinite() == all.count()) {
            Arrays.fill(quantiles, Double.NaN);
            double none = Double.NaN;
            return new TensorSummary(all.norm(), all.notFinite(), none, none, none, none, none, quantiles, null);
        }
        GridHistogram fine = GridHistogram.between(all.min(), all.max(), FINE_BINS);
        for (long done = 0; done < size; done += PIECE) {
            int n = (int) Math.min(PIECE, size - done);
            source.read(done, piece, n);
            fine.add(piece, n);
        }
        for (int i = 0; i < SHARES.length; i++) {
            quantiles[i] = Math.min(all.max(), Math.max(all.min(), fine.quantile(SHARES[i])));
        }
        quantiles[0] = all.min();
        quantiles[SHARES.length - 1] = all.max();
        double largest = Math.max(Math.abs(all.min()), Math.abs(all.max()));
        return new TensorSummary(
                all.norm(),
                all.notFinite(),
                all.min(),
                all.max(),
                all.mean(),
                all.std(),
                Math.min(largest, fine.sizeExceededBy(EXCEEDING)),
                quantiles,
                fine.inAtMost(BINS));
    }

    void write(LineBuffer line) {
        number(line.add("{\"norm\":"), norm);
        line.add(",\"not_finite\":").add(notFinite);
        number(line.add(",\"min\":"), min);
        number(line.add(",\"max\":"), max);
        number(line.add(",\"mean\":"), mean);
        number(line.add(",\"sd\":"), sd);
        number(line.add(",\"size_limit\":"), sizeLimit);
        for (int i = 0; i < quantiles.length; i++) {
            number(line.add(i == 0 ? ",\"quantiles\":[" : ","), quantiles[i]);
        }
        line.add(']');
        if (histogram != null) {
            line.add(",\"exponent\":").add(histogram.exponent());
            line.add(",\"first_bin\":").add(histogram.first());
            for (int i = 0; i < histogram.counts().length; i++) {
                line.add(i == 0 ? ",\"counts\":[" : ",").add(histogram.counts()[i]);
            }
            line.add(']');
        }
        line.add('}');
    }

    private static void number(LineBuffer line, double value) {
        if (Float.isFinite((float) value)) {
            line.addRounded(value);
        } else {
            line.add("null");
        }
    }

    /**
     * Reads what {@link #write} wrote.
     *
     * @param size how many numbers the tensor has
     * @throws tinygpt.formats.BadFileException if it is something else
     */
    static TensorSummary read(JsonFields fields, long size) {
        long notFinite = fields.integer("not_finite", 0, size);
        double[] quantiles = fields.numbers("quantiles", SHARES.length, SHARES.length);
        GridHistogram histogram = null;
        if (notFinite < size) {
            int exponent = (int) fields.integer("exponent", GridHistogram.LEAST_EXPONENT, Float.MAX_EXPONENT);
            long first = fields.integer("first_bin", -GridHistogram.FARTHEST_BIN, GridHistogram.FARTHEST_BIN);
            long[] counts = fields.integers("counts", 1, BINS, 0, size);
            histogram = new GridHistogram(exponent, first, counts);
            if (histogram.total() != size - notFinite) {
                throw fields.bad("counts", "they add up to " + histogram.total() + " of " + size + " numbers");
            }
        }
        return new TensorSummary(
                fields.number("norm"),
                notFinite,
                fields.number("min"),
                fields.number("max"),
                fields.number("mean"),
                fields.number("sd"),
                fields.number("size_limit"),
                quantiles,
                histogram);
    }
}
