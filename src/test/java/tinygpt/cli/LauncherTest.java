package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Runs scripts/tinygpt in a project of empty files, in a folder with a space in its name. Its java prints what it was given,
 * line by line, and its mvn writes the jar, so that no JVM starts.
 */
class LauncherTest {
    private static final String JAVA = """
            #!/usr/bin/env bash
            printf '%s\\n' "folder $PWD" "omp ${OMP_NUM_THREADS-unset}" "$@"
            """;

    /** Says that it was called, waits for the file go, and does what the file ending says. */
    private static final String MVN = """
            #!/usr/bin/env bash
            echo "$PWD $*" >>"$FAKES/calls"
            until [ -e "$FAKES/go" ]; do sleep 0.02; done
            if [ -e "$FAKES/broken" ]; then echo "no such symbol"; exit 1; fi
            mkdir -p target
            echo jar >target/tinygpt.jar
            """;

    @TempDir
    private Path temporary;

    private Path project;
    private Path fakes;
    private Path jar;

    @BeforeEach
    void makeProject() throws IOException {
        // Links in the way to the temporary folder would show up in what the script prints.
        temporary = temporary.toRealPath();
        project = Files.createDirectories(temporary.resolve("my project"));
        Files.createDirectories(project.resolve("src/main/java"));
        Files.createDirectories(project.resolve("scripts"));
        Files.copy(
                Path.of(System.getProperty("tinygpt.home"), "scripts", "tinygpt"), project.resolve("scripts/tinygpt"));
        old(Files.createFile(project.resolve("src/main/java/Main.java")));
        old(project.resolve("src/main/java"));
        old(project.resolve("src/main"));
        old(Files.createFile(project.resolve("pom.xml")));
        jar = Files.createDirectory(project.resolve("target")).resolve("tinygpt.jar");
        Files.writeString(jar, "jar");
        fakes = Files.createDirectory(temporary.resolve("fake programs"));
        executable(fakes.resolve("bin/mvn"), MVN);
        jdk("17.0.15");
        Files.createFile(fakes.resolve("go"));
        Files.createFile(fakes.resolve("calls"));
    }

    @Test
    void argumentsAndFolder_areTheUsers() throws Exception {
        List<String> lines = start("generate", "--prompt", "two  words *", "").lines(0);

        assertEquals("folder " + temporary, lines.get(0));
        assertEquals(
                List.of("-jar", jar.toString(), "generate", "--prompt", "two  words *", ""),
                lines.subList(lines.size() - 6, lines.size()));
        assertTrue(lines.contains("-Dtinygpt.home=" + project), lines.toString());
        assertEquals(List.of(), calls());
    }

    @Test
    void startedThroughLinks_findsItsProject() throws Exception {
        Path first = temporary.resolve("first link");
        Files.createSymbolicLink(first, Path.of("my project/scripts/tinygpt"));
        Path second = Files.createDirectory(temporary.resolve("links")).resolve("tinygpt");
        Files.createSymbolicLink(second, Path.of("../first link"));

        assertTrue(start(second, List.of("--help")).lines(0).contains("-Dtinygpt.home=" + project));
    }

    @Test
    void command_isHandedOnAsTyped() throws Exception {
        assertTrue(start("train").lines(0).contains("-Dtinygpt.command=" + project.resolve("scripts/tinygpt")));

        ProcessBuilder relative = builder(Path.of("my project/scripts/tinygpt"), List.of("train"));
        assertTrue(new Launched(relative).lines(0).contains("-Dtinygpt.command=my project/scripts/tinygpt"));

        ProcessBuilder found = builder(Path.of("unused"), List.of());
        found.command("bash", "-c", "tinygpt train");
        found.environment()
                .merge("PATH", project.resolve("scripts") + File.pathSeparator, (path, first) -> first + path);
        assertTrue(new Launched(found).lines(0).contains("-Dtinygpt.command=tinygpt"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"train", "generate", "eval", "logits", "bench"})
    void commandsThatCompute_getVectorModuleOneThreadAndLimits(String command) throws Exception {
        List<String> lines = start(command, "--seed", "1").lines(0);

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
        List<String> lines = start(words).lines(0);

        assertEquals("omp unset", lines.get(1));
        assertTrue(lines.contains("-XX:TieredStopAtLevel=1"), lines.toString());
        assertFalse(lines.contains("--add-modules"), lines.toString());
    }

    @Test
    void newJdk_isAllowedNativeAccess() throws Exception {
        jdk("25.0.1");
        List<String> lines = start("train").lines(0);

        assertTrue(lines.contains("--enable-native-access=ALL-UNNAMED"), lines.toString());
        assertTrue(lines.contains("--sun-misc-unsafe-memory-access=allow"), lines.toString());
    }

    @ParameterizedTest
    @CsvSource({"11.0.2, 11", "1.8.0_292, 8", "16, 16"})
    void oldJdk_isRefused(String version, String feature) throws Exception {
        jdk(version);

        assertEquals(
                List.of("tinygpt: " + fakes.resolve("jdk/bin/java") + " is Java " + feature
                        + "; tinygpt needs 17 or newer: set JAVA_HOME to one"),
                start("train").lines(1));
    }

    @Test
    void missingJdk_isNamed() throws Exception {
        Files.delete(fakes.resolve("jdk/bin/java"));

        assertEquals(
                List.of("tinygpt: JAVA_HOME is " + fakes.resolve("jdk") + ", but there is no bin/java in it;"
                        + " set it to a JDK of version 17 or newer, or unset it"),
                start("train").lines(1));
    }

    @Test
    void javaOptions_comeLast_andMayChooseACollector() throws Exception {
        ProcessBuilder builder = builder(project.resolve("scripts/tinygpt"), List.of("train"));
        builder.environment().put("TINYGPT_JAVA_OPTS", "-XX:+UseParallelGC  -Xmx3g");
        builder.environment().put("OMP_NUM_THREADS", "4");
        List<String> lines = new Launched(builder).lines(0);

        // Four threads a worker would turn oneDNN off.
        assertEquals("omp 1", lines.get(1));
        int at = lines.indexOf("-XX:+UseParallelGC");
        assertEquals(List.of("-Xmx3g", "-jar", jar.toString(), "train"), lines.subList(at + 1, lines.size()));
        assertFalse(lines.contains("-XX:+UseSerialGC"), lines.toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"pom.xml", ".mvn/jvm.config", "src/main/java/Main.java", "src/main/java"})
    void changedInput_isBuiltOnce(String input) throws Exception {
        Path changed = project.resolve(input);
        if (!Files.exists(changed)) {
            Files.createDirectories(changed.getParent());
            Files.createFile(changed);
        }
        old(jar, 50);
        old(changed, 10);
        if (changed.getParent().endsWith(".mvn")) {
            old(changed.getParent());
        }

        List<String> lines = start("--version").lines(0);
        assertEquals("tinygpt: building (first use downloads about 330 MB) ...", lines.get(0));
        assertEquals(
                List.of(project + " -B -ntp -q -Dmaven.test.skip=true -Dspotless.check.skip=true package"), calls());

        assertEquals("folder " + temporary, start("--version").lines(0).get(0));
        assertEquals(1, calls().size());
    }

    @Test
    void failedBuild_isShown_andTriedAgain() throws Exception {
        Files.delete(jar);
        Files.createFile(fakes.resolve("broken"));

        List<String> lines = start("--version").lines(1);
        assertEquals("no such symbol", lines.get(1));
        assertTrue(lines.get(2).startsWith("tinygpt: the build failed, see above"), lines.toString());

        Files.delete(fakes.resolve("broken"));
        assertTrue(start("--version").lines(0).contains(jar.toString()));
        assertEquals(2, calls().size());
    }

    @Test
    void twoAtTheSameTime_buildOnce() throws Exception {
        Files.delete(jar);
        Files.delete(fakes.resolve("go"));
        Launched first = start("--version");
        while (calls().isEmpty()) {
            Thread.onSpinWait();
        }
        Launched second = start("--version");
        assertFalse(second.process.waitFor(300, TimeUnit.MILLISECONDS), "the second did not wait for the build");
        Files.createFile(fakes.resolve("go"));

        assertTrue(first.lines(0).contains(jar.toString()));
        assertTrue(second.lines(0).contains(jar.toString()));
        assertEquals(1, calls().size());
    }

    @Test
    void programWithoutSources_isTakenAsItIs() throws Exception {
        old(jar, 3600);
        try (var files = Files.walk(project.resolve("src"))) {
            for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
        assertTrue(start("--version").lines(0).contains(jar.toString()));
        assertEquals(List.of(), calls());
    }

    private final class Launched {
        private final File output;
        private final Process process;

        Launched(ProcessBuilder builder) throws IOException {
            output = Files.createTempFile(temporary, "output", ".txt").toFile();
            process = builder.redirectErrorStream(true).redirectOutput(output).start();
        }

        List<String> lines(int exit) throws IOException, InterruptedException {
            if (!process.waitFor(60, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IllegalStateException("the script did not end within a minute");
            }
            List<String> lines = Files.readAllLines(output.toPath());
            assertEquals(exit, process.exitValue(), lines.toString());
            return lines;
        }
    }

    private Launched start(String... arguments) throws IOException {
        return start(project.resolve("scripts/tinygpt"), List.of(arguments));
    }

    private Launched start(Path script, List<String> arguments) throws IOException {
        return new Launched(builder(script, arguments));
    }

    private ProcessBuilder builder(Path script, List<String> arguments) {
        List<String> command = new ArrayList<>(List.of("bash", script.toString()));
        command.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(command).directory(temporary.toFile());
        var environment = builder.environment();
        environment.put("JAVA_HOME", fakes.resolve("jdk").toString());
        environment.put("PATH", fakes.resolve("bin") + File.pathSeparator + environment.get("PATH"));
        environment.put("FAKES", fakes.toString());
        environment.remove("TINYGPT_JAVA_OPTS");
        environment.remove("OMP_NUM_THREADS");
        return builder;
    }

    private void jdk(String version) throws IOException {
        executable(fakes.resolve("jdk/bin/java"), JAVA);
        Files.writeString(fakes.resolve("jdk/release"), "IMPLEMENTOR=\"us\"\nJAVA_VERSION=\"" + version + "\"\n");
    }

    private List<String> calls() throws IOException {
        return Files.readAllLines(fakes.resolve("calls"));
    }

    private static void executable(Path file, String text) throws IOException {
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
        assertTrue(file.toFile().setExecutable(true));
    }

    /** Makes a file seem to have been written an hour ago. */
    private static void old(Path file) throws IOException {
        old(file, 3600);
    }

    private static void old(Path file, int seconds) throws IOException {
        Files.setLastModifiedTime(file, FileTime.from(Instant.now().minusSeconds(seconds)));
    }
}
