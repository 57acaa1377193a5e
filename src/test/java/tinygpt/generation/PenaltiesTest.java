package tinygpt.generation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tinygpt.random.CounterRandom;
import tinygpt.random.Stream;

/** Penalties and min-p by numbers, and all rules together against lists that are sorted and summed. */
class PenaltiesTest {
    private static final int VOCABULARY = 40;

    @ParameterizedTest
    @CsvSource({
        "2, 2, 0, 1", // positive: divided
        "-3, 2, 0, -6", // negative: multiplied
        "0, 2, 0, 0",
        "2, 0.5, 0, 4", // below 1 it is likelier
        "-3, 0.5, 0, -1.5",
    })
    void repetition_followsTheSignOfTheLogit(float logit, double penalty, int generated, float expected) {
        assertEquals(expected, new Penalties(penalty, 0, 0).applyTo(logit, generated));
    }

    @Test
    void frequency_countsEveryTime_presenceOnce_andNeitherThePrompt() {
        Penalties both = new Penalties(1, 0.5, 0.25);
        assertEquals(2f, both.applyTo(2, 0));
        assertEquals(1.25f, both.applyTo(2, 1));
        assertEquals(0.25f, both.applyTo(2, 3));
        assertEquals(3.25f, new Penalties(1, -0.5, -0.25).applyTo(2, 2));
    }

    @Test
    void history_penalizesPromptAndText_eachByItsRule() {
        TokenHistory history = new TokenHistory(new Penalties(2, 0.5, 0.25), 6);
        history.begin(1, 1, 4);
        history.add(4);
        history.add(5);
        history.add(5);
        float[] logits = {8, 8, 8, 8, -8, 8};
        history.penalize(logits);
        assertArrayEquals(new float[] {8, 4, 8, 8, -16.75f, 2.75f}, logits);
        history.begin(0);
        float[] again = {8, 8, 8, 8, -8, 8};
        history.penalize(again);
        assertArrayEquals(new float[] {4, 8, 8, 8, -8, 8}, again);
    }

    @Test
    void greedyChoice_knowsThePenalties() {
        Candidates candidates = new Candidates(3);
        Sampler sampler = new Sampler(SamplingSettings.greedy(9).withPresencePenalty(1.5), candidates);
        sampler.begin(0, 1, 2);
        List<Integer> chosen = new ArrayList<>();
        for (int number = 0; number < 4; number++) {
            System.arraycopy(new float[] {1, 3, 2}, 0, candidates.logits(), 0, 3);
            chosen.add(sampler.choose(0, number));
        }
        assertEquals(List.of(1, 2, 1, 1), chosen);
    }

    @ParameterizedTest
    @CsvSource({"0, 4", "0.1, 4", "0.124, 4", "0.13, 3", "0.249, 3", "0.26, 2", "0.5, 2", "0.51, 1", "1, 1"})
    void minP_keepsWhatHasItsShareOfTheLikeliest(double p, int kept) {
        Candidates candidates = new Candidates(4);
        System.arraycopy(new float[] {1, 2, 0, 3}, 0, candidates.logits(), 0, 4); // factors of 2 at temperature 1/ln 2
        candidates.reset();
        new SamplingStep.Temperature(1 / Math.log(2)).apply(candidates);
        new SamplingStep.MinP(p == 0.5 ? p - 1e-12 : p).apply(candidates);
        assertEquals(kept, candidates.count());
        assertEquals(3, p > 0 ? candidates.id(0) : 3);
    }

    @Test
    void minP_keepsAllOfTheLikeliest_ifTheyAreEquallyLikely() {
        Candidates candidates = new Candidates(4);
        System.arraycopy(new float[] {3, 2, 3, 3}, 0, candidates.logits(), 0, 4);
        candidates.reset();
        new SamplingStep.Temperature(1).apply(candidates);
        new SamplingStep.MinP(1).apply(candidates);
        assertEquals(3, candidates.count());
    }

    /** The order of transformers: penalties, temperature, top-k, top-p, min-p, each on what the one before left. */
    @ParameterizedTest
    @CsvSource({
        "1, 0, 1, 0, 1.3, 0, 0",
        "0.7, 0, 1, 0, 1, 0.4, 0.3",
        "1.4, 0, 1, 0.2, 1, 0, 0",
        "0.8, 12, 0.9, 0.1, 1.2, 0.2, 0.1",
        "2, 5, 0.8, 0.3, 0.8, -0.3, 0",
        "1, 30, 1, 0.05, 1, 0, 2",
        "0.5, 0, 0.95, 0.4, 1.5, 0, 0"
    })
    void rulesTogether_areThoseOfTheSlowWay(
            double temperature, int k, double p, double minP, double repetition, double frequency, double presence) {
        SamplingSettings settings = SamplingSettings.defaults()
                .withTemperature(temperature)
                .withTopK(k)
                .withTopP(p)
                .withMinP(minP)
                .withRepetitionPenalty(repetition)
                .withFrequencyPenalty(frequency)
                .withPresencePenalty(presence);
        Candidates candidates = new Candidates(VOCABULARY);
        Sampler sampler = new Sampler(settings, candidates);
        int[] prompt = {3, 5, 3, 7};
        sampler.begin(prompt);
        List<Integer> generated = new ArrayList<>();
        for (int number = 0; number < 60; number++) {
            float[] logits = new float[VOCABULARY];
            for (int id = 0; id < VOCABULARY; id++) {
                logits[id] = (float) (1.5 * CounterRandom.normal(7, Stream.SAMPLING, number, id));
            }
            System.arraycopy(logits, 0, candidates.logits(), 0, VOCABULARY);
            int chosen = sampler.choose(2, number);
            assertEquals(slowly(settings, logits, prompt, generated, number), chosen, "token " + number);
            generated.add(chosen);
        }
        assertTrue(generated.stream().distinct().count() > 5, generated.toString()); // the check can fail
    }

    private static int slowly(
            SamplingSettings settings, float[] logits, int[] prompt, List<Integer> generated, int number) {
        Penalties penalties = settings.penalties();
        double[] scores = new double[logits.length];
        for (int id = 0; id < logits.length; id++) {
            int token = id;
            long times = Collections.frequency(generated, id);
            boolean seen = times > 0 || java.util.Arrays.stream(prompt).anyMatch(t -> t == token);
            double score = logits[id];
            if (seen) {
                score = score > 0 ? score / penalties.repetition() : score * penalties.repetition();
            }
            if (times > 0) {
                score -= times * penalties.frequency();
                score -= penalties.presence();
            }
            scores[id] = (float) score / settings.temperature();
        }
        List<Integer> order = new ArrayList<>();
        for (int id = 0; id < logits.length; id++) {
            order.add(id);
        }
        order.sort((a, b) -> scores[a] != scores[b] ? Double.compare(scores[b], scores[a]) : a - b);
        if (settings.topK() > 0) {
            order = order.subList(0, Math.min(settings.topK(), order.size()));
        }
        double whole = order.stream().mapToDouble(id -> Math.exp(scores[id])).sum();
        List<Integer> kept = new ArrayList<>();
        double sum = 0;
        for (int id : order) {
            if (settings.topP() < 1 && !kept.isEmpty() && sum >= settings.topP() * whole) {
                break;
            }
            kept.add(id);
            sum += Math.exp(scores[id]);
        }
        double least = settings.minP() * Math.exp(scores[kept.get(0)]);
        kept.removeIf(id -> Math.exp(scores[id]) < least);
        if (settings.topK() == 0 && settings.topP() == 1 && settings.minP() == 0) {
            Collections.sort(kept); // nothing was left out: the distribution is in the order of ids
        }
        double all = kept.stream().mapToDouble(id -> Math.exp(scores[id])).sum();
        double target = CounterRandom.uniform(settings.seed(), Stream.SAMPLING, number, 2) * all;
        double reached = 0;
        for (int id : kept) {
            reached += Math.exp(scores[id]);
            if (reached > target) {
                return id;
            }
        }
        throw new AssertionError("no token");
    }

    @Test
    void noPenalties_areNone() {
        assertTrue(Penalties.NONE.none());
        assertTrue(new Penalties(1, -0.0, 0).none());
        assertFalse(new Penalties(1.1, 0, 0).none());
        assertFalse(new Penalties(1, 0.1, 0).none());
        assertFalse(new Penalties(1, 0, -0.1).none());
    }

    @Test
    void valuesOutOfRange_areRefused() {
        SamplingSettings s = SamplingSettings.defaults();
        refused("the repetition penalty is 0.0; it must be a number above 0", () -> s.withRepetitionPenalty(0));
        refused("the repetition penalty is Infinity; ", () -> s.withRepetitionPenalty(Double.POSITIVE_INFINITY));
        refused("the frequency penalty is NaN; it must be a number", () -> s.withFrequencyPenalty(Double.NaN));
        refused("the presence penalty is -Infinity; ", () -> s.withPresencePenalty(Double.NEGATIVE_INFINITY));
        refused("min-p is 1.5; it must lie between 0", () -> s.withMinP(1.5));
        refused("min-p is -0.1; ", () -> s.withMinP(-0.1));
        refused("min-p is NaN; ", () -> s.withMinP(Double.NaN));
    }

    private static void refused(String message, Executable making) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, making);
        assertTrue(e.getMessage().startsWith(message), e.getMessage());
    }
}
