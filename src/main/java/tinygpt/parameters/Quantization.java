package tinygpt.parameters;

/**
 * The rule by which the matrices of a model are kept with fewer bits a number. The model keeps all its parameters, only
 * their precision is lost.
 *
 * <p>Design: each row of a matrix is cut into groups of so many numbers; the last may be shorter. A group keeps one float32
 * scale s, its largest |w| divided by 2^(b-1) - 1, and for each weight a code, the whole number round(w / s) of b bits,
 * halves to even; the weight is then s times its code, at most s / 2 away. Round to nearest, symmetric about 0, so that 0
 * stays 0. The scale is float32 and not float16, so that it adds no error of its own; it costs 32 / group bits a weight.
 *
 * <p>As in llama.cpp, matrices are rounded, positions are not, nor are norms and biases: those are few, and what they hold is
 * added to or multiplies everything. So wpe.weight, and all vectors, stay float32.
 *
 * @param bits b, from 2 to 8
 * @param group numbers of a row that share a scale: a power of 2 from 16 to 1024
 */
public record Quantization(int bits, int group) {
    /** Numbers of a group unless somebody chooses. */
    public static final int USUAL_GROUP = 32;

    private static final int FEWEST = 2;
    private static final int MOST = 8;
    private static final int SMALLEST_GROUP = 16;
    private static final int LARGEST_GROUP = 1024;

    public Quantization {
        if (bits < FEWEST || bits > MOST) {
            throw new IllegalArgumentException(
                    "weights cannot be rounded to " + bits + " bits; give " + FEWEST + " to " + MOST);
        }
        if (group < SMALLEST_GROUP || group > LARGEST_GROUP || Integer.bitCount(group) != 1) {
            throw new IllegalArgumentException("weights cannot be grouped by " + group + "; give a power of 2 from "
                    + SMALLEST_GROUP + " to " + LARGEST_GROUP);
        }
    }

    /** Rounding to so many bits, in groups of the usual size. */
    public static Quantization of(int bits) {
        return new Quantization(bits, USUAL_GROUP);
    }

    /** Whether the numbers of a tensor are rounded. */
    public static boolean covers(Parameter parameter) {
        return switch (parameter.kind()) {
            case EMBEDDING, ATTENTION, FEED_FORWARD, OUTPUT, ADAPTER -> parameter.shape().length == 2;
            case POSITIONAL, NORMALIZATION -> false;
        };
    }

    /** The largest of the whole numbers that a code can be; the smallest is minus that. */
    public int largest() {
        return (1 << bits - 1) - 1;
    }

    /** Scales of a row of so many numbers. */
    public int groups(int columns) {
        return (columns + group - 1) / group;
    }

    /** Bytes of a row's codes when they lie bit by bit side by side. */
    public int codeBytes(int columns) {
        return (int) (((long) columns * bits + Byte.SIZE - 1) / Byte.SIZE);
    }

    /** Rounds the numbers of a row in place. A group with a number that is not finite stays as it is. */
    public void round(float[] row) {
        for (int from = 0; from < row.length; from += group) {
            int to = Math.min(row.length, from + group);
            float scale = scale(row, from, to);
            for (int i = from; i < to && Float.isFinite(scale); i++) {
                row[i] = code(row[i], scale) * scale;
            }
        }
    }

    /**
     * Codes and scales of a row.
     *
     * @param columns numbers of the row
     * @param codes receives a code for each number
     * @param scales receives a scale for each group
     * @throws ArithmeticException if a number is not finite
     */
    public void encode(float[] row, int columns, byte[] codes, float[] scales) {
        for (int from = 0; from < columns; from += group) {
            int to = Math.min(columns, from + group);
            float scale = scale(row, from, to);
            if (!Float.isFinite(scale)) {
                throw new ArithmeticException("the weights are not all finite numbers, so they cannot be rounded");
            }
            scales[from / group] = scale;
            for (int i = from; i < to; i++) {
                codes[i] = (byte) code(row[i], scale);
            }
        }
    }

    /** The numbers that a row's codes and scales stand for. */
    public void decode(byte[] codes, float[] scales, int columns, float[] row) {
        for (int i = 0; i < columns; i++) {
            row[i] = codes[i] * scales[i / group];
        }
    }

    /** Puts the codes of a row bit by bit side by side, the lowest bits first; see {@link #codeBytes}. */
    public void pack(byte[] codes, int columns, byte[] packed) {
        int mask = (1 << bits) - 1;
        int pending = 0;
        int held = 0;
        int at = 0;
        for (int i = 0; i < columns; i++) {
            pending |= (codes[i] & mask) << held;
            held += bits;
            if (held >= Byte.SIZE) {
                packed[at++] = (byte) pending;
                pending >>>= Byte.SIZE;
                held -= Byte.SIZE;
            }
        }
        if (held > 0) {
            packed[at] = (byte) pending;
        }
    }

    /** The opposite of {@link #pack}. */
    public void unpack(byte[] packed, int columns, byte[] codes) {
        int pending = 0;
        int held = 0;
        int at = 0;
        for (int i = 0; i < columns; i++) {
            if (held < bits) {
                pending |= (packed[at++] & 0xFF) << held;
                held += Byte.SIZE;
            }
            // Shifted up and down again, the highest bit of the code becomes the sign.
            codes[i] = (byte) (pending << Integer.SIZE - bits >> Integer.SIZE - bits);
            pending >>>= bits;
            held -= bits;
        }
    }

    /** Bytes that the weights take: codes and scales of the matrices, and float32 for the rest. */
    public long bytes(ParameterRegistry registry) {
        return registry.owned().stream().mapToLong(this::bytes).sum();
    }

    /** Bytes that the numbers of a tensor take. */
    public long bytes(Parameter parameter) {
        if (!covers(parameter)) {
            return parameter.size() * Float.BYTES;
        }
        int columns = parameter.shape()[1];
        return parameter.shape()[0] * ((long) Float.BYTES * groups(columns) + codeBytes(columns));
    }

    /** 0 where all are 0 or too small for a scale; not finite if a number is not. */
    private float scale(float[] row, int from, int to) {
        float size = 0;
        for (int i = from; i < to; i++) {
            size = Math.max(size, Math.abs(row[i])); // NaN stays
        }
        return (float) ((double) size / largest());
    }

    private int code(float number, float scale) {
        if (scale == 0) {
            return 0;
        }
        // A scale that was itself rounded down could lead to one number more.
        return (int) Math.max(-largest(), Math.min(largest(), Math.rint(number / scale)));
    }
}
