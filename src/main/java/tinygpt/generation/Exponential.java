package tinygpt.generation;

/**
 * e^x for x up to 0, for weights of tokens: faster than StrictMath and, like it, the same bits on every
 * machine, because Java prescribes the result of each of its additions and multiplications.
 *
 * <p>Design: x = k ln 2 + r with |r| at most ln 2 / 2; e^r by its Taylor polynomial of degree 12, whose remainder is below
 * 2e-16; 2^k by the exponent's bits. ln 2 is subtracted in two parts, the first of which times k is exact.
 */
final class Exponential {
    /** Below this a weight counts as 0: next to that of the likeliest token, 1, it is nothing. */
    private static final double LOWEST = -700;

    private static final double LOG2_E = 1.4426950408889634;
    private static final double LN2_HIGH = 0x1.62e42fee00000p-1;
    private static final double LN2_LOW = 0x1.a39ef35793c76p-33;
    private static final int BIAS = 1023;
    private static final int MANTISSA_BITS = 52;

    private Exponential() {}

    /** e^x; x is at most 0. */
    static double exp(double x) {
        if (x < LOWEST) {
            return 0;
        }
        double k = Math.rint(x * LOG2_E);
        double r = (x - k * LN2_HIGH) - k * LN2_LOW;
        double r2 = r * r;
        double r4 = r2 * r2;
        double low = (1 + r) + r2 * (1 / 2d + r * (1 / 6d));
        double middle = (1 / 24d + r * (1 / 120d)) + r2 * (1 / 720d + r * (1 / 5040d));
        double high =
                (1 / 40320d + r * (1 / 362880d)) + r2 * (1 / 3628800d + r * (1 / 39916800d)) + r4 * (1 / 479001600d);
        double e = low + r4 * (middle + r4 * high);
        return e * Double.longBitsToDouble((long) (k + BIAS) << MANTISSA_BITS);
    }
}
