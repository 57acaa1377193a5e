package tinygpt.generation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tinygpt.generation.Choice.Candidate;
import tinygpt.generation.Choice.Cut;
import tinygpt.random.CounterRandom;
import tinygpt.random.Stream;

/** What a sampler says of its choices is what it did. */
class ChoiceTest {
    private static final double NEAR = 1e-6; // logits are floats

    /** Probabilities 1/8, 1/2, 1/8, 1/4 by id. Top-k 3 leaves 4/7, 2/7, 1/7; of these 4/7 + 2/7 reach 0.8. */
    @Test
    void stages_areTheProbabilitiesByHand() {
        SamplingSettings settings =
                SamplingSettings.defaults().withTemperature(1).withTopK(3).withTopP(0.8);
        Choice choice = choices(settings, 1, 10, logs(0.125, 0.5, 0.125, 0.25)).get(0);
        int[] ids = {1, 3, 0, 2};
        double[] model = {0.5, 0.25, 0.125, 0.125};
        double[] afterTopK = {4 / 7.0, 2 / 7.0, 1 / 7.0, 0};
        double[] chance = {2 / 3.0, 1 / 3.0, 0, 0};
        double[] from = {0, 2 / 3.0, Double.NaN, Double.NaN};
        double[] to = {2 / 3.0, 1, Double.NaN, Double.NaN};
        Cut[] cuts = {Cut.NONE, Cut.NONE, Cut.TOP_P, Cut.TOP_K};
        for (int i = 0; i < 4; i++) {
            Candidate c = choice.candidates().get(i);
            assertEquals(ids[i], c.id());
            assertEquals(i + 1, c.rank());
            assertEquals(Math.log(model[i]), c.logit(), NEAR);
            assertEquals(model[i], c.model(), NEAR);
            assertEquals(model[i], c.tempered(), NEAR);
            assertEquals(afterTopK[i], c.afterTopK(), NEAR);
            assertEquals(chance[i], c.chance(), NEAR);
            assertEquals(from[i], c.from(), NEAR);
            assertEquals(to[i], c.to(), NEAR);
            assertEquals(cuts[i], c.cut());
        }
        assertEquals(2, choice.kept());
        assertEquals(1, choice.cutByTopK());
        assertEquals(1, choice.cutByTopP());
        assertEquals(CounterRandom.uniform(1337, Stream.SAMPLING, 0, 0), choice.drawn());
        assertEquals(choice.drawn() < 2 / 3.0 ? 1 : 3, choice.token());
    }

    /** Temperature 1/2 squares probabilities: 1/16, 1/4, 1/16, 1/4 out of 0.625. */
    @Test
    void temperature_isAppliedToAllTokens_evenThoseThatTopKCuts() {
        SamplingSettings settings =
                SamplingSettings.defaults().withTemperature(0.5).withTopK(1);
        Choice choice = choices(settings, 1, 3, logs(0.25, 0.5, 0.25, 0.5)).get(0);
        assertEquals(0.4, choice.candidates().get(0).tempered(), NEAR);
        assertEquals(0.4, choice.candidates().get(1).tempered(), NEAR);
        assertEquals(0.1, choice.candidates().get(2).tempered(), NEAR);
        assertEquals(1, choice.chosen().chance());
        assertEquals(Cut.TOP_K, choice.candidates().get(1).cut());
    }

    @ParameterizedTest
    @CsvSource({"1, 0, 1", "0.8, 0, 1", "0.8, 40, 1", "1.3, 0, 0.9", "0.7, 25, 0.6", "2, 1, 0.5", "0, 0, 1"})
    void watchedChoices_areThoseOfAnUnwatchedSampler_andTheNumberFallsInTheirRange(double t, int k, double p) {
        SamplingSettings settings =
                SamplingSettings.defaults().withTemperature(t).withTopK(k).withTopP(p);
        float[] logits = new float[300];
        for (int id = 0; id < logits.length; id++) {
            logits[id] = CounterRandom.below(30, 5, Stream.SAMPLING, 0, id) / 4f; // many equal ones
        }
        List<Choice> choices = choices(settings, 200, 5, logits);
        Sampler unwatched = new Sampler(settings, candidates(logits));
        for (int number = 0; number < choices.size(); number++) {
            Choice choice = choices.get(number);
            assertEquals(unwatched.choose(0, number), choice.token());
            assertEquals(number, choice.number());
            if (t > 0) {
                Candidate chosen = choice.chosen();
                assertTrue(chosen.from() <= choice.drawn() && choice.drawn() <= chosen.to(), choice.toString());
                assertEquals(chosen.chance(), chosen.to() - chosen.from(), 1e-12);
                assertEquals(300, choice.kept() + choice.cutByTopK() + choice.cutByTopP());
            }
        }
    }

    @Test
    void allCandidates_shareTheWholeOfEveryStage() {
        SamplingSettings settings = SamplingSettings.defaults().withTopK(9).withTopP(0.9);
        float[] logits = new float[40];
        for (int id = 0; id < logits.length; id++) {
            logits[id] = (float) CounterRandom.normal(1, Stream.SAMPLING, 0, id);
        }
        List<Candidate> all = choices(settings, 1, 100, logits).get(0).candidates();
        assertEquals(40, all.size());
        assertEquals(1, all.stream().mapToDouble(Candidate::model).sum(), 1e-12);
        assertEquals(1, all.stream().mapToDouble(Candidate::tempered).sum(), 1e-12);
        assertEquals(1, all.stream().mapToDouble(Candidate::afterTopK).sum(), 1e-12);
        assertEquals(1, all.stream().mapToDouble(Candidate::chance).sum(), 1e-12);
        assertEquals(9, all.stream().filter(c -> c.afterTopK() > 0).count());
    }

    @Test
    void greedy_drawsNothing_andTakesTheSmallestIdOfEqualOnes() {
        Choice choice = choices(SamplingSettings.greedy(1), 1, 2, 0, 3, 3, 2).get(0);
        assertTrue(choice.greedy());
        assertTrue(Double.isNaN(choice.drawn()));
        assertEquals(1, choice.token());
        assertEquals(1, choice.kept());
        assertEquals(Cut.GREEDY, choice.candidates().get(1).cut());
        assertEquals(0, choice.candidates().get(1).chance());
        assertEquals(
                choice.candidates().get(0).model(), choice.candidates().get(1).model());
    }

    @Test
    void chosenToken_isListedWithItsRank_howeverUnlikely() {
        float[] even = new float[50];
        for (Choice choice : choices(SamplingSettings.defaults(), 30, 1, even)) {
            assertEquals(0, choice.candidates().get(0).id());
            assertEquals(choice.token() + 1, choice.chosen().rank());
            assertEquals(choice.token() == 0 ? 1 : 2, choice.candidates().size());
            assertEquals(choice.token() / 50.0, choice.chosen().from(), 1e-12);
        }
    }

    @Test
    void noCandidatesToShow_isRefused() {
        var e = assertThrows(IllegalArgumentException.class, () -> new ChoiceRecorder(0, choice -> {}));
        assertTrue(e.getMessage().startsWith("the number of candidates to show is 0"), e.getMessage());
    }

    private static float[] logs(double... probabilities) {
        float[] logits = new float[probabilities.length];
        IntStream.range(0, logits.length).forEach(i -> logits[i] = (float) Math.log(probabilities[i]));
        return logits;
    }

    private static List<Choice> choices(SamplingSettings settings, int count, int shown, float... logits) {
        List<Choice> choices = new ArrayList<>();
        Sampler sampler = new Sampler(settings, candidates(logits), new ChoiceRecorder(shown, choices::add));
        for (int number = 0; number < count; number++) {
            sampler.choose(0, number);
        }
        return choices;
    }

    private static Candidates candidates(float... logits) {
        Candidates candidates = new Candidates(logits.length);
        System.arraycopy(logits, 0, candidates.logits(), 0, logits.length);
        return candidates;
    }
}
