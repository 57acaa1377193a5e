package tinygpt.formats;

/** The two 16-bit floating point formats, widened to float32; every value is exact. */
final class HalfFloat {
    private static final int EXPONENT_SHIFT = 10;
    private static final int FRACTION = (1 << EXPONENT_SHIFT) - 1;
    private static final int ALL_ONES = 31;
    /** Difference of the exponent biases, 127 - 15. */
    private static final int REBIAS = 112;
    /** Value of the lowest bit of a subnormal. */
    private static final float SUBNORMAL_UNIT = 0x1p-24f;

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
}
