package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
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

/**
 * A project of empty files with the real scripts, in a folder with a space in its name. Its java prints what it was given,
 * line by line, and its mvn writes the jars, so that no JVM starts.
 */
final class ScriptProject {
    private static final String JAVA = """
            #!/usr/bin/env bash
            printf '%s\\n' "folder $PWD" "omp ${OMP_NUM_THREADS-unset}" "spark ${SPARK_HOME-unset}" \
              "address ${SPARK_LOCAL_IP-unset}" "$@"
            """;

    /** Says that it was called, waits for the file go, and does what the file ending says. */
    private static final String MVN = """
            #!/usr/bin/env bash
            echo "$PWD $*" >>"$FAKES/calls"
            until [ -e "$FAKES/go" ]; do sleep 0.02; done
            if [ -e "$FAKES/broken" ]; then echo "no such symbol"; exit 1; fi
            case "$*" in
              *copy-dependencies*)
                mkdir -p target/spark/jars
                exit
                ;;
              *-Dtinygpt.plain*) target=target/plain ;;
              *) target=target ;;
            esac
            mkdir -p "$target/lib"
            touch "$target/lib/nd4j.jar" "$target/lib/slf4j-simple-2.jar" "$target/lib/words.jar"
            echo jar >"$target/tinygpt.jar"
            """;

    private final Path temporary;
    private final String script;
    private final Path home;
    private final Path fakes;

    /**
     * Makes it.
     *
     * @param temporary an empty folder
     * @param script the name of the script that is started
     */
    ScriptProject(Path temporary, String script) throws IOException {
        // Links in the way to the temporary folder would show up in what the script prints.
        this.temporary = temporary.toRealPath();
        this.script = script;
        home = Files.createDirectories(this.temporary.resolve("my project"));
        Files.createDirectories(home.resolve("src/main/java"));
        Files.createDirectories(home.resolve("scripts"));
        for (String name : List.of("tinygpt", "tinygpt-spark", "launcher.bash", "cluster.bash")) {
            Files.copy(
                    Path.of(System.getProperty("tinygpt.home"), "scripts", name),
                    home.resolve("scripts").resolve(name));
        }
        old(Files.createFile(home.resolve("src/main/java/Main.java")));
        old(home.resolve("src/main/java"));
        old(home.resolve("src/main"));
        old(Files.createFile(home.resolve("pom.xml")));
        fakes = Files.createDirectory(this.temporary.resolve("fake programs"));
        executable(fakes.resolve("bin/mvn"), MVN);
        jdk("17.0.15");
        Files.createFile(fakes.resolve("go"));
        Files.createFile(fakes.resolve("calls"));
    }

    Path temporary() {
        return temporary;
    }

    Path home() {
        return home;
    }

    Path fakes() {
        return fakes;
    }

    Launched start(String... arguments) throws IOException {
        return start(home.resolve("scripts").resolve(script), List.of(arguments));
    }

    Launched start(Path file, List<String> arguments) throws IOException {
        return launch(builder(file, arguments));
    }

    Launched launch(ProcessBuilder builder) throws IOException {
        File output = Files.createTempFile(temporary, "output", ".txt").toFile();
        return new Launched(
                output, builder.redirectErrorStream(true).redirectOutput(output).start());
    }

    ProcessBuilder builder(Path file, List<String> arguments) {
        List<String> command = new ArrayList<>(List.of("bash", file.toString()));
        command.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(command).directory(temporary.toFile());
        var environment = builder.environment();
        environment.put("JAVA_HOME", fakes.resolve("jdk").toString());
        environment.put("PATH", fakes.resolve("bin") + File.pathSeparator + environment.get("PATH"));
        environment.put("FAKES", fakes.toString());
        for (String name : List.of("TINYGPT_JAVA_OPTS", "OMP_NUM_THREADS", "SPARK_HOME", "SPARK_LOCAL_IP")) {
            environment.remove(name);
        }
        return builder;
    }

    void jdk(String version) throws IOException {
        executable(fakes.resolve("jdk/bin/java"), JAVA);
        Files.writeString(fakes.resolve("jdk/release"), "IMPLEMENTOR=\"us\"\nJAVA_VERSION=\"" + version + "\"\n");
    }

    /** How Maven was called: its folder and arguments. */
    List<String> calls() throws IOException {
        return Files.readAllLines(fakes.resolve("calls"));
    }

    static void executable(Path file, String text) throws IOException {
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
        assertTrue(file.toFile().setExecutable(true));
    }

    /** Makes a file seem to have been written an hour ago. */
    static void old(Path file) throws IOException {
        old(file, 3600);
    }

    static void old(Path file, int seconds) throws IOException {
        Files.setLastModifiedTime(file, FileTime.from(Instant.now().minusSeconds(seconds)));
    }

    /** A script that runs. */
    record Launched(File output, Process process) {
        /** What it has printed to both streams when it has ended, with this exit code. */
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
}
