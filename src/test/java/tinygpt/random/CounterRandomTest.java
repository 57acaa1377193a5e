package tinygpt.random;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The golden values were computed with a second implementation, in Python's unbounded integers. */
final class CounterRandomTest {
    private static final long SEED = 1337;
    private static final int DRAWS = 200_000;

    @Test
    void bits_haveTheirGoldenValues() {
        assertEquals(-7509952316650381529L, CounterRandom.bits(1337, Stream.INITIAL_WEIGHTS, 0, 0));
        assertEquals(-6640987379356369787L, CounterRandom.bits(1337, Stream.BATCH, 2, 3));
        assertEquals(2705847831773262512L, CounterRandom.bits(-1, Stream.SAMPLING, Long.MAX_VALUE, 5));
    }

    @Test
    void uniform_hasItsGoldenValue() {
        assertEquals(0.6109428091863199, CounterRandom.uniform(1337, Stream.SAMPLING, 10, 0));
    }

    @Test
    void below_hasItsGoldenValues() {
        assertEquals(6, CounterRandom.below(1000, SEED, Stream.BATCH, 0, 0));
        assertEquals(64, CounterRandom.below(1000, SEED, Stream.BATCH, 0, 1));
        assertEquals(30_795_098_970_274_760L, CounterRandom.below((1L << 62) + 1, SEED, Stream.BATCH, 0, 0));
    }

    @Test
    void normal_hasItsGoldenValues() {
        assertEquals(0.6509761933815826, CounterRandom.normal(SEED, Stream.INITIAL_WEIGHTS, 7, 4), 1e-15);
        assertEquals(0.8375037564143643, CounterRandom.normal(SEED, Stream.INITIAL_WEIGHTS, 7, 5), 1e-15);
    }

    @Test
    void hash_hasItsGoldenValue() {
        assertEquals(-1119473255768779200L, CounterRandom.hash("wte.weight"));
    }

    @ParameterizedTest
    @EnumSource(Stream.class)
    void uniform_fillsABucketLikeTheOthers(Stream stream) {
        int[] counts = new int[256];
        for (int i = 0; i < DRAWS; i++) {
            counts[(int) (CounterRandom.uniform(SEED, stream, 3, i) * counts.length)]++;
        }
        assertUniform(counts);
    }

    @Test
    void uniform_overSteps_isUniformToo() {
        int[] counts = new int[256];
        for (int step = 0; step < DRAWS; step++) {
            counts[(int) (CounterRandom.uniform(SEED, Stream.BATCH, step, 0) * counts.length)]++;
        }
        assertUniform(counts);
    }

    @Test
    void neighbours_areIndependent() {
        int[] counts = new int[256];
        for (int i = 0; i < DRAWS; i++) {
            int here = (int) (16 * CounterRandom.uniform(SEED, Stream.BATCH, 5, i));
            int next = (int) (16 * CounterRandom.uniform(SEED, Stream.BATCH, 5, i + 1));
            counts[16 * here + next]++;
        }
        assertUniform(counts);
    }

    @Test
    void streams_areIndependent() {
        for (Stream a : Stream.values()) {
            for (Stream b : Stream.values()) {
                if (a.ordinal() < b.ordinal()) {
                    int[] counts = new int[256];
                    for (int i = 0; i < DRAWS / 4; i++) {
                        int one = (int) (16 * CounterRandom.uniform(SEED, a, 5, i));
                        int other = (int) (16 * CounterRandom.uniform(SEED, b, 5, i));
                        counts[16 * one + other]++;
                    }
                    assertUniform(counts);
                }
            }
        }
    }

    @Test
    void coordinates_neverShareANumber() {
        Set<Long> seen = new HashSet<>();
        for (Stream stream : Stream.values()) {
            for (long seed = 0; seed < 6; seed++) {
                for (long step = 0; step < 30; step++) {
                    for (long place = 0; place < 30; place++) {
                        assertTrue(seen.add(CounterRandom.bits(seed, stream, step, place)));
                    }
                }
            }
        }
        assertEquals(Stream.values().length * 6 * 30 * 30, seen.size());
    }

    @Test
    void stepAndPlace_areNotInterchangeable() {
        assertNotEquals(CounterRandom.bits(SEED, Stream.BATCH, 1, 2), CounterRandom.bits(SEED, Stream.BATCH, 2, 1));
    }

    @Test
    void normals_haveTheMomentsOfTheNormalLaw() {
        float[] values = new float[1_000_000];
        CounterRandom.normals(SEED, Stream.INITIAL_WEIGHTS, 1, 0, 1.0, values, values.length);
        double n = values.length;
        double sum = 0;
        double squares = 0;
        double cubes = 0;
        double fourths = 0;
        for (float v : values) {
            sum += v;
            squares += (double) v * v;
            cubes += (double) v * v * v;
            fourths += (double) v * v * v * v;
        }
        // Four standard errors: 1, sqrt 2, sqrt 15 and sqrt 96 over sqrt n.
        assertEquals(0, sum / n, 4 / Math.sqrt(n));
        assertEquals(1, squares / n, 4 * Math.sqrt(2 / n));
        assertEquals(0, cubes / n, 4 * Math.sqrt(15 / n));
        assertEquals(3, fourths / n, 4 * Math.sqrt(96 / n));
    }

    @Test
    void twoNumbersOfAPair_areUncorrelated() {
        double products = 0;
        for (int i = 0; i < DRAWS; i += 2) {
            products +=
                    CounterRandom.normal(SEED, Stream.BATCH, 0, i) * CounterRandom.normal(SEED, Stream.BATCH, 0, i + 1);
        }
        assertEquals(0, products / (DRAWS / 2), 4 / Math.sqrt(DRAWS / 2));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 7, 64})
    void normals_areTheNormalOfEachPlace(int count) {
        float[] values = new float[count + 1];
        CounterRandom.normals(SEED, Stream.INITIAL_WEIGHTS, 9, 100, 0.02, values, count);
        for (int i = 0; i < count; i++) {
            assertEquals((float) (0.02 * CounterRandom.normal(SEED, Stream.INITIAL_WEIGHTS, 9, 100 + i)), values[i]);
        }
        assertEquals(0, values[count], "wrote past the end");
    }

    @Test
    void normals_fromAnOddPlace_areRefused() {
        assertEquals(
                "the first place must be even, not 3",
                assertThrows(
                                IllegalArgumentException.class,
                                () -> CounterRandom.normals(SEED, Stream.BATCH, 0, 3, 1, new float[2], 2))
                        .getMessage());
    }

    @Test
    void below_ofSmallBound_isUniform() {
        int[] counts = new int[7];
        for (int i = 0; i < DRAWS; i++) {
            counts[(int) CounterRandom.below(7, SEED, Stream.BATCH, 1, i)]++;
        }
        assertUniform(counts);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 1L << 31, (1L << 62) + 1, Long.MAX_VALUE})
    void below_staysWithinItsBound(long bound) {
        int upperHalf = 0;
        for (int i = 0; i < 10_000; i++) {
            long value = CounterRandom.below(bound, SEED, Stream.SAMPLING, 2, i);
            assertTrue(value >= 0 && value < bound);
            upperHalf += value >= bound / 2 + bound % 2 ? 1 : 0;
        }
        double expected = 10_000.0 * (bound / 2) / bound;
        assertEquals(expected, upperHalf, 200, "four standard deviations of 50");
    }

    @ParameterizedTest
    @ValueSource(longs = {0, -1, Long.MIN_VALUE})
    void below_withoutPositiveBound_isRefused(long bound) {
        assertThrows(IllegalArgumentException.class, () -> CounterRandom.below(bound, SEED, Stream.SAMPLING, 2, 1));
    }

    /** Chi-square within five standard deviations of its mean k - 1; its variance is 2 (k - 1). */
    private static void assertUniform(int[] counts) {
        long draws = 0;
        for (int count : counts) {
            draws += count;
        }
        double expected = (double) draws / counts.length;
        double chiSquare = 0;
        for (int count : counts) {
            chiSquare += (count - expected) * (count - expected) / expected;
        }
        double freedom = counts.length - 1;
        assertEquals(freedom, chiSquare, 5 * Math.sqrt(2 * freedom));
    }
}
