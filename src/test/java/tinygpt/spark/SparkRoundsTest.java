package tinygpt.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.apache.spark.broadcast.Broadcast;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.parameters.ParameterBytes;
import tinygpt.parameters.SlabLayout;
import tinygpt.training.AdamWMoments;
import tinygpt.training.Compute;
import tinygpt.training.Trainer;
import tinygpt.training.TrainingFailedException;

/** Replicas in the tasks of a cluster, here two at a time in this process, and those of one machine. */
class SparkRoundsTest {
    private static final Hyperparameters H = LearnedRun.rounds(11);

    private static SparkCluster cluster;

    @BeforeAll
    static void connect() {
        cluster = Clusters.threads(2, 3);
    }

    @AfterAll
    static void disconnect() {
        cluster.close();
    }

    private static Compute spark() {
        return new Compute(1, cluster.engines());
    }

    @ParameterizedTest
    @ValueSource(strings = {"*", "kind:attention"})
    void replicasOnACluster_areOneMachinesToTheBit(String trainable) {
        Hyperparameters h = LearnedRun.rounds(11, "adaptation.trainable", trainable);
        LearnedRun.of(h, spark()).assertSame(LearnedRun.of(h, Compute.local(2)));
    }

    /** Frozen weights too are those that the trainer is given, not those it was made with. */
    @ParameterizedTest
    @ValueSource(strings = {"*", "kind:attention"})
    void runThatMovesBetweenEngines_isTheSameRun(String trainable) {
        Hyperparameters h = LearnedRun.rounds(11, "adaptation.trainable", trainable);
        try (Trainer local = new Trainer(h, LearnedRun.CORPUS, Compute.local(2));
                Trainer moved = new Trainer(h, LearnedRun.CORPUS, spark())) {
            local.registry().weights().write(0, new float[] {0.25f}, 0, 1);
            local.train(4, 0, () -> false);
            moved.registry().weights().copyFrom(local.registry().weights());
            moved.state()
                    .velocity()
                    .orElseThrow()
                    .copyFrom(local.state().velocity().orElseThrow());
            for (int k = 0; k < 3; k++) {
                AdamWMoments from = local.state().replicas().get(k);
                AdamWMoments to = moved.state().replicas().get(k);
                to.mean().copyFrom(from.mean());
                to.meanSquare().copyFrom(from.meanSquare());
            }
            moved.continueFrom(local.stepsDone(), local.tokensSeen(), Double.POSITIVE_INFINITY, -1);
            local.train(0, () -> false);
            moved.train(0, () -> false);
            LearnedRun.of(moved, List.of()).assertSame(LearnedRun.of(local, List.of()));
            assertEquals(local.tokensSeen(), moved.tokensSeen());
        }
    }

    /** What Spark does when an executor is lost or slow: the same part again, in a process that has just moved its weights. */
    @Test
    void partThatIsComputedAgain_isTheSame() {
        try (Trainer trainer = new Trainer(H, LearnedRun.CORPUS, Compute.local(1))) {
            trainer.step();
            ReplicaPlan plan =
                    ReplicaPlan.send(cluster, trainer.registry(), trainer.hyperparameters(), LearnedRun.CORPUS.train());
            ParameterBytes trained = new ParameterBytes(trainer.registry().trained());
            AdamWMoments own = trainer.state().replicas().get(0);
            Broadcast<byte[][]> weights =
                    cluster.context().broadcast(trained.read(trainer.registry().weights(), SlabLayout.WEIGHTS));
            Broadcast<byte[][][]> moments = cluster.context().broadcast(new byte[][][] {
                trained.read(own.mean(), SlabLayout.TRAINED), trained.read(own.meanSquare(), SlabLayout.TRAINED)
            });
            RoundTask task = new RoundTask(plan, weights, List.of(moments), 4, 3, Map.of());
            List<RoundPart> parts = cluster.collect(
                    cluster.context()
                            .parallelize(new java.util.ArrayList<>(List.of(0, 0, 0, 0, 0)), 5)
                            .map(task),
                    "a part");
            for (RoundPart part : parts) {
                assertArrayEquals(parts.get(0).weights()[0], part.weights()[0]);
                assertArrayEquals(parts.get(0).mean()[0], part.mean()[0]);
                assertArrayEquals(parts.get(0).meanSquare()[0], part.meanSquare()[0]);
                assertEquals(parts.get(0).report(), part.report());
            }
            assertEquals(3, parts.get(0).report().steps().size());
            plan.takeBack(cluster);
        }
    }

    /** It is told as on one machine, not tried again as if a machine had failed. */
    @Test
    void replicaThatDiverges_endsTraining_andTheWeightsAreThoseOfTheRound() {
        try (Trainer spark = new Trainer(H, LearnedRun.CORPUS, spark());
                Trainer local = new Trainer(H, LearnedRun.CORPUS, Compute.local(1))) {
            for (Trainer trainer : List.of(spark, local)) {
                trainer.registry().weights().write(0, new float[] {Float.POSITIVE_INFINITY}, 0, 1);
            }
            float[] before = LearnedRun.floats(spark.registry().weights());
            String message =
                    assertThrows(TrainingFailedException.class, spark::step).getMessage();
            assertTrue(message.startsWith("replica 0, step 1: training stopped being finite"), message);
            assertEquals(
                    assertThrows(TrainingFailedException.class, local::step).getMessage(), message);
            assertArrayEquals(before, LearnedRun.floats(spark.registry().weights()));
        }
    }
}
