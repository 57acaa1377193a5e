package tinygpt.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.Optimization;
import tinygpt.hyperparameters.ScheduleKind;
import tinygpt.model.Activations;
import tinygpt.model.Dropouts;
import tinygpt.model.Gpt;
import tinygpt.model.Gradients;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.reference.ModelFixtures;
import tinygpt.reference.ModelFixtures.Golden;
import tinygpt.tensor.Slab;
import tinygpt.tensor.WorkerTeam;
import tinygpt.training.TrainingFixtures.Training;

/** The same hyperparameters give the same numbers, whoever computes them. */
class TrainingDeterminismTest {
    private static final int STEPS = 10;

    /** Dropout everywhere; 8 sequences in 4 shards. */
    private static Hyperparameters dropped() {
        return TrainingFixtures.nano(
                "model.embedding_dropout", "0.1",
                "model.attention_dropout", "0.1",
                "model.residual_dropout", "0.1",
                "data.shards", "4");
    }

    /** All that training leaves behind. */
    private record Outcome(double[] losses, float[] weights, float[] mean, float[] meanSquare, float[] gradients) {
        static Outcome of(Hyperparameters h, int threads, long slabBudget) {
            try (Training training = new Training(h, TrainingFixtures.text(h, 5000), threads, slabBudget)) {
                double[] losses = new double[STEPS];
                for (int step = 0; step < STEPS; step++) {
                    losses[step] = training.step(step);
                }
                return new Outcome(
                        losses,
                        TrainingFixtures.floats(training.registry.weights()),
                        TrainingFixtures.floats(training.adamW.mean()),
                        TrainingFixtures.floats(training.adamW.meanSquare()),
                        TrainingFixtures.floats(training.engine.gradients()));
            }
        }

        void assertSame(Outcome other) {
            assertArrayEquals(losses, other.losses, "losses");
            assertArrayEquals(weights, other.weights, "weights");
            assertArrayEquals(mean, other.mean, "m");
            assertArrayEquals(meanSquare, other.meanSquare, "v");
            assertArrayEquals(gradients, other.gradients, "gradients");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 5})
    void anyNumberOfThreads_givesTheSameBits(int threads) {
        Outcome one = Outcome.of(dropped(), 1, ShardGradients.SLAB_BUDGET);
        assertTrue(one.losses[STEPS - 1] < one.losses[0], "it learns");

        one.assertSame(Outcome.of(dropped(), threads, ShardGradients.SLAB_BUDGET));
    }

    /** A large model's gradients do not all fit: shards are taken in rounds. A budget of nothing does it to a small one. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5})
    void roundsOfShards_giveTheSameBits(int threads) {
        Outcome.of(dropped(), 1, ShardGradients.SLAB_BUDGET).assertSame(Outcome.of(dropped(), threads, 0));
    }

    @Test
    void anotherSeed_givesOtherNumbers() {
        Hyperparameters other = dropped().with("seed", "1338");
        assertFalse(java.util.Arrays.equals(
                Outcome.of(dropped(), 1, ShardGradients.SLAB_BUDGET).weights,
                Outcome.of(other, 1, ShardGradients.SLAB_BUDGET).weights));
    }

    /** Dropout masks hang on the place in the batch, not in the shard, so the only difference is the order of a sum. */
    @ParameterizedTest
    @ValueSource(ints = {2, 4, 8})
    void shards_giveTheGradientOfTheWholeBatch(int shards) {
        List<double[]> gradients = new ArrayList<>();
        List<Double> losses = new ArrayList<>();
        for (int count : new int[] {1, shards}) {
            Hyperparameters h = dropped().with("data.shards", Integer.toString(count));
            try (Training training = new Training(h, TrainingFixtures.text(h, 5000), 2)) {
                losses.add(training.engine.compute(3));
                gradients.add(ModelFixtures.widen(TrainingFixtures.floats(training.engine.gradients())));
            }
        }
        ModelFixtures.assertClose("gradient of " + shards + " shards", gradients.get(0), gradients.get(1), 1e-5);
        assertEquals(losses.get(0), losses.get(1), 1e-6);
    }

    /** With whole windows side by side, a step's gradient is that of the windows one would cut by hand. */
    @Test
    void sequentialOrder_takesOneWindowAfterTheOther() {
        Hyperparameters h = TrainingFixtures.nano("data.order", "sequential", "data.shards", "4");
        int time = h.model().contextLength();
        int[] tokens = TrainingFixtures.text(h, 21 * time + 5); // 21 whole windows: the third batch starts over
        BatchPlan plan = new BatchPlan(h, tokens.length);
        List<Integer> starts = new ArrayList<>();
        for (long step = 0; step < 3; step++) {
            for (int position = 0; position < plan.shards() * plan.shardSize(); position++) {
                starts.add(plan.start(step, position));
            }
        }
        List<Integer> expected = new ArrayList<>();
        for (int i = 0; i < 24; i++) {
            expected.add(i % 21 * time);
        }
        assertEquals(expected, starts);

        try (Training training = new Training(h, tokens, 2);
                Activations a = new Activations(training.model, 8, time, new Dropouts(h.model(), h.seed()));
                Gradients gradients = new Gradients(training.registry, "test")) {
            double loss = training.engine.compute(2);
            for (int i = 0; i < 8; i++) {
                System.arraycopy(tokens, expected.get(16 + i), a.tokens(), i * time, time);
                System.arraycopy(tokens, expected.get(16 + i) + 1, a.targets(), i * time, time);
            }
            training.model.forward(training.team.workspace(), a);
            double sum = training.model.lossAndGradients(training.team.workspace(), a, 1f / (8 * time), gradients);
            assertEquals(sum / (8 * time), loss, 1e-6);
            ModelFixtures.assertClose(
                    "gradient",
                    ModelFixtures.widen(TrainingFixtures.floats(gradients.slab())),
                    ModelFixtures.widen(TrainingFixtures.floats(training.engine.gradients())),
                    1e-5);
        }
    }

    @ParameterizedTest
    @CsvSource({"gpt2-tiny-tied, 1", "gpt2-tiny-tied, 3", "gpt2-tiny-untied, 1", "gpt2-tiny-untied, 3"})
    void fiveSteps_fromGoldenModel_givePyTorchsLossesAndWeights(String name, int threads) {
        Golden golden = ModelFixtures.golden(name);
        JsonNode settings = golden.expected().get("adamw");
        Optimization optimization = new Optimization(
                5,
                settings.get("lr").asDouble(),
                settings.get("lr").asDouble(),
                ScheduleKind.CONSTANT,
                0,
                settings.at("/betas/0").asDouble(),
                settings.at("/betas/1").asDouble(),
                settings.get("eps").asDouble(),
                settings.get("weight_decay").asDouble(),
                settings.get("clip").asDouble(),
                0);
        int sequences = golden.ids().length;
        int time = golden.ids()[0].length;
        double[] losses = new double[6];
        try (ParameterRegistry registry = ParameterRegistry.of(golden.shape()).allocate();
                WorkerTeam team = new WorkerTeam(threads, Gpt.longestRow(golden.shape()));
                AdamW adamW = new AdamW(registry, optimization, team);
                Gradients gradients = new Gradients(registry, "test");
                Activations a = new Activations(new Gpt(registry), sequences, time, new Dropouts(golden.shape(), 1))) {
            ModelFixtures.fill(registry, golden.weights());
            Gpt model = new Gpt(registry);
            for (int i = 0; i < sequences; i++) {
                System.arraycopy(golden.ids()[i], 0, a.tokens(), i * time, time);
                System.arraycopy(golden.targets()[i], 0, a.targets(), i * time, time);
            }
            for (int step = 0; step <= 5; step++) {
                model.forward(team.workspace(), a);
                double sum = model.lossAndGradients(team.workspace(), a, 1f / (sequences * time), gradients);
                losses[step] = sum / (sequences * time);
                if (step < 5) {
                    assertTrue(adamW.step(step + 1, gradients.slab(), LearningRateSchedule.at(optimization, step)));
                }
                if (step == 0) {
                    assertEquals(golden.expected().get("gradient_norm").asDouble(), adamW.gradientNorm(), 1e-5);
                }
            }
            ModelFixtures.assertAfterFiveSteps(golden, ModelFixtures.read(registry, registry.weights()), 1e-5);
        }
        JsonNode expected = settings.get("losses_before_each_step_and_after_the_last");
        for (int i = 0; i < 6; i++) {
            assertEquals(expected.get(i).asDouble(), losses[i], 1e-5, "loss " + i);
        }
    }

    /** The norms that AdamW reports are those of the numbers before and after. */
    @Test
    void normsOfAStep_areThoseOfTheNumbers() {
        Hyperparameters h = TrainingFixtures.nano("optimization.gradient_clip", "0.05");
        try (Training training = new Training(h, TrainingFixtures.text(h, 5000), 2)) {
            training.engine.compute(0);
            float[] gradient = TrainingFixtures.floats(training.engine.gradients());
            float[] before = TrainingFixtures.floats(training.registry.weights());
            assertTrue(training.adamW.step(1, training.engine.gradients(), 1e-2));
            float[] after = TrainingFixtures.floats(training.registry.weights());
            float[] clipped = TrainingFixtures.floats(training.engine.gradients());

            double norm = 0;
            double weight = 0;
            double change = 0;
            for (int i = 0; i < gradient.length; i++) {
                norm += (double) gradient[i] * gradient[i];
                weight += (double) after[i] * after[i];
                change += ((double) after[i] - before[i]) * ((double) after[i] - before[i]);
            }
            norm = Math.sqrt(norm);
            assertEquals(norm, training.adamW.gradientNorm(), norm * 1e-6);
            assertEquals(0.05 / (norm + 1e-6), training.adamW.clipFactor(), 1e-6);
            assertEquals(Math.sqrt(change / weight), training.adamW.updateRatio(), 1e-4 * Math.sqrt(change / weight));
            for (int i = 0; i < gradient.length; i++) {
                assertEquals(gradient[i] * (float) training.adamW.clipFactor(), clipped[i]);
            }
            Parameter last =
                    training.adamW.parameters().get(training.adamW.parameters().size() - 1);
            double lastNorm = 0;
            double size = 0;
            double changeSize = 0;
            for (int i = 0; i < last.size(); i++) {
                int at = (int) last.offset() + i;
                lastNorm += (double) gradient[at] * gradient[at];
                size += Math.abs(after[at]);
                changeSize += Math.abs((double) after[at] - before[at]);
            }
            int place = training.adamW.parameters().size() - 1;
            assertEquals(size, training.adamW.weightSize(place), size * 1e-6);
            assertEquals(changeSize, training.adamW.changeSize(place), changeSize * 1e-4);
            assertEquals(
                    Math.sqrt(lastNorm),
                    training.adamW.gradientNorm(training.adamW.parameters().size() - 1),
                    Math.sqrt(lastNorm) * 1e-6);
        }
    }

    /** One NaN in one place must not spread into the weights, the moments, or go unnoticed. */
    @Test
    void gradientThatIsNotFinite_movesNothing() {
        Hyperparameters h = TrainingFixtures.nano();
        try (Training training = new Training(h, TrainingFixtures.text(h, 5000), 2)) {
            training.step(0);
            training.engine.compute(1);
            Slab gradients = training.engine.gradients();
            for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
                gradients.write(gradients.size() / 2, new float[] {bad}, 0, 1);
                float[] weights = TrainingFixtures.floats(training.registry.weights());
                float[] mean = TrainingFixtures.floats(training.adamW.mean());
                float[] meanSquare = TrainingFixtures.floats(training.adamW.meanSquare());

                assertFalse(training.adamW.step(2, gradients, 1e-2));

                assertArrayEquals(weights, TrainingFixtures.floats(training.registry.weights()));
                assertArrayEquals(mean, TrainingFixtures.floats(training.adamW.mean()));
                assertArrayEquals(meanSquare, TrainingFixtures.floats(training.adamW.meanSquare()));
            }
        }
    }
}
