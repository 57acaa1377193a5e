package tinygpt.search;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.InvalidHyperparameterException;
import tinygpt.hyperparameters.Preset;

class ScaleStudyTest {
    private static final double[] SIZES = {1e4, 3e4, 1e5, 3e5, 1e6, 3e6};

    private static double[] losses(double a, double b, double c) {
        return java.util.Arrays.stream(SIZES).map(n -> a * Math.pow(n, -b) + c).toArray();
    }

    @Test
    void powerLaw_isFoundAgain() {
        PowerLaw law = PowerLaw.fit(SIZES, losses(12, 0.076, 0));
        assertEquals(12, law.a(), 1e-9);
        assertEquals(0.076, law.b(), 1e-12);
        assertEquals(1, law.rSquared(), 1e-12);
        assertEquals(12 * Math.pow(5e5, -0.076), law.at(5e5), 1e-9);
    }

    @Test
    void floor_isFoundAgain() {
        PowerLaw law = PowerLaw.fitWithFloor(SIZES, losses(40, 0.3, 1.5));
        assertEquals(1.5, law.c(), 1e-6);
        assertEquals(0.3, law.b(), 1e-6);
        assertEquals(40, law.a(), 1e-3);
        assertTrue(law.rSquared() > PowerLaw.fit(SIZES, losses(40, 0.3, 1.5)).rSquared());
        assertEquals(0, PowerLaw.fitWithFloor(SIZES, losses(12, 0.076, 0)).c(), 1e-6);
    }

    @Test
    void oneSize_hasNoLaw() {
        assertThrows(IllegalArgumentException.class, () -> PowerLaw.fit(new double[] {5, 5}, new double[] {1, 2}));
    }

    @Test
    void family_readsWidthsLayersAndHeads() {
        assertEquals(
                List.of(new SizeFamily.Size(2, 24, 1), new SizeFamily.Size(4, 64, 4), new SizeFamily.Size(1, 48, 6)),
                SizeFamily.parse("24,4x64,1x48x6", Plans.nano()).sizes());
        assertEquals(
                List.of(16, 32, 48, 64),
                SizeFamily.around(Plans.nano()).sizes().stream()
                        .map(SizeFamily.Size::width)
                        .toList());
        for (String bad : new String[] {"32", "32,32", "a,b", "2x,3", "32,"}) {
            assertThrows(InvalidHyperparameterException.class, () -> SizeFamily.parse(bad, Plans.nano()), bad);
        }
    }

    @Test
    void equalFlops_givesEachSizeTheSameOperations() {
        SearchPlan plan = SizeFamily.parse("2x16,2x32,3x64", Plans.nano()).plan(Plans.nano(), true);
        List<Trial> trials = TrialList.of(plan).trials();
        double budget = SizeFamily.flops(Plans.nano());
        for (Trial trial : trials) {
            assertEquals(1, SizeFamily.flops(trial.hyperparameters()) / budget, 0.02, trial.label());
        }
        assertEquals(200, trials.get(1).steps(), "the base's own size has the base's steps");
        assertTrue(trials.get(0).steps() > 300 && trials.get(2).steps() < 100);
        List<Trial> same = TrialList.of(
                        SizeFamily.parse("2x16,3x64", Plans.nano()).plan(Plans.nano(), false))
                .trials();
        assertTrue(same.stream().allMatch(trial -> trial.steps() == 200));
    }

    /** Six heads of 64 and two thirds of the width: four heads. */
    @Test
    void equalFlops_takesWidthsThatTheHeadsOfTheBaseDoNotDivide() {
        Hyperparameters base = Preset.named("shakespeare-gpu").hyperparameters();
        List<Trial> trials =
                TrialList.of(SizeFamily.around(base).plan(base, true)).trials();
        assertEquals(
                List.of(3, 4, 6, 9, 12),
                trials.stream()
                        .map(trial -> trial.hyperparameters().model().heads())
                        .toList());
        assertEquals(base.optimization().steps(), trials.get(2).steps());
    }

    /** The counts of Radford et al.'s shapes: 12 L C^2 and the biases and norms. */
    @Test
    void publishedSizes_areThoseOfTheShapes() {
        ScaleStudy.Published small = ScaleStudy.gpt2().get(0);
        assertEquals(124_439_808, small.parameters());
        assertEquals(124_439_808L - 50257L * 768 - 1024L * 768, small.n());
        PowerLaw law = ScaleStudy.gpt2Law();
        assertEquals(0.0532, law.b(), 1e-4);
    }

    @Test
    void study_sortsBySize_fits_andDraws() {
        SearchPlan plan = SizeFamily.parse("64,32,16,48,24", Plans.nano()).plan(Plans.nano(), false);
        List<Result> results = TrialList.of(plan).trials().stream()
                .map(trial -> {
                    double loss = 9 * Math.pow(SizeFamily.layerParameters(trial.hyperparameters()), -0.1);
                    return new Result(trial, TrialState.COMPLETE, 1, Plans.reached(trial, 200, loss), 1);
                })
                .toList();
        ScaleStudy study = ScaleStudy.of(results);
        assertEquals(
                List.of(2, 4, 1, 3, 0),
                study.points().stream().map(p -> p.result().trial().index()).toList());
        assertEquals(0.1, study.law().b(), 1e-9);
        assertNull(study.floored(), "no floor, so none is told");
        String panel = ScaleChart.panel(study);
        assertTrue(panel.contains("L = 9.000 N^-0.1000 (R² 1.000) through 5 sizes"), panel);
        assertEquals(5, panel.split("class=\"dot\"", -1).length - 1);
        assertEquals(4, panel.split("<rect", -1).length - 1);
        assertNull(ScaleStudy.of(results.subList(0, 1)).law());
    }
}
