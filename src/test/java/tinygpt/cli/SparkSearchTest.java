package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A search whose trials are trained by Spark, with its tasks in this process: the same table. */
class SparkSearchTest {
    @TempDir
    Path folder;

    private Path text;

    @BeforeEach
    void write() throws IOException {
        text = folder.resolve("text.txt");
        Files.writeString(text, "A fox ran over the hill and saw a dog.\n".repeat(60));
    }

    private String[] search(String out, String... more) {
        List<String> arguments = new ArrayList<>(List.of("search", "--set", "lr=1e-3,1e-2", "--set", "dropout=0,0.1"));
        arguments.addAll(List.of(
                "--halving", "eta=2,min-steps=2", "--out", folder.resolve(out).toString()));
        arguments.addAll(Arrays.asList(more));
        arguments.addAll(List.of("--", "--preset", "nano", "--steps", "12", "--data", text.toString()));
        return arguments.toArray(String[]::new);
    }

    private List<String> table(String out) throws IOException {
        return SearchCommandTest.table(folder.resolve(out));
    }

    private ChildJvm onSpark(String... arguments) throws IOException {
        Path options =
                Path.of(System.getProperty("tinygpt.home")).resolve("scripts").resolve("spark-java-options");
        return new ChildJvm(
                folder, "1", List.of("--add-modules", "jdk.incubator.vector", "@" + options), Main.class, arguments);
    }

    @Test
    void onSpark_theTableIsTheSame() throws IOException {
        Run local = Run.of(search("local"));
        assertEquals(0, local.exitCode(), local.err());
        Run spark = Run.of(search("spark", "--engine", "spark", "--master", "local[2]"));
        assertEquals(0, spark.exitCode(), spark.err());
        assertEquals(table("local"), table("spark"));
        assertTrue(spark.err().contains("trials are trained by local[2]"), spark.err());
        assertTrue(spark.err().contains(", 2 at a time\n"), spark.err());
        assertTrue(spark.out().contains("each of 4 runs differs"), spark.out());
    }

    @Test
    @Tag("cluster") // a JVM of its own, which takes its time to start
    void killed_thisMachineGoesOn_andEndsWithTheSameTable() throws Exception {
        assertEquals(0, Run.of(search("whole")).exitCode());
        ChildJvm child = onSpark(search("killed", "--engine", "spark", "--master", "local[2]"));
        child.awaitErr("  step 2 of 12");
        child.kill();
        Run resumed = Run.of("search", "--resume", folder.resolve("killed").toString());
        assertEquals(0, resumed.exitCode(), resumed.err());
        assertEquals(table("whole"), table("killed"));
    }

    @Test
    @Tag("cluster") // a JVM of its own, which takes its time to start
    void signal_printsTheBestSoFar_andEndsWith130() throws Exception {
        ChildJvm child = onSpark(
                "search",
                "--set",
                "steps=4,90000",
                "--engine",
                "spark",
                "--master",
                "local[1]",
                "--out",
                folder.resolve("s").toString(),
                "--",
                "--preset",
                "nano",
                "--data",
                text.toString());
        child.awaitErr("trial 001  steps=90000");
        child.terminate();
        assertEquals(130, child.exitCode(), child.err());
        assertTrue(child.out().contains("best: trial 000"), child.out());
        assertTrue(child.err().contains("search --resume " + folder.resolve("s") + " goes on"), child.err());
    }

    @Test
    void clusterThatIsNotThere_isSaidBeforeThereIsAFolder() {
        Run run = Run.of(search("never", "--engine", "spark", "--master", "spark://127.0.0.1:9"));
        assertEquals(1, run.exitCode(), run.err());
        assertTrue(run.err().contains("no Spark master answers at spark://127.0.0.1:9"), run.err());
        assertFalse(Files.exists(folder.resolve("never")));
    }

    @Test
    void masterWithoutTheEngine_isRefused() {
        Run run = Run.of(search("never", "--master", "local[2]"));
        assertEquals(2, run.exitCode(), run.err());
        assertTrue(run.err().contains("--master belongs to --engine spark"), run.err());
    }
}
