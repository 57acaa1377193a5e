package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who computes, as it is said on the command line. */
class EngineOptionsTest {
    @TempDir
    Path folder;

    private static void assertRefused(int code, String message, Run run) {
        assertEquals(code, run.exitCode(), run.err());
        assertTrue(run.err().contains(message), run.err());
        assertEquals("", run.out());
    }

    private Run train(String... flags) {
        return Run.of(Stream.concat(
                        Stream.of("train", "--preset", "nano", "--steps", "2", "--no-latest", "--out"),
                        Stream.concat(Stream.of(folder.resolve("run").toString()), Stream.of(flags)))
                .toArray(String[]::new));
    }

    @Test
    void master_withoutSpark_isRefused() {
        assertRefused(Exit.USAGE, "--master belongs to --engine spark", train("--master", "local[2]"));
        assertRefused(Exit.USAGE, "--spark-conf belongs to --engine spark", train("--spark-conf", "spark.a=b"));
        assertRefused(
                Exit.USAGE, "--master belongs to --engine spark", Run.of("bench", "--master", "spark://127.0.0.1:1"));
    }

    @Test
    void spark_withoutAMaster_orWithABadOne_isRefused_beforeThereIsARun() {
        assertRefused(Exit.USAGE, "needs to know where the cluster is", train("--engine", "spark"));
        assertRefused(Exit.USAGE, "--master is 'here'; it takes", train("--engine", "spark", "--master", "here"));
        assertRefused(
                Exit.FAILURE,
                "no Spark master answers at spark://127.0.0.1:1",
                train("--engine", "spark", "--master", "spark://127.0.0.1:1"));
        assertTrue(!folder.resolve("run").toFile().exists());
    }

    /** The plain program has no Spark; it trains without it, and says what is missing when it is asked for. */
    @Test
    void plainClassPath_trains_andNamesTheScriptThatHasSpark() throws Exception {
        String all = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        String plain = Stream.of(all.split(File.pathSeparator))
                .filter(entry -> !entry.matches(".*[/\\\\](spark|scala|hadoop)[^/\\\\]*\\.jar"))
                .collect(Collectors.joining(File.pathSeparator));
        List<String> options = List.of("-cp", plain, "--add-modules", "jdk.incubator.vector");
        String[] train = {"train", "--preset", "nano", "--steps", "2", "--no-latest", "--quiet", "--out", "run"};
        ChildJvm here = new ChildJvm(folder, "1", options, Main.class, train);
        assertEquals(0, here.exitCode(), here.err());

        ChildJvm spark = new ChildJvm(
                folder, "1", options, Main.class, "train", "--engine", "spark", "--master", "local[2]", "--out", "x");
        assertEquals(Exit.FAILURE, spark.exitCode(), spark.err());
        assertTrue(
                spark.err().contains("tinygpt: error: Spark is not on the class path; use scripts/tinygpt-spark"),
                spark.err());
    }

    @Test
    void bench_ofAnythingElse_onACluster_isRefused() {
        String[] cluster = {"bench", "--engine", "spark", "--master", "local[2]", "--logging"};
        assertRefused(Exit.USAGE, "--engine spark measures training steps; leave out --logging", Run.of(cluster));
        cluster[5] = "--bits=8";
        assertRefused(Exit.USAGE, "--engine spark measures training steps; leave out --bits", Run.of(cluster));
    }

    @Test
    void bench_ofACluster_measuresItBesideThisMachine() throws Exception {
        String[] bench = {
            "bench", "--preset", "nano", "--steps", "2", "--engine", "spark", "--master", "local[2]", "--json"
        };
        Run run = Run.of(bench);
        assertEquals(0, run.exitCode(), run.err());
        JsonNode json = new ObjectMapper().readTree(run.out());
        assertEquals(
                json.get("parameters").asLong() * 4,
                json.get("weight_bytes_to_each_executor").asLong());
        assertEquals(2, json.get("blocks").asInt());
        assertEquals(
                2 * json.get("weight_bytes_to_each_executor").asLong(),
                json.get("gradient_bytes").asLong());
        assertEquals(2, json.get("cluster_step").get("count").asInt());
        assertTrue(json.get("empty_synchronisation").get("median_ms").asDouble() > 0);
        assertEquals(8, json.get("scaling_model").get("efficiency").size());

        bench[bench.length - 1] = "--no-generation";
        Run text = Run.of(bench);
        assertTrue(text.out().contains("A MODEL, not a measurement"), text.out());
        assertTrue(text.out().lines().allMatch(line -> line.length() <= 100), text.out());
    }
}
