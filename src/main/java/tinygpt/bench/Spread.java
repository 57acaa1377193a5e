package tinygpt.bench;

import java.util.Arrays;

/**
 * Five numbers about a set of measurements; quartiles are interpolated between neighbours.
 *
 * @param count how many measurements
 */
public record Spread(int count, double min, double lowerQuartile, double median, double upperQuartile, double max) {
    /**
     * The spread of at least one measurement.
     *
     * @throws IllegalArgumentException if there is none
     */
    public static Spread of(double... values) {
        if (values.length == 0) {
            throw new IllegalArgumentException("no measurements have no median");
        }
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return new Spread(
                sorted.length,
                sorted[0],
                quantile(sorted, 0.25),
                quantile(sorted, 0.5),
                quantile(sorted, 0.75),
                sorted[sorted.length - 1]);
    }

    private static double quantile(double[] sorted, double part) {
        double place = part * (sorted.length - 1);
        int below = (int) place;
        int above = Math.min(below + 1, sorted.length - 1);
        return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
    }
}
