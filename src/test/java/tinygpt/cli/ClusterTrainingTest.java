package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tinygpt.cli.Run.with;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tinygpt.runs.Checkpoint;
import tinygpt.runs.CheckpointHeader;
import tinygpt.runs.RunFolder;
import tinygpt.spark.ExecutorProcesses;

/** Runs that are trained on a cluster of JVMs on this machine, of which some are killed. */
@Tag("cluster")
class ClusterTrainingTest {
    private static final String LOCAL_CLUSTER = "local-cluster[2,1,1024]";

    @TempDir
    Path folder;

    /** What Spark asks of a JVM. */
    private static List<String> sparkOptions() {
        return List.of(
                "--add-modules",
                "jdk.incubator.vector",
                "@" + Path.of(System.getProperty("tinygpt.home"), "scripts", "spark-java-options"));
    }

    private String[] train(Path out, String... more) {
        return with(
                new String[] {
                    "train",
                    "--preset",
                    "nano",
                    "--shards",
                    "4",
                    "--dropout",
                    "0.1",
                    "--eval-every",
                    "20",
                    "--no-latest",
                    "--out",
                    out.toString()
                },
                more);
    }

    private ChildJvm start(String... arguments) throws IOException {
        return new ChildJvm(folder, "1", sparkOptions(), Main.class, arguments);
    }

    private static CheckpointHeader newest(Path run) throws IOException {
        return Checkpoint.verify(new RunFolder(run).newestFirst().get(0).file());
    }

    /** The same step, weights, moments, and losses. */
    private static void assertSameState(Path expected, Path run) throws IOException {
        CheckpointHeader one = newest(expected);
        CheckpointHeader other = newest(run);
        assertEquals(one.step(), other.step());
        assertEquals(one.weightsSha256(), other.weightsSha256());
        assertEquals(one.optimizerSha256(), other.optimizerSha256());
        assertEquals(losses(expected), losses(run));
    }

    private static List<String> losses(Path run) throws IOException {
        return Files.readAllLines(run.resolve("metrics.jsonl")).stream()
                .map(line -> line.replaceAll(".*\"step\":(\\d+).*?\"(val_loss|loss)\":([^,}]*).*", "$1 $2 $3"))
                .toList();
    }

    private static void ok(Run run) {
        assertEquals(0, run.exitCode(), run.err());
    }

    /** Here, there, and back. */
    @Test
    void runThatMovesBetweenMachineAndCluster_andWhoseDriverIsKilled_endsWhereALocalOneDoes() throws Exception {
        Path whole = folder.resolve("whole");
        Path moved = folder.resolve("moved");
        String[] flags = {"--steps", "60", "--save-every", "5"};
        ok(Run.of(train(whole, flags)));

        ok(Run.of(train(moved, with(flags, "--stop-after", "13"))));
        ChildJvm driver = start(
                "train",
                "--resume",
                moved.toString(),
                "--engine",
                "spark",
                "--master",
                LOCAL_CLUSTER,
                "--log-every",
                "1",
                "--no-latest");
        driver.awaitErr("step 00032/");
        driver.kill();
        assertTrue(newest(moved).step() >= 30, "it was saved on the way");
        ChildJvm second = start(
                "train",
                "--resume",
                moved.toString(),
                "--engine",
                "spark",
                "--master",
                LOCAL_CLUSTER,
                "--stop-after",
                "9",
                "--no-latest");
        assertEquals(0, second.exitCode(), second.err());
        ok(Run.of("train", "--resume", moved.toString(), "--no-latest"));

        assertSameState(whole, moved);
    }

    @Test
    void interruptedRun_isSaved_andExitsAsOneDoesHere() throws Exception {
        Path out = folder.resolve("interrupted");
        ChildJvm driver = start(
                train(out, "--steps", "100000", "--engine", "spark", "--master", LOCAL_CLUSTER, "--log-every", "1"));
        driver.awaitErr("step 00003/");
        driver.terminate();
        assertEquals(Exit.INTERRUPTED, driver.exitCode(), driver.err());
        assertTrue(newest(out).step() >= 3);
        assertTrue(driver.err().contains("--resume"), driver.err());
        assertTrue(!driver.err().contains("\tat "), driver.err());
    }

    /** Executors that have no room for the model, as on a machine that is too small. */
    @Test
    void executorsThatCannotCompute_endTheRunWithOneLine_andItGoesOnHere() throws Exception {
        Path out = folder.resolve("small");
        ChildJvm driver = start(train(
                out,
                "--steps",
                "4",
                "--engine",
                "spark",
                "--master",
                LOCAL_CLUSTER,
                "--spark-conf",
                "spark.executor.extraJavaOptions=-Dorg.bytedeco.javacpp.maxbytes=100k"));
        assertEquals(Exit.FAILURE, driver.exitCode(), driver.err());
        assertTrue(driver.err().contains("tinygpt: error: step 1 failed on the cluster: "), driver.err());
        assertTrue(driver.err().contains("outside the Java heap"), driver.err());
        assertTrue(driver.err().contains("The run is saved after step 0"), driver.err());
        assertTrue(!driver.err().contains("\tat "), driver.err());

        ok(Run.of("train", "--resume", out.toString(), "--no-latest"));
        Path whole = folder.resolve("whole");
        ok(Run.of(train(whole, "--steps", "4")));
        assertSameState(whole, out);
    }

    /** nanoGPT's shape for a CPU; an executor is killed, and later one of the machines. */
    @Test
    void standaloneCluster_thatLosesAnExecutorAndAWorker_givesOneMachinesBits() throws Exception {
        Path tales = Path.of(System.getProperty("tinygpt.home"), "data", "tales.txt");
        String[] flags = {
            "--preset",
            "shakespeare-cpu",
            "--steps",
            "50",
            "--eval-every",
            "0",
            "--snapshots",
            "none",
            "--data",
            tales.toString(),
            "--no-latest"
        };
        Path local = folder.resolve("local");
        ok(Run.of(with(with(new String[] {"train"}, flags), "--out", local.toString())));
        try (LoopbackCluster cluster = new LoopbackCluster(folder, sparkOptions(), 2)) {
            Path out = folder.resolve("cluster");
            ChildJvm driver = start(with(
                    with(new String[] {"train"}, flags),
                    "--out",
                    out.toString(),
                    "--engine",
                    "spark",
                    "--master",
                    cluster.master(),
                    "--log-every",
                    "1"));
            driver.awaitErr("step 00020/");
            driver.awaitErr("2 executors with 2 cores", "has joined");
            List<ProcessHandle> executors = ExecutorProcesses.of(ProcessHandle.current());
            ExecutorProcesses.kill(executors.get(0));
            driver.awaitErr("step 00035/");
            cluster.killWorkerOf(executors.get(1));
            assertEquals(0, driver.exitCode(), driver.err());
            assertTrue(driver.err().contains("engine   " + cluster.master()), driver.err());
            assertTrue(
                    driver.err()
                                    .lines()
                                    .filter(line -> line.contains("is lost"))
                                    .count()
                            >= 2,
                    driver.err());
            assertSameState(local, out);
        }
    }

    /** Nobody is left to compute: the run waits, then says so, and keeps what it has. */
    @Test
    void clusterWithASecretAndWithoutWorkers_isGivenUpAfterAWhile() throws Exception {
        List<String> options = new ArrayList<>(sparkOptions());
        options.addAll(List.of("-Dspark.authenticate=true", "-Dspark.authenticate.secret=of a test"));
        try (LoopbackCluster cluster = new LoopbackCluster(folder, options, 1)) {
            Path out = folder.resolve("left");
            ChildJvm driver = start(train(
                    out,
                    "--steps",
                    "100000",
                    "--engine",
                    "spark",
                    "--master",
                    cluster.master(),
                    "--spark-conf",
                    "spark.tinygpt.executorWait=3s",
                    "--spark-conf",
                    "spark.authenticate=true",
                    "--spark-conf",
                    "spark.authenticate.secret=of a test",
                    "--log-every",
                    "1"));
            driver.awaitErr("step 00005/");
            cluster.killWorkerOf(ExecutorProcesses.of(ProcessHandle.current()).get(0));
            assertEquals(Exit.FAILURE, driver.exitCode(), driver.err());
            assertTrue(driver.err().contains("no executor of " + cluster.master()), driver.err());
            assertTrue(newest(out).step() >= 5);
        }
    }
}
