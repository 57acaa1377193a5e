package tinygpt.formats;

/**
 * The two 16-bit floating point formats. Widened to float32, every value is exact; narrowed, it is rounded to the nearest,
 * to the even one of two as near.
 */
final class HalfFloat {
    private static final int EXPONENT_SHIFT = 10;
    private static final int FRACTION = (1 << EXPONENT_SHIFT) - 1;
    private static final int ALL_ONES = 31;
    /** Difference of the exponent biases, 127 - 15. */
    private static final int REBIAS = 112;
    /** Value of the lowest bit of a subnormal. */
    private static final float SUBNORMAL_UNIT = 0x1p-24f;
    /** The least magnitude that is rounded to infinity: half a step above the largest number, 65504. */
    private static final float TOO_LARGE = 65520f;

    private static final float LEAST_NORMAL = 0x1p-14f;
    private static final int QUIET_NAN = 0x7e00;

    private HalfFloat() {}

    /** From IEEE 754 binary16. */
    static float fromF16(short bits) {
        int sign = (bits & 0x8000) << 16;
        int exponent = (bits >> EXPONENT_SHIFT) & ALL_ONES;
        int fraction = bits & FRACTION;
        if (exponent == 0) {
            float magnitude = fraction * SUBNORMAL_UNIT;
            return sign == 0 ? magnitude : -magnitude;
        }
        int wide = exponent == ALL_ONES ? 255 : exponent + REBIAS;
        return Float.intBitsToFloat(sign | wide << 23 | fraction << 13);
    }

    /** From bfloat16, the upper half of a float32. */
    static float fromBf16(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }

    /** To IEEE 754 binary16; what is too large becomes infinite. */
    static short toF16(float value) {
        int sign = Float.floatToRawIntBits(value) >>> 16 & 0x8000;
        float magnitude = Math.abs(value);
        if (Float.isNaN(magnitude)) {
            return (short) (sign | QUIET_NAN);
        }
        if (magnitude >= TOO_LARGE) {
            return (short) (sign | ALL_ONES << EXPONENT_SHIFT);
        }
        if (magnitude < LEAST_NORMAL) {
            // Exact but for the rounding to an integer, which is the rounding wanted; 1024 is the least normal number.
            return (short) (sign | (int) Math.rint(magnitude / (double) SUBNORMAL_UNIT));
        }
        int bits = Float.floatToRawIntBits(magnitude) - (REBIAS << 23);
        return (short) (sign | bits + 0xfff + (bits >> 13 & 1) >> 13);
    }

    /** To bfloat16. */
    static short toBf16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            return (short) (bits >> 16 | 64);
        }
        return (short) (bits + 0x7fff + (bits >> 16 & 1) >> 16);
    }
}
