package tinygpt.tensor;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * The kernels on packed matrices in the Vector API.
 *
 * <p>Codes become floats in registers, so that what is read from memory is one byte a weight. A group is a power of two of at
 * least 16 numbers, so it is a whole number of vectors; the last group of a row may have a tail.
 */
final class VectorPacked {
    private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
    private static final int LANES = FLOATS.length();

    /** As many bytes as there are lanes; of lanes of 4 that would be no vector, and 8 are read, of which 4 are used. */
    private static final VectorSpecies<Byte> BYTES =
            VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, LANES * Byte.SIZE)));

    /** Codes that a load reads: no row may end closer behind its last vector. */
    private static final int READ = BYTES.length();

    private VectorPacked() {}

    static void addRows(float[] x, int xAt, byte[] codes, float[] scales, int rows, int n, int group, float[] y) {
        int groups = (n + group - 1) / group;
        int whole = whole(n);
        int r = 0;
        for (; r <= rows - 4; r += 4) {
            addFour(x, xAt + r, codes, r * n, n, whole, scales, r * groups, groups, group, y);
        }
        for (; r < rows; r++) {
            addOne(x[xAt + r], codes, r * n, whole, scales, r * groups, group, y);
        }
        for (r = 0; r < rows; r++) {
            for (int j = whole; j < n; j++) {
                y[j] = Math.fma(x[xAt + r] * scales[r * groups + j / group], codes[r * n + j], y[j]);
            }
        }
    }

    private static void addFour(
            float[] x,
            int xAt,
            byte[] codes,
            int at,
            int n,
            int whole,
            float[] scales,
            int scalesAt,
            int groups,
            int group,
            float[] y) {
        int s = scalesAt;
        for (int from = 0; from < whole; from += group, s++) {
            FloatVector a = FloatVector.broadcast(FLOATS, x[xAt] * scales[s]);
            FloatVector b = FloatVector.broadcast(FLOATS, x[xAt + 1] * scales[s + groups]);
            FloatVector c = FloatVector.broadcast(FLOATS, x[xAt + 2] * scales[s + 2 * groups]);
            FloatVector d = FloatVector.broadcast(FLOATS, x[xAt + 3] * scales[s + 3 * groups]);
            int to = Math.min(whole, from + group);
            for (int j = from; j < to; j += LANES) {
                FloatVector sum = FloatVector.fromArray(FLOATS, y, j);
                sum = floats(codes, at + j).fma(a, sum);
                sum = floats(codes, at + n + j).fma(b, sum);
                sum = floats(codes, at + 2 * n + j).fma(c, sum);
                sum = floats(codes, at + 3 * n + j).fma(d, sum);
                sum.intoArray(y, j);
            }
        }
    }

    private static void addOne(
            float x, byte[] codes, int at, int whole, float[] scales, int scalesAt, int group, float[] y) {
        int s = scalesAt;
        for (int from = 0; from < whole; from += group, s++) {
            FloatVector a = FloatVector.broadcast(FLOATS, x * scales[s]);
            int to = Math.min(whole, from + group);
            for (int j = from; j < to; j += LANES) {
                floats(codes, at + j)
                        .fma(a, FloatVector.fromArray(FLOATS, y, j))
                        .intoArray(y, j);
            }
        }
    }

    /** The sums of each lane of a row times x. */
    static FloatVector dot(float[] x, byte[] codes, int at, float[] scales, int scalesAt, int n, int group) {
        int whole = whole(n);
        FloatVector sums = FloatVector.zero(FLOATS);
        int s = scalesAt;
        for (int from = 0; from < whole; from += group, s++) {
            FloatVector inner = FloatVector.zero(FLOATS);
            int to = Math.min(whole, from + group);
            for (int j = from; j < to; j += LANES) {
                inner = floats(codes, at + j).fma(FloatVector.fromArray(FLOATS, x, j), inner);
            }
            sums = inner.fma(FloatVector.broadcast(FLOATS, scales[s]), sums);
        }
        return sums;
    }

    /** What {@link #dot} leaves out. */
    static float dotOfTail(float[] x, byte[] codes, int at, float[] scales, int scalesAt, int n, int group) {
        float sum = 0;
        for (int j = whole(n); j < n; j++) {
            sum = Math.fma(x[j] * scales[scalesAt + j / group], codes[at + j], sum);
        }
        return sum;
    }

    static void widen(byte[] codes, float[] scales, int n, int group, float[] y) {
        int whole = whole(n);
        for (int from = 0; from < whole; from += group) {
            FloatVector scale = FloatVector.broadcast(FLOATS, scales[from / group]);
            int to = Math.min(whole, from + group);
            for (int j = from; j < to; j += LANES) {
                floats(codes, j).mul(scale).intoArray(y, j);
            }
        }
        for (int j = whole; j < n; j++) {
            y[j] = scales[j / group] * codes[j];
        }
    }

    /** Numbers of a row that are taken in vectors, a multiple of the lanes. */
    private static int whole(int n) {
        return Math.max(0, n - (READ - LANES)) / LANES * LANES;
    }

    private static FloatVector floats(byte[] codes, int at) {
        return (FloatVector) ByteVector.fromArray(BYTES, codes, at).convertShape(VectorOperators.B2F, FLOATS, 0);
    }
}
