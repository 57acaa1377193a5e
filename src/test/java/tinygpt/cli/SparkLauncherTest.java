package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs scripts/tinygpt-spark in a {@link ScriptProject}; the real cluster is started by .ci/run. */
class SparkLauncherTest {
    private static final String FLAGS = " -Dmaven.test.skip=true -Dspotless.check.skip=true package";

    @TempDir
    private Path temporary;

    private ScriptProject project;
    private Path home;
    private Path jar;

    @BeforeEach
    void makeProject() throws IOException {
        project = new ScriptProject(temporary, "tinygpt-spark");
        home = project.home();
        jar = home.resolve("target/tinygpt.jar");
    }

    @Test
    void firstUse_buildsWithSpark_andGathersItsJars_once() throws Exception {
        List<String> lines = project.start("train", "--engine", "spark").lines(0);
        assertEquals("tinygpt-spark: building (first use downloads about 470 MB) ...", lines.get(0));
        assertEquals(
                List.of(home + " -B -ntp -q" + FLAGS, home + " -B -ntp -q dependency:copy-dependencies@spark-home"),
                project.calls());

        project.start("train", "--engine", "spark").lines(0);
        assertEquals(2, project.calls().size());
    }

    @Test
    void afterThePlainProgram_onlySparkIsDownloaded() throws Exception {
        Files.createDirectories(home.resolve("target/plain/lib"));
        Files.writeString(home.resolve("target/plain/tinygpt.jar"), "jar");

        List<String> lines = project.start("--version").lines(0);
        assertEquals("tinygpt-spark: building (first use of Spark downloads about 145 MB) ...", lines.get(0));
        assertTrue(lines.stream().noneMatch(line -> line.contains("plain")), lines.toString());
    }

    /** A cluster is started before the program is there. */
    @Test
    void afterACluster_nothingMuchIsDownloaded() throws Exception {
        project.start("cluster", "start").lines(1);

        List<String> lines = project.start("train", "--engine", "spark").lines(0);
        assertEquals("tinygpt-spark: building ...", lines.get(0));
    }

    @Test
    void changedPom_gathersAgain() throws Exception {
        project.start("--version").lines(0);
        Path leftOver = Files.createFile(home.resolve("target/spark/jars/old.jar"));
        ScriptProject.old(home.resolve("target/spark/gathered"), 7200);
        project.start("--version").lines(0);

        assertEquals(3, project.calls().size());
        assertFalse(Files.exists(leftOver));
    }

    @Test
    void failedGathering_isTriedAgain() throws Exception {
        project.start("--version").lines(0);
        Files.delete(home.resolve("target/spark/gathered"));
        Files.createFile(project.fakes().resolve("broken"));
        assertTrue(project.start("--version").lines(1).contains("no such symbol"));

        Files.delete(project.fakes().resolve("broken"));
        project.start("--version").lines(0);
        assertEquals(4, project.calls().size());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "local[2]",
                "local-cluster[2,1,1024]",
                "spark://127.0.0.1:7077",
                "spark://localhost:7077,127.0.0.2:7077"
            })
    void onThisMachine_theDriverIsOurJvm_withMavensSpark(String master) throws Exception {
        distribution();
        ProcessBuilder builder = project.builder(
                home.resolve("scripts/tinygpt-spark"), List.of("train", "--master", master, "--out", "two  words *"));
        builder.environment().put("SPARK_HOME", project.fakes().resolve("spark").toString());
        builder.environment().put("TINYGPT_JAVA_OPTS", "-Xmx3g");
        List<String> lines = project.launch(builder).lines(0);

        assertTrue(lines.contains("spark " + home.resolve("target/spark")), lines.toString());
        assertTrue(lines.contains("address 127.0.0.1"), lines.toString());
        assertTrue(lines.contains("omp 1"), lines.toString());
        assertTrue(lines.contains("@" + home.resolve("scripts/spark-java-options")), lines.toString());
        assertTrue(lines.contains("-XX:+UseParallelGC"), lines.toString());
        int at = lines.indexOf("-Xmx3g");
        assertEquals(
                List.of(
                        "-cp",
                        jar + ":" + home.resolve("target/spark/jars/*"),
                        "tinygpt.cli.Main",
                        "train",
                        "--master",
                        master,
                        "--out",
                        "two  words *"),
                lines.subList(at + 1, lines.size()));
    }

    @ParameterizedTest
    @CsvSource({"yarn, true", "spark://node1:7077, false", "'spark://127.0.0.1:7077,node2:7077', true"})
    void elsewhere_sparkSubmitIsUsed(String master, boolean inSparkHome) throws Exception {
        Path bin = distribution();
        ProcessBuilder builder = project.builder(
                home.resolve("scripts/tinygpt-spark"), List.of("train", "--engine", "spark", "--master=" + master));
        builder.environment().put("TINYGPT_JAVA_OPTS", "-Xmx3g -Dname=\"value\"");
        if (inSparkHome) {
            builder.environment().put("SPARK_HOME", bin.getParent().toString());
        } else {
            builder.environment().merge("PATH", bin + ":", (path, first) -> first + path);
        }
        List<String> lines = project.launch(builder).lines(0);
        lines = lines.subList(lines.indexOf("submitted"), lines.size());

        assertEquals(List.of("submitted", "--class", "tinygpt.cli.Main", "--master", master), lines.subList(0, 5));
        // The cluster has a logger of its own.
        assertEquals(
                home.resolve("target/lib/nd4j.jar") + "," + home.resolve("target/lib/words.jar"),
                lines.get(lines.indexOf("--jars") + 1));
        String options = lines.get(lines.indexOf("--driver-java-options") + 1);
        assertTrue(options.contains("\"-Dtinygpt.home=" + home + "\""), options);
        assertTrue(options.contains("\"-Dorg.bytedeco.javacpp.maxphysicalbytes="), options);
        assertTrue(options.endsWith(" \"-Dname=\\\"value\\\"\""), options);
        assertEquals("3g", lines.get(lines.indexOf("--driver-memory") + 1));
        assertEquals(
                List.of(jar.toString(), "train", "--engine", "spark", "--master=" + master),
                lines.subList(lines.size() - 5, lines.size()));
        assertEquals(1, project.calls().size(), "jars were gathered that nobody needs");
    }

    @Test
    void masterOfATrial_isNotOurs() throws Exception {
        List<String> lines = project.start("search", "--set", "lr=1,2", "--", "--master", "yarn")
                .lines(0);
        assertTrue(lines.contains("tinygpt.cli.Main"), lines.toString());
    }

    @Test
    void elsewhereWithoutADistribution_executorsAreSentTheProgram() throws Exception {
        List<String> lines =
                project.start("train", "--master", "spark://node1:7077").lines(0);

        assertTrue(lines.contains("address unset"), lines.toString());
        String jars = lines.stream()
                .filter(line -> line.startsWith("-Dspark.jars="))
                .findFirst()
                .orElseThrow();
        assertEquals(
                "-Dspark.jars=" + jar + "," + home.resolve("target/lib/nd4j.jar") + ","
                        + home.resolve("target/lib/words.jar"),
                jars);
    }

    @Test
    void yarnWithoutADistribution_isRefused() throws Exception {
        assertEquals(
                List.of(
                        "tinygpt-spark: --master yarn needs a Spark distribution; set SPARK_HOME to the folder of a Spark"
                                + " 4.2"),
                project.start("train", "--master", "yarn").lines(1));
        assertEquals(List.of(), project.calls());
    }

    @Test
    void sparkHomeThatIsNone_isNamed() throws Exception {
        ProcessBuilder builder =
                project.builder(home.resolve("scripts/tinygpt-spark"), List.of("train", "--master", "yarn"));
        builder.environment().put("SPARK_HOME", "/nowhere");
        assertEquals(
                List.of("tinygpt-spark: SPARK_HOME is /nowhere, but there is no bin/spark-submit in it;"
                        + " set it to the folder of a Spark 4.2, or unset it"),
                project.launch(builder).lines(1));
    }

    @ParameterizedTest
    @CsvSource({
        "'', a command is missing",
        "cluster, 'cluster takes start, status or stop, not '''''",
        "cluster begin, 'cluster takes start, status or stop, not ''begin'''",
        "cluster status now, cluster status takes no arguments",
        "cluster start --nodes 2, cluster start does not know '--nodes'",
        "cluster start --workers, --workers needs a value",
        "cluster start --workers 0, '--workers is a number from 1 to 64, not ''0'''",
        "cluster start --cores=x, '--cores is a number from 1 to 64, not ''x'''",
        "cluster start --memory 512, '--memory is a size as 512m or 2g, not ''512'''"
    })
    void misuse_isOneLine(String arguments, String message) throws Exception {
        String[] words = arguments.isEmpty() ? new String[0] : arguments.split(" ");
        assertEquals(
                List.of("tinygpt-spark: " + message + "; see " + home.resolve("scripts/tinygpt-spark") + " --help"),
                project.start(words).lines(2));
    }

    @Test
    void noCluster_isSaid() throws Exception {
        assertEquals(
                List.of("no cluster runs"), project.start("cluster", "stop").lines(0));
        assertEquals(
                List.of("no cluster runs; " + home.resolve("scripts/tinygpt-spark") + " cluster start starts one"),
                project.start("cluster", "status").lines(1));
        assertEquals(List.of(), project.calls());
    }

    /** The fake java ends at once, as a real one does that finds its port taken. */
    @Test
    void masterThatEnds_isSaid() throws Exception {
        List<String> lines = project.start("cluster", "start").lines(1);

        Path log = home.resolve("target/spark/cluster/master.log");
        assertEquals(
                "tinygpt-spark: the cluster did not start: it ended at once; see " + log, lines.get(lines.size() - 1));
        List<String> words = Files.readAllLines(log);
        assertTrue(words.contains("spark " + home.resolve("target/spark/cluster")), words.toString());
        assertTrue(words.contains("address 127.0.0.1"), words.toString());
        int at = words.indexOf("-cp");
        assertEquals(
                List.of(
                        home.resolve("target/spark/cluster/jars/*").toString(),
                        "org.apache.spark.deploy.master.Master",
                        "--host",
                        "127.0.0.1"),
                words.subList(at + 1, at + 5));
        assertEquals(1, project.calls().size(), "a cluster needs Spark's jars alone: " + project.calls());
    }

    /** Makes a spark-submit that prints its arguments, and returns its folder. */
    private Path distribution() throws IOException {
        Path bin = project.fakes().resolve("spark/bin");
        ScriptProject.executable(bin.resolve("spark-submit"), "#!/usr/bin/env bash\nprintf '%s\\n' submitted \"$@\"\n");
        return bin;
    }
}
