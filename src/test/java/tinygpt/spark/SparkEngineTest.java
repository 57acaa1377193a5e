package tinygpt.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.spark.TaskContext;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.training.Compute;
import tinygpt.training.EngineFailedException;

/** Spark computes what one machine does, and gives up what cannot be computed. Here its tasks are threads. */
class SparkEngineTest {
    private static final List<String> NOTES = new CopyOnWriteArrayList<>();
    private static SparkCluster cluster;

    @BeforeAll
    static void connect() {
        cluster = Clusters.connect("local[2,3]", Map.of(), NOTES);
    }

    @AfterAll
    static void close() {
        cluster.close();
    }

    private static Compute spark() {
        return new Compute(2, cluster.engines());
    }

    @Test
    void twentySteps_areOneMachinesToTheBit() {
        Hyperparameters h = LearnedRun.small(20);
        LearnedRun local = LearnedRun.of(h, Compute.local(1));

        LearnedRun.of(h, spark()).assertSame(local);
        assertTrue(
                local.losses().get(local.losses().size() - 1) < local.losses().get(0), "it learns");
    }

    /** What is frozen is sent once, and stays. */
    @Test
    void adaptersAndFrozenWeights_areOneMachinesToTheBit() {
        Hyperparameters h =
                LearnedRun.small(6, "adaptation.lora_rank", "2", "adaptation.trainable", "kind:adapter wte*");

        LearnedRun.of(h, spark()).assertSame(LearnedRun.of(h, Compute.local(2)));
    }

    /** Fine-tuning and resuming: the weights come after the trainer. */
    @Test
    void adaptersOfAnotherModel_areOneMachinesToTheBit() {
        Hyperparameters h = LearnedRun.small(3, "adaptation.lora_rank", "2", "adaptation.trainable", "kind:adapter");
        float[] start = LearnedRun.of(h.with("seed", "7"), Compute.local(1)).weights();

        LearnedRun.from(start, h, spark()).assertSame(LearnedRun.from(start, h, Compute.local(1)));
    }

    @Test
    void shardsThatAreNoPowerOfTwo_areOneMachinesToTheBit() {
        Hyperparameters h = LearnedRun.small(4, "data.shards", "1", "data.batch_size", "14", "data.shards", "7");

        LearnedRun.of(h, spark()).assertSame(LearnedRun.of(h, Compute.local(3)));
    }

    /** Two models at a time in one process, as two runs of a search have them. */
    @Test
    void anotherModelAfterTheFirst_isNotMixedUpWithIt() {
        Hyperparameters small = LearnedRun.small(3);
        Hyperparameters wide = LearnedRun.small(3, "model.width", "48");
        LearnedRun first = LearnedRun.of(small, spark());
        LearnedRun second = LearnedRun.of(wide, spark());
        first.assertSame(LearnedRun.of(small, spark()));
        second.assertSame(LearnedRun.of(wide, Compute.local(2)));
    }

    @Test
    void fewerShardsThanExecutors_areNoted_andAreOneMachinesToTheBit() {
        Hyperparameters h = LearnedRun.small(2, "data.shards", "1");
        NOTES.clear();

        LearnedRun.of(h, spark()).assertSame(LearnedRun.of(h, Compute.local(1)));
        assertEquals(
                List.of("2 blocks could be computed at a time, but a batch has 1 shard; more --shards let all"
                        + " executors compute"),
                NOTES);
    }

    @Test
    void taskThatFailsOnce_isTriedAgain() {
        List<Integer> attempts = cluster.collect(
                cluster.context().parallelize(List.of(0, 1, 2, 3), 4).map(part -> {
                    int attempt = TaskContext.get().attemptNumber();
                    if (part == 2 && attempt == 0) {
                        throw new IllegalStateException("the first time");
                    }
                    return 10 * part + attempt;
                }),
                "a test");
        assertEquals(List.of(0, 10, 21, 30), attempts);
    }

    @Test
    void taskThatAlwaysFails_isGivenUp_withWhatItSays() {
        EngineFailedException e = assertThrows(
                EngineFailedException.class,
                () -> cluster.collect(
                        cluster.context().parallelize(List.of(0, 1), 2).map(SparkEngineTest::failing), "step 7"));
        assertTrue(
                e.getMessage()
                        .startsWith("step 7 failed on the cluster: there is no such thing (tried again and again, at"
                                + " last on "),
                e.getMessage());
    }

    private static Integer failing(Integer part) {
        if (part == 1) {
            throw new IllegalStateException("there is no such thing");
        }
        return part;
    }

    @Test
    void whatGoesWrongWhileTheConnectionIsThere_isNotTakenForItsEnd() {
        IllegalStateException e = new IllegalStateException("something else");
        assertSame(
                e,
                assertThrows(
                        IllegalStateException.class,
                        () -> cluster.connected(() -> {
                            throw e;
                        })));
    }

    @Test
    void cluster_saysWhoComputes() {
        assertEquals("local[2,3] · 1 executor with 2 cores", cluster.describe());
        assertEquals(2, cluster.width());
    }
}
