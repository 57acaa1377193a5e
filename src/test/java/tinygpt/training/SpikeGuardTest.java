package tinygpt.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.tensor.Slab;
import tinygpt.text.ByteTokenizer;
import tinygpt.text.Corpus;

class SpikeGuardTest {
    private static final int MEMORY = SpikeGuard.MEMORY;

    /** Losses 1, 3, 1, 3, ... have mean 2 and deviation 1, and the limit is where the formula puts it. */
    @Test
    void limit_isMeanAndSoManyDeviations() {
        SpikeGuard guard = new SpikeGuard(6);
        for (int i = 0; i < MEMORY; i++) {
            assertFalse(guard.isSpike(1 + 2 * (i % 2), 5));
            assertEquals(Double.POSITIVE_INFINITY, guard.lossLimit());
        }
        assertTrue(guard.isSpike(8.0001, 5));
        assertEquals(8, guard.lossLimit(), 1e-12);
        assertEquals(5 + 6 * 0.05, guard.normLimit(), 1e-12); // no deviation at all counts as 1 %
        assertEquals(1, guard.skipped());
    }

    @Test
    void either_lossOrNorm_isEnough_andBelowIsNone() {
        for (double[] step : new double[][] {{1, 1.5, 1}, {1.5, 1, 1}, {1.059, 1.059, 0}, {0, 0, 0}}) {
            SpikeGuard guard = constant(1, 1);
            assertEquals(step[2] == 1, guard.isSpike(step[0], step[1]));
        }
    }

    @Test
    void factorZero_neverSkips() {
        SpikeGuard guard = new SpikeGuard(0);
        for (int i = 0; i < 2 * MEMORY; i++) {
            assertFalse(guard.isSpike(i == 100 ? 1e30 : 1, 1));
        }
    }

    /** A guard that remembered no spike at all would refuse everything after a change for good. */
    @Test
    void changeThatLasts_isAcceptedAfterSomeSteps() {
        SpikeGuard guard = constant(1, 1);
        int refused = 0;
        while (guard.isSpike(10, 1)) {
            refused++;
            assertTrue(refused < MEMORY, "never accepted");
        }
        assertTrue(refused > 3, refused + " refused");
    }

    /** One spike hardly moves the limit, so the next is a spike as well. */
    @Test
    void hugeSpike_doesNotOpenTheDoorForTheNext() {
        SpikeGuard guard = constant(1, 1);
        assertTrue(guard.isSpike(1e12, 1));
        assertTrue(guard.isSpike(1e12, 1));
        assertTrue(guard.lossLimit() < 1.2, "limit " + guard.lossLimit());
    }

    @Test
    void history_readBack_isTheSameToTheBit() {
        SpikeHistory history = new SpikeHistory(70, 2, 1 / 3.0, Math.PI * 1e-9, 4.9e-324, 1e300);
        assertEquals(history, SpikeHistory.parse(history.write()));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "1 0 1 1 1",
                "1 0 1 1 1 1 1",
                "1 2 1 1 1 1",
                "1 -1 1 1 1 1",
                "1 0 NaN 1 1 1",
                "1 0 1 -1 1 1",
                "1 0 1 1 1 Infinity",
                "a 0 1 1 1 1"
            })
    void history_ofSomethingElse_isRefused(String text) {
        assertThrows(IllegalArgumentException.class, () -> SpikeHistory.parse(text));
    }

    @Test
    void step_withASpike_leavesEverythingAsItWas_andTrainingGoesOn() {
        try (Trainer trainer = trainer("6", Set.of(70L))) {
            List<TrainingListener.SpikeReport> spikes = new ArrayList<>();
            List<TrainingListener.StepReport> steps = new ArrayList<>();
            trainer.listen(new TrainingListener() {
                @Override
                public void onSpike(SpikeReport report) {
                    spikes.add(report);
                }

                @Override
                public void onStep(StepReport report) {
                    steps.add(report);
                }
            });
            while (trainer.stepsDone() < 70) {
                trainer.step();
            }
            float[] weights = TrainingFixtures.floats(trainer.registry().weights());
            float[] mean = TrainingFixtures.floats(trainer.mean());
            float[] variance = TrainingFixtures.floats(trainer.meanSquare());
            assertEquals(0, trainer.stepsSkipped());

            trainer.step();

            assertArrayEquals(
                    weights, TrainingFixtures.floats(trainer.registry().weights()));
            assertArrayEquals(mean, TrainingFixtures.floats(trainer.mean()));
            assertArrayEquals(variance, TrainingFixtures.floats(trainer.meanSquare()));
            assertEquals(1, trainer.stepsSkipped());
            assertEquals(71, trainer.stepsDone());
            assertEquals(71, spikes.get(0).step());
            assertTrue(spikes.get(0).gradientNorm() > spikes.get(0).normLimit());
            assertEquals(0, steps.get(70).updateRatio());
            assertFalse(steps.get(70).clipped());

            trainer.step();
            assertNotEquals(
                    weights[0], TrainingFixtures.floats(trainer.registry().weights())[0]);
            assertEquals(1, spikes.size());
        }
    }

    @Test
    void step_withoutTheGuard_takesTheSpike() {
        try (Trainer trainer = trainer("0", Set.of(70L))) {
            while (trainer.stepsDone() < 70) {
                trainer.step();
            }
            float[] weights = TrainingFixtures.floats(trainer.registry().weights());
            trainer.step();
            assertNotEquals(
                    weights[0], TrainingFixtures.floats(trainer.registry().weights())[0]);
            assertEquals(0, trainer.stepsSkipped());
        }
    }

    /** Stopped between two spikes, right after one and long before any: always the same end. */
    @ParameterizedTest
    @ValueSource(ints = {10, 66, 71, 73})
    void resumed_skipsTheSameSteps_andEndsBitwiseEqual(int stop) {
        Set<Long> spikes = Set.of(66L, 70L, 75L);
        float[] whole;
        try (Trainer trainer = trainer("6", spikes)) {
            while (trainer.stepsDone() < 80) {
                trainer.step();
            }
            assertEquals(3, trainer.stepsSkipped());
            whole = TrainingFixtures.floats(trainer.registry().weights());
        }
        try (Trainer first = trainer("6", spikes);
                Trainer second = trainer("6", spikes)) {
            while (first.stepsDone() < stop) {
                first.step();
            }
            second.registry().weights().copyFrom(first.registry().weights());
            second.mean().copyFrom(first.mean());
            second.meanSquare().copyFrom(first.meanSquare());
            second.continueFrom(stop, first.tokensSeen(), 1, -1);
            second.continueSpikeHistory(SpikeHistory.parse(first.spikeHistory().write()));
            while (second.stepsDone() < 80) {
                second.step();
            }
            assertEquals(3, second.stepsSkipped());
            assertArrayEquals(whole, TrainingFixtures.floats(second.registry().weights()));
        }
    }

    @Test
    void step_withNaN_stopsThoughSpikesAreSkipped() {
        try (Trainer trainer = new Trainer(
                hyperparameters("6"),
                corpus(),
                1,
                (model, h, tokens, team) ->
                        new Spiking(new LocalEngine(model, h, tokens, team), Set.of(0L), Float.NaN))) {
            TrainingFailedException e = assertThrows(TrainingFailedException.class, trainer::step);
            assertTrue(e.getMessage().contains("the gradient of wte.weight"), e.getMessage());
            assertEquals(0, trainer.stepsDone());
        }
    }

    private static SpikeGuard constant(double loss, double norm) {
        SpikeGuard guard = new SpikeGuard(6);
        for (int i = 0; i < MEMORY; i++) {
            guard.isSpike(loss, norm);
        }
        return guard;
    }

    private static Trainer trainer(String factor, Set<Long> spikes) {
        return new Trainer(
                hyperparameters(factor),
                corpus(),
                1,
                (model, h, tokens, team) -> new Spiking(new LocalEngine(model, h, tokens, team), spikes, 1000));
    }

    private static Hyperparameters hyperparameters(String factor) {
        return TrainingFixtures.nano(
                "model.width",
                "8",
                "model.layers",
                "1",
                "model.context_length",
                "8",
                "optimization.skip_spikes",
                factor);
    }

    private static Corpus corpus() {
        return Corpus.of(new ByteTokenizer(), "the quick brown fox jumps over the lazy dog. ".repeat(20), 0.1);
    }

    /** An engine one of whose gradients' numbers is out of all proportion at some steps. */
    private record Spiking(GradientEngine engine, Set<Long> steps, float value) implements GradientEngine {
        @Override
        public double compute(long step) {
            double loss = engine.compute(step);
            if (steps.contains(step)) {
                gradients().write(3, new float[] {value}, 0, 1);
            }
            return loss;
        }

        @Override
        public Slab gradients() {
            return engine.gradients();
        }

        @Override
        public void close() {
            engine.close();
        }
    }
}
