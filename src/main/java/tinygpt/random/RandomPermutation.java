package tinygpt.random;

/**
 * A shuffle without a table: where each index goes is computed, so that nothing need be stored.
 *
 * <p>Design: a Feistel network on the smallest square number of bits that holds every index is a permutation whatever its
 * round function is; an image outside the range is sent through again ("cycle walking") until it falls inside, which
 * takes fewer than four turns on average. Source: Black and Rogaway, "Ciphers with arbitrary finite domains" (2002).
 */
public final class RandomPermutation {
    private static final int ROUNDS = 6;

    private RandomPermutation() {}

    /**
     * The place of an index in one of many permutations of 0 .. size - 1.
     *
     * @param number which permutation
     * @throws IllegalArgumentException if the index is not one of the range
     */
    public static long at(long index, long size, long seed, Stream stream, long number) {
        if (index < 0 || index >= size) {
            throw new IllegalArgumentException("index " + index + " of a permutation of " + size);
        }
        int half = Math.max(1, (65 - Long.numberOfLeadingZeros(size - 1)) / 2);
        long mask = (1L << half) - 1;
        long image = index;
        do {
            long left = image >>> half;
            long right = image & mask;
            for (int round = 0; round < ROUNDS; round++) {
                // A round and the half it mixes make one place: rounds are few, so they take the low digit.
                long mixed = CounterRandom.bits(seed, stream, number, right * ROUNDS + round) & mask;
                long next = left ^ mixed;
                left = right;
                right = next;
            }
            image = left << half | right;
        } while (Long.compareUnsigned(image, size) >= 0);
        return image;
    }
}
