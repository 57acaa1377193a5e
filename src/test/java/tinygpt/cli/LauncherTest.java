package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs scripts/tinygpt in a {@link ScriptProject}. */
class LauncherTest {
    @TempDir
    private Path temporary;

    private ScriptProject project;
    private Path home;
    private Path jar;
    private Path plain;

    @BeforeEach
    void makeProject() throws IOException {
        project = new ScriptProject(temporary, "tinygpt");
        temporary = project.temporary();
        home = project.home();
        jar = Files.createDirectory(home.resolve("target")).resolve("tinygpt.jar");
        Files.writeString(jar, "jar");
        plain = home.resolve("target/plain/tinygpt.jar");
    }

    @Test
    void argumentsAndFolder_areTheUsers() throws Exception {
        List<String> lines =
                project.start("generate", "--prompt", "two  words *", "").lines(0);

        assertEquals("folder " + temporary, lines.get(0));
        assertEquals(
                List.of("-jar", jar.toString(), "generate", "--prompt", "two  words *", ""),
                lines.subList(lines.size() - 6, lines.size()));
        assertTrue(lines.contains("-Dtinygpt.home=" + home), lines.toString());
        assertEquals(List.of(), project.calls());
    }

    @Test
    void startedThroughLinks_findsItsProject() throws Exception {
        Path first = temporary.resolve("first link");
        Files.createSymbolicLink(first, Path.of("my project/scripts/tinygpt"));
        Path second = Files.createDirectory(temporary.resolve("links")).resolve("tinygpt");
        Files.createSymbolicLink(second, Path.of("../first link"));

        assertTrue(project.start(second, List.of("--help")).lines(0).contains("-Dtinygpt.home=" + home));
    }

    @Test
    void command_isHandedOnAsTyped() throws Exception {
        assertTrue(project.start("train").lines(0).contains("-Dtinygpt.command=" + home.resolve("scripts/tinygpt")));

        ProcessBuilder relative = project.builder(Path.of("my project/scripts/tinygpt"), List.of("train"));
        assertTrue(project.launch(relative).lines(0).contains("-Dtinygpt.command=my project/scripts/tinygpt"));

        ProcessBuilder found = project.builder(Path.of("unused"), List.of());
        found.command("bash", "-c", "tinygpt train");
        found.environment().merge("PATH", home.resolve("scripts") + File.pathSeparator, (path, first) -> first + path);
        assertTrue(project.launch(found).lines(0).contains("-Dtinygpt.command=tinygpt"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"train", "generate", "eval", "logits", "bench"})
    void commandsThatCompute_getVectorModuleOneThreadAndLimits(String command) throws Exception {
        List<String> lines = project.start(command, "--seed", "1").lines(0);

        assertEquals("omp 1", lines.get(1));
        assertEquals("jdk.incubator.vector", lines.get(lines.indexOf("--add-modules") + 1));
        assertTrue(lines.contains("-Dorg.nd4j.log.initialization=false"), lines.toString());
        assertFalse(lines.contains("-XX:TieredStopAtLevel=1"), lines.toString());
        assertFalse(lines.contains("--enable-native-access=ALL-UNNAMED"), lines.toString());
        for (String name : new String[] {"maxbytes", "maxphysicalbytes"}) {
            String start = "-Dorg.bytedeco.javacpp." + name + "=";
            String limit = lines.stream()
                    .filter(line -> line.startsWith(start))
                    .findFirst()
                    .orElseThrow();
            assertTrue(limit.substring(start.length()).matches("[1-9][0-9]*m"), limit);
        }
    }

    @ParameterizedTest
    @CsvSource({"params --preset nano", "--help", "--version", "train --help", "''"})
    void commandsThatDoNotCompute_startLight(String arguments) throws Exception {
        String[] words = arguments.isEmpty() ? new String[0] : arguments.split(" ");
        List<String> lines = project.start(words).lines(0);

        assertEquals("omp unset", lines.get(1));
        assertTrue(lines.contains("-XX:TieredStopAtLevel=1"), lines.toString());
        assertFalse(lines.contains("--add-modules"), lines.toString());
    }

    @Test
    void newJdk_isAllowedNativeAccess() throws Exception {
        project.jdk("25.0.1");
        List<String> lines = project.start("train").lines(0);

        assertTrue(lines.contains("--enable-native-access=ALL-UNNAMED"), lines.toString());
        assertTrue(lines.contains("--sun-misc-unsafe-memory-access=allow"), lines.toString());
    }

    @ParameterizedTest
    @CsvSource({"11.0.2, 11", "1.8.0_292, 8", "16, 16"})
    void oldJdk_isRefused(String version, String feature) throws Exception {
        project.jdk(version);

        assertEquals(
                List.of("tinygpt: " + project.fakes().resolve("jdk/bin/java") + " is Java " + feature
                        + "; tinygpt needs 17 or newer: set JAVA_HOME to one"),
                project.start("train").lines(1));
    }

    @Test
    void missingJdk_isNamed() throws Exception {
        Files.delete(project.fakes().resolve("jdk/bin/java"));

        assertEquals(
                List.of("tinygpt: JAVA_HOME is " + project.fakes().resolve("jdk") + ", but there is no bin/java in it;"
                        + " set it to a JDK of version 17 or newer, or unset it"),
                project.start("train").lines(1));
    }

    @Test
    void javaOptions_comeLast_andMayChooseACollector() throws Exception {
        ProcessBuilder builder = project.builder(home.resolve("scripts/tinygpt"), List.of("train"));
        builder.environment().put("TINYGPT_JAVA_OPTS", "-XX:+UseParallelGC  -Xmx3g");
        builder.environment().put("OMP_NUM_THREADS", "4");
        List<String> lines = project.launch(builder).lines(0);

        // Four threads a worker would turn oneDNN off.
        assertEquals("omp 1", lines.get(1));
        int at = lines.indexOf("-XX:+UseParallelGC");
        assertEquals(List.of("-Xmx3g", "-jar", jar.toString(), "train"), lines.subList(at + 1, lines.size()));
        assertFalse(lines.contains("-XX:+UseSerialGC"), lines.toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"pom.xml", ".mvn/jvm.config", "src/main/java/Main.java", "src/main/java"})
    void changedInput_isBuiltOnce(String input) throws Exception {
        Path changed = home.resolve(input);
        if (!Files.exists(changed)) {
            Files.createDirectories(changed.getParent());
            Files.createFile(changed);
        }
        ScriptProject.old(jar, 50);
        ScriptProject.old(changed, 10);
        if (changed.getParent().endsWith(".mvn")) {
            ScriptProject.old(changed.getParent());
        }

        List<String> lines = project.start("--version").lines(0);
        assertEquals("tinygpt: building (first use downloads about 330 MB) ...", lines.get(0));
        assertEquals(
                List.of(home + " -B -ntp -q -Dtinygpt.plain -Dmaven.test.skip=true -Dspotless.check.skip=true package"),
                project.calls());

        List<String> again = project.start("--version").lines(0);
        assertEquals("folder " + temporary, again.get(0));
        assertTrue(again.contains(plain.toString()), again.toString());
        assertEquals(1, project.calls().size());
    }

    @Test
    void programWithSparkThatIsOld_staysAsItIs_andIsNotBuilt() throws Exception {
        ScriptProject.old(jar, 7200);
        assertTrue(project.start("--version").lines(0).contains(plain.toString()));

        assertEquals("jar", Files.readString(jar));
        assertTrue(
                project.calls().get(0).contains(" -Dtinygpt.plain "),
                project.calls().toString());
    }

    @Test
    void failedBuild_isShown_andTriedAgain() throws Exception {
        Files.delete(jar);
        Files.createFile(project.fakes().resolve("broken"));

        List<String> lines = project.start("--version").lines(1);
        assertEquals("no such symbol", lines.get(1));
        assertTrue(lines.get(2).startsWith("tinygpt: the build failed, see above"), lines.toString());

        Files.delete(project.fakes().resolve("broken"));
        assertTrue(project.start("--version").lines(0).contains(plain.toString()));
        assertEquals(2, project.calls().size());
    }

    @Test
    void twoAtTheSameTime_buildOnce() throws Exception {
        Files.delete(jar);
        Files.delete(project.fakes().resolve("go"));
        ScriptProject.Launched first = project.start("--version");
        while (project.calls().isEmpty()) {
            Thread.onSpinWait();
        }
        ScriptProject.Launched second = project.start("--version");
        assertFalse(second.process().waitFor(300, TimeUnit.MILLISECONDS), "the second did not wait for the build");
        Files.createFile(project.fakes().resolve("go"));

        assertTrue(first.lines(0).contains(plain.toString()));
        assertTrue(second.lines(0).contains(plain.toString()));
        assertEquals(1, project.calls().size());
    }

    @Test
    void programWithoutSources_isTakenAsItIs() throws Exception {
        ScriptProject.old(jar, 3600);
        try (var files = Files.walk(home.resolve("src"))) {
            for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
        assertTrue(project.start("--version").lines(0).contains(jar.toString()));
        assertEquals(List.of(), project.calls());
    }
}
