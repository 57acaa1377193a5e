package tinygpt.random;

/**
 * A counter-based random generator: every number is a hash of where it is used.
 *
 * <p>The 64-bit mixer is the finalizer of SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number
 * generators", OOPSLA 2014), applied once per coordinate so that (1, 2) and (2, 1) differ.
 */
public final class CounterRandom {
    private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;
    private static final double TWO_TO_MINUS_53 = 0x1.0p-53;

    private CounterRandom() {}

    /**
     * Sixty-four random bits for one place.
     *
     * @param seed the run's seed
     * @param stream what the number is for
     * @param step the training step, or another first coordinate
     * @param place the second coordinate
     */
    public static long bits(long seed, Stream stream, long step, long place) {
        long z = mix(seed + GOLDEN_GAMMA * (stream.ordinal() + 1L));
        z = mix(z ^ (step + GOLDEN_GAMMA));
        return mix(z + GOLDEN_GAMMA * (place + 1));
    }

    /** A uniform number in [0, 1) with 53 random bits. */
    public static double uniform(long seed, Stream stream, long step, long place) {
        return (bits(seed, stream, step, place) >>> 11) * TWO_TO_MINUS_53;
    }

    /**
     * A uniform integer in [0, bound), by the high word of a 64 x 64 bit product; the bias is below bound / 2^64.
     *
     * @throws IllegalArgumentException if the bound is not positive
     */
    public static long below(long bound, long seed, Stream stream, long step, long place) {
        if (bound <= 0) {
            throw new IllegalArgumentException("the bound of a random integer must be positive, not " + bound);
        }
        long bits = bits(seed, stream, step, place);
        // Unsigned high word: multiplyHigh is signed, so a negative operand needs its correction term.
        return Math.multiplyHigh(bits, bound) + ((bits >> 63) & bound);
    }

    /** A standard normal number, by Box and Muller; places 2k and 2k + 1 are the two numbers of one pair. */
    public static double normal(long seed, Stream stream, long step, long place) {
        long pair = place & ~1L;
        double radius = radius(bits(seed, stream, step, pair));
        double angle = angle(bits(seed, stream, step, pair + 1));
        return radius * ((place & 1) == 0 ? StrictMath.cos(angle) : StrictMath.sin(angle));
    }

    /**
     * Fills an array with {@code std} times the standard normal numbers of consecutive places.
     *
     * @param firstPlace place of the first element; must be even, so that pairs stay together
     */
    public static void normals(
            long seed, Stream stream, long step, long firstPlace, double std, float[] out, int count) {
        if ((firstPlace & 1) != 0) {
            throw new IllegalArgumentException("the first place must be even, not " + firstPlace);
        }
        for (int i = 0; i < count; i += 2) {
            double radius = radius(bits(seed, stream, step, firstPlace + i));
            double angle = angle(bits(seed, stream, step, firstPlace + i + 1));
            out[i] = (float) (std * (radius * StrictMath.cos(angle)));
            if (i + 1 < count) {
                out[i + 1] = (float) (std * (radius * StrictMath.sin(angle)));
            }
        }
    }

    private static double radius(long bits) {
        return Math.sqrt(-2.0 * StrictMath.log(((bits >>> 11) + 1) * TWO_TO_MINUS_53)); // log of (0, 1]
    }

    private static double angle(long bits) {
        return 2.0 * Math.PI * ((bits >>> 11) * TWO_TO_MINUS_53);
    }

    /** A stable 64-bit hash of a text (FNV-1a, mixed), to give a name its own place. */
    public static long hash(String text) {
        long h = 0xcbf29ce484222325L;
        for (int i = 0; i < text.length(); i++) {
            h = (h ^ text.charAt(i)) * 0x100000001b3L;
        }
        return mix(h);
    }

    private static long mix(long z) {
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
