package tinygpt.search;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tinygpt.hyperparameters.InvalidHyperparameterException;

class SearchSpaceTest {
    private static List<String> labels(SearchPlan plan) {
        return TrialList.of(plan).trials().stream().map(Trial::label).toList();
    }

    @Test
    void grid_isInTheOrderOfNestedLoops() {
        assertEquals(
                List.of(
                        "learning-rate=0.001 layers=1",
                        "learning-rate=0.001 layers=2",
                        "learning-rate=0.003 layers=1",
                        "learning-rate=0.003 layers=2"),
                labels(Plans.grid("lr=1e-3,3e-3", "layers=1,2")));
    }

    @Test
    void trials_haveTheValuesAndWhatFollowsFromThem() {
        Trial trial = TrialList.of(Plans.grid("lr=0.02", "width=64", "dropout=0.25"))
                .trials()
                .get(0);
        assertEquals(0.02, trial.hyperparameters().optimization().learningRate());
        assertEquals(0.002, trial.hyperparameters().optimization().minLearningRate(), 1e-12);
        assertEquals(256, trial.hyperparameters().model().feedForwardWidth());
        assertEquals(0.25, trial.hyperparameters().model().embeddingDropout());
        assertEquals(0.25, trial.hyperparameters().model().attentionDropout());
        assertEquals(0.25, trial.hyperparameters().model().residualDropout());
        assertEquals(Plans.nano().seed(), trial.hyperparameters().seed(), "all begin with the same weights");
    }

    @Test
    void sameSeed_sameTrials_anotherSeedOthers() {
        String[] sets = {"lr=log:1e-4..1e-2", "layers=1..4", "activation=gelu_tanh,gelu_erf"};
        assertEquals(labels(Plans.random(12, 7, sets)), labels(Plans.random(12, 7, sets)));
        assertFalse(labels(Plans.random(12, 7, sets)).equals(labels(Plans.random(12, 8, sets))));
    }

    @Test
    void trialI_dependsOnNeitherTheirNumberNorOnWhatElseIsSearched() {
        List<Trial> few = TrialList.of(Plans.random(3, 7, "lr=log:1e-4..1e-2")).trials();
        List<Trial> many = TrialList.of(Plans.random(9, 7, "weight-decay=0..0.3", "lr=log:1e-4..1e-2"))
                .trials();
        for (int i = 0; i < 3; i++) {
            assertEquals(
                    few.get(i).values().get("learning-rate"),
                    many.get(i).values().get("learning-rate"));
        }
    }

    @Test
    void draws_fillTheirRanges() {
        List<Trial> trials = TrialList.of(Plans.random(400, 3, "lr=log:1e-4..1e-2", "dropout=0..0.2", "seed=1..4"))
                .trials();
        long low = 0;
        double sum = 0;
        int[] seeds = new int[5];
        for (Trial trial : trials) {
            double rate = trial.hyperparameters().optimization().learningRate();
            assertTrue(rate >= 1e-4 && rate <= 1e-2, trial.label());
            low += rate < 1e-3 ? 1 : 0;
            double dropout = trial.hyperparameters().model().embeddingDropout();
            assertTrue(dropout >= 0 && dropout <= 0.2, trial.label());
            sum += dropout;
            seeds[(int) trial.hyperparameters().seed()]++;
        }
        // Half of a logarithmic range lies below its geometric mean; three standard errors are 0.075, 0.0087 and 0.065.
        assertEquals(0.5, low / 400.0, 0.075);
        assertEquals(0.1, sum / 400, 0.009);
        for (int seed = 1; seed <= 4; seed++) {
            assertEquals(0.25, seeds[seed] / 400.0, 0.065);
        }
    }

    @Test
    void integersOnALogarithmicRange_reachBothEnds() {
        List<Trial> trials = TrialList.of(Plans.random(200, 1, "batch=log:2..16", "seed=1..1000000"))
                .trials();
        List<Integer> sizes = trials.stream()
                .map(trial -> trial.hyperparameters().data().batchSize())
                .distinct()
                .sorted()
                .toList();
        assertEquals(2, sizes.get(0));
        assertEquals(16, sizes.get(sizes.size() - 1));
    }

    @Test
    void impossibleAndRepeatedCombinations_areLeftOutAndKeepTheirNumbers() {
        TrialList list = TrialList.of(Plans.grid("width=32,33", "heads=2,3"));
        assertEquals(List.of(0, 3), list.trials().stream().map(Trial::index).toList());
        assertEquals(
                List.of(1, 2),
                list.skipped().stream().map(TrialList.Skipped::index).toList());
        assertTrue(list.skipped().get(0).reason().contains("width 32 cannot be divided into 3 heads"));
        TrialList twice = TrialList.of(Plans.random(8, 1, "layers=1,2"));
        assertEquals(2, twice.trials().size());
        assertTrue(twice.skipped().get(0).reason().startsWith("the same as trial "));
        assertThrows(InvalidHyperparameterException.class, () -> TrialList.of(Plans.grid("width=33,35")));
    }

    @Test
    void zip_takesListsSideBySide() {
        assertEquals(List.of("width=32 heads=2", "width=48 heads=3"), labels(zip("width=32,48", "heads=2,3")));
        assertTrue(assertThrows(InvalidHyperparameterException.class, () -> zip("width=32,48", "heads=2"))
                .getMessage()
                .contains("has 1 and width has 2"));
        assertTrue(assertThrows(InvalidHyperparameterException.class, () -> Plans.grid("lr=1e-3,0.001"))
                .getMessage()
                .contains("a value is there twice"));
    }

    private static SearchPlan zip(String... sets) {
        return new SearchPlan(Plans.nano(), SearchSpace.parse(List.of(sets)), SearchPlan.Method.ZIP, 0, 1, null, false);
    }

    @Test
    void equalTokens_givesLargerBatchesFewerSteps() {
        SearchPlan plan = new SearchPlan(
                Plans.nano(), SearchSpace.parse(List.of("batch=4,8,16")), SearchPlan.Method.GRID, 0, 1, null, true);
        assertEquals(
                List.of(400, 200, 100),
                TrialList.of(plan).trials().stream().map(Trial::steps).toList());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "lr | --set takes NAME=VALUES",
                "speed=1,2 | 'speed' is not a hyperparameter; there are ",
                "layers=1,two | not 'two'",
                "layers=1,2.5 | --layers takes an integer of at most",
                "lr=1e-3,,1e-2 | takes a number, not ''",
                "lr=1e-2..1e-3 | from the lower to the higher",
                "lr=log:0..1 | begins above 0",
                "lr=..1 | a range is written from..to",
                "activation=a..b | write a list",
                "tokenizer=character,byte | says nothing across different tokens",
                "vocabulary-size=10,20 | says nothing across different tokens"
            })
    void badSpecs_areRefusedInOneLine(String spec, String complaint) {
        String message = assertThrows(InvalidHyperparameterException.class, () -> SearchSpace.parse(List.of(spec)))
                .getMessage();
        assertTrue(message.contains(complaint), message);
        assertFalse(message.contains("\n"));
    }

    @Test
    void rangesOfAGrid_areRefusedWithAWayOut() {
        String message = assertThrows(
                        InvalidHyperparameterException.class, () -> TrialList.of(Plans.grid("lr=log:1e-4..1e-2")))
                .getMessage();
        assertTrue(message.contains("learning-rate=0.0001,0.001,0.01 for example, or use --method random"), message);
    }

    @Test
    void rangesBeyondWhatIsPossible_areRefusedAtOnce() {
        String message = assertThrows(InvalidHyperparameterException.class, () -> Plans.random(5, 1, "dropout=0..1.5"))
                .getMessage();
        assertTrue(message.startsWith("--set dropout=0..1.5: "), message);
    }

    @Test
    void edges_areSeenOfListsAndRanges() {
        SearchSpace space = SearchSpace.parse(List.of("lr=log:1e-4..1e-2", "layers=1,2,3", "width=32,64"));
        Axis rate = space.axes().get(0);
        assertEquals("lowest", rate.edge(rate.keys().get(0).parse("1.1e-4")));
        assertEquals("", rate.edge(rate.keys().get(0).parse("1e-3")));
        assertEquals("highest", rate.edge(rate.keys().get(0).parse("9.5e-3")));
        Axis layers = space.axes().get(1);
        assertEquals("highest", layers.edge(layers.keys().get(0).parse("3")));
        assertEquals("", layers.edge(layers.keys().get(0).parse("2")));
        Axis width = space.axes().get(2);
        assertEquals("", width.edge(width.keys().get(0).parse("64")), "two values have no middle");
    }

    @Test
    void plan_readsBackAsItWas() {
        SearchPlan plan = Plans.halving(true);
        SearchPlan again = SearchPlan.fromJson(java.nio.file.Path.of("search.json"), plan.toJson());
        assertTrue(plan.sameAs(again));
        assertEquals(plan.halving(), again.halving());
        assertFalse(plan.sameAs(Plans.halving(false)));
    }
}
