package tinygpt.inspection;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterKind;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.parameters.Quantization;
import tinygpt.tensor.Matrix;

/**
 * How far the matrices of a model would move if they were rounded. The model stays as it is.
 *
 * @param numbers how many are rounded
 * @param relative |W' - W| / |W| over all of them
 * @param largest the largest |w' - w|
 * @param histogram how many numbers move by (w' - w) / s, s the scale of their group, in {@value #BINS} equal bins from
 *     -1/2 to 1/2. Many bits spread them evenly; with few, most weights become 0 and the error has the shape of the
 *     weights themselves.
 */
public record RoundingError(long numbers, double relative, double largest, long[] histogram) {
    /** Bins of the histogram. */
    public static final int BINS = 25;

    public RoundingError {
        histogram = histogram.clone();
    }

    @Override
    public long[] histogram() {
        return histogram.clone();
    }

    /** What is summed up over matrices. */
    private static final class Sums {
        private long numbers;
        private double moved;
        private double size;
        private double largest;
        private final long[] histogram = new long[BINS];

        void add(Sums other) {
            numbers += other.numbers;
            moved += other.moved;
            size += other.size;
            largest = Math.max(largest, other.largest);
            for (int bin = 0; bin < BINS; bin++) {
                histogram[bin] += other.histogram[bin];
            }
        }

        void add(double before, double after, double scale) {
            double error = after - before;
            numbers++;
            moved += error * error;
            size += before * before;
            largest = Math.max(largest, Math.abs(error));
            double place = scale == 0 ? 0.5 : error / scale + 0.5;
            histogram[(int) Math.max(0, Math.min(BINS - 1, place * BINS))]++;
        }

        RoundingError done() {
            return new RoundingError(numbers, size == 0 ? 0 : Math.sqrt(moved / size), largest, histogram);
        }
    }

    /**
     * Of all matrices together.
     *
     * @throws ArithmeticException if the weights are not all finite
     */
    public static RoundingError of(Quantization quantization, ParameterRegistry registry) {
        Sums sums = new Sums();
        for (Parameter parameter : covered(registry)) {
            sums.add(sums(quantization, parameter));
        }
        return sums.done();
    }

    /**
     * Of the matrices of each kind, in the order of kinds.
     *
     * @throws ArithmeticException if the weights are not all finite
     */
    public static Map<ParameterKind, RoundingError> byKind(Quantization quantization, ParameterRegistry registry) {
        Map<ParameterKind, Sums> sums = new EnumMap<>(ParameterKind.class);
        for (Parameter parameter : covered(registry)) {
            sums.computeIfAbsent(parameter.kind(), kind -> new Sums()).add(sums(quantization, parameter));
        }
        Map<ParameterKind, RoundingError> errors = new EnumMap<>(ParameterKind.class);
        sums.forEach((kind, sum) -> errors.put(kind, sum.done()));
        return errors;
    }

    private static Sums sums(Quantization quantization, Parameter parameter) {
        Sums sums = new Sums();
        Matrix matrix = parameter.matrix();
        int columns = matrix.columns();
        float[] row = new float[columns];
        byte[] codes = new byte[columns];
        float[] scales = new float[quantization.groups(columns)];
        for (int r = 0; r < matrix.rows(); r++) {
            matrix.readRow(r, row, 0);
            quantization.encode(row, columns, codes, scales);
            for (int i = 0; i < columns; i++) {
                float scale = scales[i / quantization.group()];
                sums.add(row[i], codes[i] * scale, scale);
            }
        }
        return sums;
    }

    /** The matrices that are rounded. */
    private static List<Parameter> covered(ParameterRegistry registry) {
        List<Parameter> covered = new ArrayList<>(registry.owned());
        covered.removeIf(p -> !Quantization.covers(p));
        return covered;
    }
}
