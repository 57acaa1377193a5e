package tinygpt.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.Preset;
import tinygpt.tensor.Slab;
import tinygpt.text.CharacterTokenizer;
import tinygpt.text.Corpus;
import tinygpt.training.Cluster;
import tinygpt.training.OptimizerState;
import tinygpt.training.Trainer;
import tinygpt.training.TrainingFailedException;
import tinygpt.training.TrainingListener;

/** Replicas in the tasks of a cluster, here two at a time in this process, and those of one machine. */
class SparkRoundsTest {
    private static final String TEXT =
            "A fox ran over the hill and saw a dog. \"Good day!\" said the dog, and ran on to the sea.\n".repeat(60);
    private static final Corpus CORPUS = Corpus.of(CharacterTokenizer.of(TEXT), TEXT, 0.1);

    private static Cluster cluster;

    @BeforeAll
    static void connect() {
        cluster = Cluster.connect(new Cluster.Settings("local[2]", Map.of(), note -> {}));
    }

    @AfterAll
    static void disconnect() {
        cluster.close();
    }

    private static Hyperparameters rounds(String... changes) {
        Hyperparameters h = Preset.named("nano")
                .hyperparameters()
                .with("optimization.steps", "11")
                .with("model.residual_dropout", "0.1")
                .with("synchronization.sync", "diloco")
                .with("synchronization.replicas", "3")
                .with("synchronization.local_steps", "4");
        for (int i = 0; i < changes.length; i += 2) {
            h = h.with(changes[i], changes[i + 1]);
        }
        return h;
    }

    private static float[] floats(Slab slab) {
        float[] all = new float[(int) slab.size()];
        slab.read(0, all, 0, all.length);
        return all;
    }

    /** Weights, outer velocity, and moments of each replica. */
    private static List<float[]> state(Trainer trainer) {
        List<float[]> all = new ArrayList<>();
        all.add(floats(trainer.registry().weights()));
        OptimizerState state = trainer.state();
        all.add(floats(state.velocity().orElseThrow()));
        state.replicas().forEach(own -> {
            all.add(floats(own.mean()));
            all.add(floats(own.meanSquare()));
        });
        return all;
    }

    private static void assertSame(List<float[]> expected, List<float[]> actual) {
        assertEquals(expected.size(), actual.size());
        for (int i = 0; i < expected.size(); i++) {
            assertArrayEquals(expected.get(i), actual.get(i));
        }
    }

    private static List<String> record(Trainer trainer) {
        List<String> told = new ArrayList<>();
        trainer.listen(new TrainingListener() {
            @Override
            public void onStep(StepReport r) {
                told.add(
                        r.step() + " " + r.loss() + " " + r.gradientNorm() + " " + r.clipped() + " " + r.updateRatio());
            }
        });
        return told;
    }

    @ParameterizedTest
    @ValueSource(strings = {"*", "kind:attention"})
    void replicasOnACluster_giveTheBitsOfOneMachine(String trainable) {
        Hyperparameters h = rounds("adaptation.trainable", trainable);
        try (Trainer local = new Trainer(h, CORPUS, 2);
                Trainer spark = new Trainer(h, CORPUS, 1, cluster.engines())) {
            List<String> expected = record(local);
            List<String> told = record(spark);
            local.train(0, () -> false);
            spark.train(0, () -> false);
            assertEquals(11, told.size());
            assertEquals(expected, told);
            assertSame(state(local), state(spark));
        }
    }

    @Test
    void runThatMovesBetweenEngines_isTheSameRun() {
        Hyperparameters h = rounds();
        try (Trainer local = new Trainer(h, CORPUS, 2);
                Trainer spark = new Trainer(h, CORPUS, 1, cluster.engines())) {
            local.train(4, 0, () -> false);
            spark.registry().weights().copyFrom(local.registry().weights());
            spark.state()
                    .velocity()
                    .orElseThrow()
                    .copyFrom(local.state().velocity().orElseThrow());
            for (int k = 0; k < 3; k++) {
                spark.state()
                        .replicas()
                        .get(k)
                        .mean()
                        .copyFrom(local.state().replicas().get(k).mean());
                spark.state()
                        .replicas()
                        .get(k)
                        .meanSquare()
                        .copyFrom(local.state().replicas().get(k).meanSquare());
            }
            spark.continueFrom(local.stepsDone(), local.tokensSeen(), Double.POSITIVE_INFINITY, -1);
            local.train(0, () -> false);
            spark.train(0, () -> false);
            assertSame(state(local), state(spark));
            assertEquals(local.tokensSeen(), spark.tokensSeen());
        }
    }

    /** It is told as on one machine, not tried again as if a machine had failed. */
    @Test
    void replicaThatDiverges_endsTraining_andTheWeightsAreThoseOfTheRound() {
        Hyperparameters h = rounds();
        try (Trainer spark = new Trainer(h, CORPUS, 1, cluster.engines());
                Trainer local = new Trainer(h, CORPUS, 1)) {
            for (Trainer trainer : List.of(spark, local)) {
                trainer.registry().weights().write(0, new float[] {Float.POSITIVE_INFINITY}, 0, 1);
            }
            float[] before = floats(spark.registry().weights());
            String message =
                    assertThrows(TrainingFailedException.class, spark::step).getMessage();
            assertTrue(message.startsWith("replica 0, step 1: training stopped being finite"), message);
            assertEquals(
                    assertThrows(TrainingFailedException.class, local::step).getMessage(), message);
            assertArrayEquals(before, floats(spark.registry().weights()));
        }
    }
}
