package tinygpt.inspection;

import java.util.List;
import tinygpt.parameters.Parameter;

/**
 * How numbers are spread: counts in bins of equal width between two limits, which belong to the first and the last bin.
 *
 * @param low lower limit
 * @param high upper limit, above the lower one
 * @param counts by bin
 * @param below how many numbers lie below the lower limit
 * @param above how many numbers lie above the upper limit
 */
public record ValueHistogram(double low, double high, long[] counts, long below, long above) {
    public ValueHistogram {
        if (!(low < high) || counts.length == 0) {
            throw new IllegalArgumentException(
                    "a histogram of " + counts.length + " bins from " + low + " to " + high + " has no width");
        }
        counts = counts.clone();
    }

    @Override
    public long[] counts() {
        return counts.clone();
    }

    /**
     * Counts the numbers of parameters in a file. NaN is counted nowhere.
     *
     * @param low lower limit; where it equals the upper one the limits lie around it, so that a constant fills one bin
     */
    public static ValueHistogram of(WeightFile file, List<Parameter> parameters, double low, double high, int bins) {
        boolean flat = !(low < high);
        double from = flat ? low - Math.max(1e-6, Math.abs(low) / 2) : low;
        double to = flat ? low + Math.max(1e-6, Math.abs(low) / 2) : high;
        long[] counts = new long[bins];
        long[] outside = new long[2];
        for (Parameter parameter : parameters) {
            file.forEachPiece(parameter, (first, piece, n) -> {
                for (int i = 0; i < n; i++) {
                    double x = piece[i];
                    if (x < from) {
                        outside[0]++;
                    } else if (x > to) {
                        outside[1]++;
                    } else if (x == x) {
                        counts[(int) Math.min(bins - 1, (x - from) / (to - from) * bins)]++;
                    }
                }
            });
        }
        return new ValueHistogram(from, to, counts, outside[0], outside[1]);
    }
}
