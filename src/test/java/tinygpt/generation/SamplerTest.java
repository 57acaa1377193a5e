package tinygpt.generation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tinygpt.random.CounterRandom;
import tinygpt.random.Stream;

class SamplerTest {
    private static final float NEVER = Float.NEGATIVE_INFINITY;

    @Test
    void greedy_takesTheLargest_andOfEqualOnesTheSmallestId() {
        assertEquals(1, choose(SamplingSettings.greedy(1), 0, 0, 1, 3, 3, 2));
        assertEquals(0, choose(SamplingSettings.greedy(1), 0, 0, -2, -2, -3));
    }

    @ParameterizedTest
    @CsvSource({
        "0, '0,1,2,3,4,5'",
        "1, 1",
        "2, '1,3'",
        "3, '1,3,0'",
        "4, '1,3,0,4'",
        "6, '0,1,2,3,4,5'",
        "9, '0,1,2,3,4,5'"
    })
    void topK_keepsExactlyK_equalOnesBySmallerId(int k, String expected) {
        Candidates candidates = candidates(2, 7, 1, 5, 2, 2);
        new SamplingStep.TopK(k).apply(candidates);
        assertEquals(expected, kept(candidates));
    }

    /** Probabilities 1/2, 1/4, 1/8, 1/8. */
    @ParameterizedTest
    @CsvSource({
        "1e-9, 2",
        "0.5, 2",
        "0.500001, '2,0'",
        "0.75, '2,0'",
        "0.76, '2,0,1'",
        "0.875, '2,0,1'",
        "0.9, '2,0,1,3'",
        "1, '0,1,2,3'"
    })
    void topP_keepsTheSmallestSetThatReachesP(double p, String expected) {
        Candidates candidates = candidates(0, 0, 0, 0);
        for (int id = 0; id < 4; id++) {
            candidates.logits()[id] = (float) Math.log(new double[] {0.25, 0.125, 0.5, 0.125}[id]);
        }
        candidates.reset();
        new SamplingStep.Temperature(1).apply(candidates);
        // Logits are floats: the probabilities are theirs up to 1e-7.
        new SamplingStep.TopP(p == 1 ? 1 : Math.max(1e-9, p - 2e-7)).apply(candidates);
        assertEquals(expected, kept(candidates));
    }

    @Test
    void topP_comesAfterTopK_soItsWholeIsWhatTopKLeft() {
        Candidates candidates = candidates(3, 3, 3, 3);
        for (SamplingStep step :
                SamplingSettings.defaults().withTopK(2).withTopP(0.5).steps()) {
            step.apply(candidates);
        }
        assertEquals("0", kept(candidates));
    }

    @Test
    void topP_comesAfterTemperature() {
        SamplingSettings flat = SamplingSettings.defaults().withTopP(0.9).withTemperature(100);
        SamplingSettings steep = flat.withTemperature(0.1);
        assertEquals(4, keptBy(flat, 4, 3, 2, 1));
        assertEquals(1, keptBy(steep, 4, 3, 2, 1));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 10, 257, 999, 1000})
    void ranks_ofManyTokens_areThoseOfASort(int k) {
        float[] logits = new float[1000];
        for (int id = 0; id < logits.length; id++) {
            logits[id] = CounterRandom.below(100, 5, Stream.SAMPLING, 0, id); // many equal ones
        }
        Candidates candidates = candidates(logits);
        candidates.keep(k);
        int[] expected = IntStream.range(0, 1000)
                .boxed()
                .sorted(Comparator.comparing((Integer id) -> -logits[id]).thenComparing(id -> id))
                .limit(k)
                .mapToInt(id -> id)
                .toArray();
        int[] got = IntStream.range(0, candidates.count()).map(candidates::id).toArray();
        if (k == 1000) {
            Arrays.sort(expected); // nothing was left out, so nothing was ranked
        }
        assertArrayEquals(expected, got);
    }

    @Test
    void choice_isTheInverseOfTheCumulativeDistribution() {
        Candidates candidates = candidates(0, (float) Math.log(2), NEVER, 0); // 1/4, 1/2, 0, 1/4
        new SamplingStep.Temperature(1).apply(candidates);
        assertEquals(0, candidates.at(0));
        assertEquals(0, candidates.at(0.2499));
        assertEquals(1, candidates.at(0.2501));
        assertEquals(1, candidates.at(0.7499));
        assertEquals(3, candidates.at(0.7501));
        assertEquals(3, candidates.at(Math.nextDown(1.0)));
    }

    @Test
    void choice_isAPureFunctionOfSeedSampleAndNumber() {
        SamplingSettings settings =
                SamplingSettings.defaults().withTemperature(1).withSeed(42);
        float[] even = new float[64];
        for (int sample = 0; sample < 3; sample++) {
            for (int number = 0; number < 20; number++) {
                int expected = (int) (64 * CounterRandom.uniform(42, Stream.SAMPLING, number, sample));
                assertEquals(expected, choose(settings, sample, number, even));
            }
        }
    }

    @Test
    void frequencies_ofManyChoices_areTheProbabilities() {
        SamplingSettings settings = SamplingSettings.defaults().withTemperature(0.5);
        int[] count = new int[3];
        Candidates candidates = candidates(0, 0.5f, 1);
        Sampler sampler = new Sampler(settings, candidates);
        for (int number = 0; number < 20_000; number++) {
            count[sampler.choose(0, number)]++;
        }
        double sum = 1 + Math.exp(1) + Math.exp(2);
        for (int id = 0; id < 3; id++) {
            assertEquals(Math.exp(id) / sum, count[id] / 20_000.0, 0.01); // three standard errors
        }
    }

    @ParameterizedTest
    @ValueSource(doubles = {1e-300, 1e-3, 1e300})
    void extremeTemperature_stillChooses(double temperature) {
        SamplingSettings settings = SamplingSettings.defaults().withTemperature(temperature);
        int[] ids = IntStream.range(0, 200)
                .map(number -> choose(settings, 0, number, 1, 5, NEVER, 4))
                .distinct()
                .sorted()
                .toArray();
        assertArrayEquals(temperature < 1 ? new int[] {1} : new int[] {0, 1, 3}, ids);
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY})
    void logitThatIsNoNumber_isRefused(float bad) {
        for (SamplingSettings settings :
                new SamplingSettings[] {SamplingSettings.defaults(), SamplingSettings.greedy(1)}) {
            for (int place = 0; place < 3; place++) {
                float[] logits = {1, 2, 3};
                logits[place] = bad;
                ArithmeticException e = assertThrows(ArithmeticException.class, () -> choose(settings, 0, 0, logits));
                assertTrue(e.getMessage().contains("use an earlier checkpoint"), e.getMessage());
            }
        }
        assertThrows(ArithmeticException.class, () -> choose(SamplingSettings.defaults(), 0, 0, NEVER, NEVER));
    }

    @ParameterizedTest
    @CsvSource({"0, 1", "40, 0.9", "0, 0.9", "0, 0.5"})
    void choosing_allocatesNothing(int k, double p) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long thread = Thread.currentThread().getId();
        Candidates candidates = new Candidates(5000);
        for (int id = 0; id < 5000; id++) {
            candidates.logits()[id] = (float) CounterRandom.normal(1, Stream.SAMPLING, 0, id);
        }
        Sampler sampler = new Sampler(SamplingSettings.defaults().withTopK(k).withTopP(p), candidates);
        int number = 0;
        for (; number < 50; number++) {
            sampler.choose(0, number);
        }
        long before = threads.getThreadAllocatedBytes(thread);
        for (; number < 250; number++) {
            sampler.choose(0, number);
        }
        long bytes = threads.getThreadAllocatedBytes(thread) - before;
        assertTrue(bytes < 200 * 16, bytes + " bytes for 200 tokens"); // less than one object a token
    }

    @Test
    void settings_outOfRange_areRefused() {
        SamplingSettings s = SamplingSettings.defaults();
        refused("the temperature is -0.5; it must be a number from 0 on", () -> s.withTemperature(-0.5));
        refused("the temperature is NaN; ", () -> s.withTemperature(Double.NaN));
        refused("the temperature is Infinity; ", () -> s.withTemperature(Double.POSITIVE_INFINITY));
        refused("top-k is -1; it must be at least 1, or 0 for all tokens", () -> s.withTopK(-1));
        refused("top-p is 0.0; it must lie above 0", () -> s.withTopP(0));
        refused("top-p is 1.5; ", () -> s.withTopP(1.5));
        refused("top-p is NaN; ", () -> s.withTopP(Double.NaN));
        refused("the most tokens to generate are -1; ", () -> s.withMaxTokens(-1));
        refused("a stop text is empty", () -> s.withStops("a", ""));
    }

    private static void refused(String message, org.junit.jupiter.api.function.Executable making) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, making);
        assertTrue(e.getMessage().startsWith(message), e.getMessage());
    }

    private static int keptBy(SamplingSettings settings, float... logits) {
        Candidates candidates = candidates(logits);
        for (SamplingStep step : settings.steps()) {
            step.apply(candidates);
        }
        return candidates.count();
    }

    private static int choose(SamplingSettings settings, long sample, long number, float... logits) {
        return new Sampler(settings, candidates(logits, false)).choose(sample, number);
    }

    private static Candidates candidates(float... logits) {
        return candidates(logits, true);
    }

    private static Candidates candidates(float[] logits, boolean ready) {
        Candidates candidates = new Candidates(logits.length);
        System.arraycopy(logits, 0, candidates.logits(), 0, logits.length);
        if (ready) {
            candidates.reset();
        }
        return candidates;
    }

    private static String kept(Candidates candidates) {
        return String.join(
                ",",
                IntStream.range(0, candidates.count())
                        .mapToObj(i -> String.valueOf(candidates.id(i)))
                        .toList());
    }
}
