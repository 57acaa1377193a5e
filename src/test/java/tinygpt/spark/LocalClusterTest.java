package tinygpt.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.tensor.Slab;
import tinygpt.training.Compute;
import tinygpt.training.EngineFailedException;
import tinygpt.training.GradientEngine;
import tinygpt.training.Trainer;
import tinygpt.training.TrainingListener;

/** Executors that are processes of their own, which can be killed. */
@Tag("cluster")
class LocalClusterTest {
    private static final Hyperparameters H = LearnedRun.small(12);

    private static final LearnedRun LOCAL = LearnedRun.of(H, Compute.local(2));

    private final List<String> notes = new CopyOnWriteArrayList<>();

    private SparkCluster executors(int count, Map<String, String> properties) {
        SparkCluster cluster = Clusters.connect("local-cluster[" + count + ",1,1024]", properties, notes);
        cluster.describe(); // waits for them
        return cluster;
    }

    private static TrainingListener atStep(long step, Runnable action) {
        return new TrainingListener() {
            @Override
            public void onStep(StepReport report) {
                if (report.step() == step) {
                    action.run();
                }
            }
        };
    }

    private static void killExecutors(int count) {
        List<ProcessHandle> all = ExecutorProcesses.of(ProcessHandle.current());
        assertTrue(all.size() >= count, all.size() + " executors are there");
        all.subList(0, count).forEach(ExecutorProcesses::kill);
    }

    @Test
    void oneExecutor_withASecret_givesOneMachinesBits() {
        Map<String, String> secret = Map.of("spark.authenticate", "true", "spark.authenticate.secret", "of a test");
        try (SparkCluster one = executors(1, secret)) {
            assertEquals(1, one.width());
            LearnedRun.of(H, new Compute(1, one.engines())).assertSame(LOCAL);
        }
    }

    /** Twice: a run between the steps of which one dies, and one that loses all there are. */
    @Test
    void twoExecutors_giveOneMachinesBits_andSoDoTheOnesThatReplaceThem() {
        try (SparkCluster two = executors(2, Map.of())) {
            assertEquals(2, two.width());
            LearnedRun.of(H, new Compute(1, two.engines())).assertSame(LOCAL);

            LearnedRun.of(H, new Compute(1, two.engines()), atStep(6, () -> killExecutors(1)))
                    .assertSame(LOCAL);
            assertTrue(notes.stream().anyMatch(note -> note.contains("is lost") && note.contains("137")), "" + notes);

            LearnedRun.of(H, new Compute(1, two.engines()), atStep(3, () -> killExecutors(two.width())))
                    .assertSame(LOCAL);
            assertTrue(
                    notes.stream().anyMatch(note -> note.startsWith("executor 2 ") && note.contains("joined")),
                    "" + notes);
        }
    }

    /** A killed executor takes a replica's part of a round with it, which is then trained again elsewhere. */
    @Test
    void replicas_onTwoExecutorsOfWhichOneIsKilled_areOneMachinesToTheBit() {
        Hyperparameters h = LearnedRun.rounds(12);
        try (SparkCluster two = executors(2, Map.of())) {
            LearnedRun.of(h, new Compute(1, two.engines()), atStep(4, () -> killExecutors(1)))
                    .assertSame(LearnedRun.of(h, Compute.local(2)));
            assertTrue(notes.stream().anyMatch(note -> note.contains("is lost")), "" + notes);
        }
    }

    /** A step that cannot be computed takes nothing with it. */
    @Test
    void stepThatAlwaysFails_endsTraining_withTheStateOfTheStepBefore() {
        try (SparkCluster one = executors(1, Map.of("spark.task.maxFailures", "2"));
                Trainer broken = new Trainer(
                        H,
                        LearnedRun.CORPUS,
                        new Compute(
                                1,
                                (model, h, tokens, team) ->
                                        new BreakingEngine(one, one.engines().open(model, h, tokens, team), 5)));
                Trainer five = new Trainer(H, LearnedRun.CORPUS, Compute.local(1))) {
            EngineFailedException e = assertThrows(EngineFailedException.class, broken::train);
            assertTrue(
                    e.getMessage()
                            .startsWith("step 6 failed on the cluster: nothing can be computed here (tried again"),
                    e.getMessage());
            five.train(5, 0, () -> false);
            assertEquals(5, broken.stepsDone());
            assertArrayEquals(
                    LearnedRun.floats(five.registry().weights()),
                    LearnedRun.floats(broken.registry().weights()));
        }
    }

    /** Computes on a cluster up to a step at which every task fails. */
    private record BreakingEngine(SparkCluster cluster, GradientEngine engine, long brokenStep)
            implements GradientEngine {
        @Override
        public double compute(long step) {
            return step == brokenStep
                    ? cluster.collect(
                                    cluster.context().parallelize(List.of(0), 1).map(LocalClusterTest::failing),
                                    "step " + (step + 1))
                            .get(0)
                    : engine.compute(step);
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

    private static Double failing(Integer part) {
        throw new IllegalStateException("nothing can be computed here");
    }
}
