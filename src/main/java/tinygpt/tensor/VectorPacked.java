package tinygpt.tensor;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * The kernels on packed matrices in the Vector API.
 *
 * <p>Codes become floats in registers, so that what is read from memory is one byte a weight. Sums are taken in several
 * chains, because one would wait for the latency of each addition.
 */
final class VectorPacked {
    private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
    private static final int LANES = FLOATS.length();

    /** As many bytes as there are lanes; of lanes of 4 that would be no vector, and 8 are read, of which 4 are used. */
    private static final VectorSpecies<Byte> BYTES =
            VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, LANES * Byte.SIZE)));

    private static final int READ = BYTES.length();

    private VectorPacked() {}

    /** Numbers of a row that are taken in vectors: a multiple of the lanes, and no load reads behind the row. */
    static int whole(int n) {
        return Math.max(0, n - (READ - LANES)) / LANES * LANES;
    }

    /** The sum of the products of a row of codes and x, in each lane, up to {@code whole}. */
    static void codeDot(float[] x, byte[] codes, int at, int whole, float[] lanes) {
        FloatVector a = FloatVector.zero(FLOATS);
        FloatVector b = a;
        FloatVector c = a;
        FloatVector d = a;
        int j = 0;
        for (; j <= whole - 4 * LANES; j += 4 * LANES) {
            a = floats(codes, at + j).fma(FloatVector.fromArray(FLOATS, x, j), a);
            b = floats(codes, at + j + LANES).fma(FloatVector.fromArray(FLOATS, x, j + LANES), b);
            c = floats(codes, at + j + 2 * LANES).fma(FloatVector.fromArray(FLOATS, x, j + 2 * LANES), c);
            d = floats(codes, at + j + 3 * LANES).fma(FloatVector.fromArray(FLOATS, x, j + 3 * LANES), d);
        }
        for (; j < whole; j += LANES) {
            a = floats(codes, at + j).fma(FloatVector.fromArray(FLOATS, x, j), a);
        }
        a.add(b).add(c.add(d)).intoArray(lanes, 0);
    }

    /** The same with a scale for each group. */
    static void packedDot(
            float[] x, byte[] codes, int at, float[] scales, int scalesAt, int whole, int group, float[] lanes) {
        FloatVector sums = FloatVector.zero(FLOATS);
        FloatVector others = sums;
        int s = scalesAt;
        int from = 0;
        for (; from <= whole - 2 * group; from += 2 * group, s += 2) {
            FloatVector a = FloatVector.zero(FLOATS);
            FloatVector b = a;
            for (int j = from; j < from + group; j += LANES) {
                a = floats(codes, at + j).fma(FloatVector.fromArray(FLOATS, x, j), a);
                b = floats(codes, at + j + group).fma(FloatVector.fromArray(FLOATS, x, j + group), b);
            }
            sums = a.fma(FloatVector.broadcast(FLOATS, scales[s]), sums);
            others = b.fma(FloatVector.broadcast(FLOATS, scales[s + 1]), others);
        }
        for (; from < whole; from += group, s++) {
            FloatVector a = FloatVector.zero(FLOATS);
            int to = Math.min(whole, from + group);
            for (int j = from; j < to; j += LANES) {
                a = floats(codes, at + j).fma(FloatVector.fromArray(FLOATS, x, j), a);
            }
            sums = a.fma(FloatVector.broadcast(FLOATS, scales[s]), sums);
        }
        sums.add(others).intoArray(lanes, 0);
    }

    static void widen(byte[] codes, int at, int n, float[] y) {
        int whole = whole(n);
        for (int j = 0; j < whole; j += LANES) {
            floats(codes, at + j).intoArray(y, j);
        }
        for (int j = whole; j < n; j++) {
            y[j] = codes[at + j];
        }
    }

    private static FloatVector floats(byte[] codes, int at) {
        return (FloatVector) ByteVector.fromArray(BYTES, codes, at).convertShape(VectorOperators.B2F, FLOATS, 0);
    }
}
