package tinygpt.inspection;

/**
 * What can be said of the numbers of one or more tensors. Mean, deviation, minimum and maximum are of the finite numbers.
 *
 * @param count how many numbers
 * @param notFinite how many of them are NaN or infinite
 * @param zeros how many of them are 0
 * @param mean of the finite ones; NaN if there are none
 * @param deviationSquares sum of squared distances from the mean
 * @param min smallest finite one; infinite if there are none
 * @param max largest finite one; -infinite if there are none
 * @param squares sum of squares
 * @param startSquares sum of squares of the initial values; NaN if they are not known
 * @param changeSquares sum of squared distances from the initial values; NaN if they are not known
 * @param changed how many numbers have other bits than at first; -1 if that is not known
 */
public record TensorStatistics(
        long count,
        long notFinite,
        long zeros,
        double mean,
        double deviationSquares,
        float min,
        float max,
        double squares,
        double startSquares,
        double changeSquares,
        long changed) {

    /** Standard deviation of the finite numbers, divisor n. */
    public double std() {
        return Math.sqrt(deviationSquares / (count - notFinite));
    }

    /** |W|, 2-norm. */
    public double norm() {
        return Math.sqrt(squares);
    }

    /** |W - W0|, 2-norm; NaN if W0 is not known. */
    public double change() {
        return Math.sqrt(changeSquares);
    }

    /** |W - W0| / |W0|; NaN if W0 is not known or 0. */
    public double relativeChange() {
        return startSquares == 0 ? Double.NaN : Math.sqrt(changeSquares / startSquares);
    }

    /** Root mean square of W - W0: what a typical number has moved, comparable between tensors of any size. */
    public double typicalChange() {
        return Math.sqrt(changeSquares / count);
    }

    /** The statistics of both together. */
    public TensorStatistics plus(TensorStatistics other) {
        double n = (double) count - notFinite;
        double m = (double) other.count - other.notFinite;
        double between = other.mean - mean;
        boolean both = n > 0 && m > 0;
        return new TensorStatistics(
                count + other.count,
                notFinite + other.notFinite,
                zeros + other.zeros,
                both ? mean + between * m / (n + m) : n > 0 ? mean : other.mean,
                deviationSquares + other.deviationSquares + (both ? between * between * n * m / (n + m) : 0),
                Math.min(min, other.min),
                Math.max(max, other.max),
                squares + other.squares,
                startSquares + other.startSquares,
                changeSquares + other.changeSquares,
                changed < 0 || other.changed < 0 ? -1 : changed + other.changed);
    }

    /** The statistics of no numbers. */
    public static TensorStatistics none(boolean startKnown) {
        double known = startKnown ? 0 : Double.NaN;
        return new TensorStatistics(
                0,
                0,
                0,
                Double.NaN,
                0,
                Float.POSITIVE_INFINITY,
                Float.NEGATIVE_INFINITY,
                0,
                known,
                known,
                startKnown ? 0 : -1);
    }

    /**
     * The statistics of some numbers.
     *
     * @param now the numbers
     * @param start their initial values, or null
     */
    public static TensorStatistics of(float[] now, float[] start, int n) {
        long finite = 0;
        long zeros = 0;
        double sum = 0;
        double squares = 0;
        float min = Float.POSITIVE_INFINITY;
        float max = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < n; i++) {
            float x = now[i];
            squares += (double) x * x;
            zeros += x == 0 ? 1 : 0;
            if (Float.isFinite(x)) {
                finite++;
                sum += x;
                min = Math.min(min, x);
                max = Math.max(max, x);
            }
        }
        double mean = sum / finite;
        double deviation = 0;
        for (int i = 0; i < n; i++) {
            deviation += Float.isFinite(now[i]) ? (now[i] - mean) * (now[i] - mean) : 0;
        }
        double startSquares = start == null ? Double.NaN : 0;
        double changeSquares = startSquares;
        long changed = start == null ? -1 : 0;
        for (int i = 0; i < n && start != null; i++) {
            double d = (double) now[i] - start[i];
            startSquares += (double) start[i] * start[i];
            changeSquares += d * d;
            changed += Float.floatToRawIntBits(now[i]) == Float.floatToRawIntBits(start[i]) ? 0 : 1;
        }
        return new TensorStatistics(
                n, n - finite, zeros, mean, deviation, min, max, squares, startSquares, changeSquares, changed);
    }
}
