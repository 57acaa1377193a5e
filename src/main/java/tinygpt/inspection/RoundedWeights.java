package tinygpt.inspection;

import java.util.List;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterRegistry;

/**
 * The matrices of a model with fewer bits a number; biases and norms stay float32. The model keeps all its parameters, only
 * their precision is lost.
 *
 * <p>Design: each row of a matrix is cut into groups of {@value #GROUP} numbers. A group keeps one float32 scale s, its
 * largest |w| divided by 2^(b-1) - 1, and a whole number of b bits for each weight, round(w / s), halves to even; the weight
 * is then that number times s. Round to nearest, symmetric about 0, so that 0 stays 0.
 *
 * @param bits b, from 2 to 8
 */
public record RoundedWeights(int bits) {
    /** Numbers of a row that share a scale. */
    public static final int GROUP = 32;

    private static final int FEWEST = 2;
    private static final int MOST = 8;

    public RoundedWeights {
        if (bits < FEWEST || bits > MOST) {
            throw new IllegalArgumentException(
                    "weights cannot be rounded to " + bits + " bits; give " + FEWEST + " to " + MOST);
        }
    }

    /** The rounding of all matrices, to be done to a model in memory, and undone. */
    public WeightEdit edit(ParameterRegistry registry) {
        List<WeightBlock> blocks = registry.owned().stream()
                .filter(RoundedWeights::covers)
                .map(WeightBlock::whole)
                .toList();
        return WeightEdit.round(this, blocks);
    }

    /** Rounds the numbers of a row in place. A group with a number that is not finite stays as it is. */
    public void round(float[] row) {
        for (int from = 0; from < row.length; from += GROUP) {
            roundGroup(row, from, Math.min(row.length, from + GROUP));
        }
    }

    private void roundGroup(float[] row, int from, int to) {
        double size = 0;
        for (int i = from; i < to; i++) {
            size = Math.max(size, Math.abs(row[i])); // NaN stays
        }
        float scale = (float) (size / largest());
        if (scale == 0 || !Float.isFinite(scale)) {
            return;
        }
        for (int i = from; i < to; i++) {
            // A scale that was itself rounded down could lead to one number more.
            double whole = Math.max(-largest(), Math.min(largest(), Math.rint(row[i] / scale)));
            row[i] = (float) whole * scale;
        }
    }

    /** The largest of the whole numbers that a weight can be. */
    public int largest() {
        return (1 << bits - 1) - 1;
    }

    /** Bytes that the weights take: bits and scales of the matrices, and float32 for the rest. */
    public long bytes(ParameterRegistry registry) {
        return registry.owned().stream().mapToLong(this::bytes).sum();
    }

    private long bytes(Parameter parameter) {
        if (!covers(parameter)) {
            return parameter.size() * Float.BYTES;
        }
        int columns = parameter.shape()[1];
        long row = 0;
        for (int from = 0; from < columns; from += GROUP) {
            int numbers = Math.min(GROUP, columns - from);
            row += Float.BYTES + (numbers * bits + Byte.SIZE - 1) / Byte.SIZE;
        }
        return parameter.shape()[0] * row;
    }

    /** How far the matrices of a model would move, |W' - W| / |W| over all their numbers. The model stays as it is. */
    public double error(ParameterRegistry registry) {
        double moved = 0;
        double size = 0;
        for (Parameter parameter : registry.owned()) {
            for (int r = 0; covers(parameter) && r < parameter.shape()[0]; r++) {
                float[] before = new float[parameter.shape()[1]];
                parameter.matrix().readRow(r, before, 0);
                float[] after = before.clone();
                round(after);
                for (int i = 0; i < before.length; i++) {
                    moved += square((double) after[i] - before[i]);
                    size += square(before[i]);
                }
            }
        }
        return Math.sqrt(moved / size);
    }

    private static double square(double x) {
        return x * x;
    }

    /** Whether a tensor is rounded. */
    private static boolean covers(Parameter parameter) {
        return parameter.shape().length == 2;
    }
}
