package tinygpt.bench;

import java.util.Arrays;

/** Measurements, in the order they were taken. */
final class Samples {
    private double[] values = new double[64];
    private int count;

    void add(double value) {
        if (count == values.length) {
            values = Arrays.copyOf(values, 2 * count);
        }
        values[count++] = value;
    }

    int count() {
        return count;
    }

    Spread spread() {
        return Spread.of(Arrays.copyOf(values, count));
    }
}
