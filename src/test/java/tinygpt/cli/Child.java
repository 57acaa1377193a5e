package tinygpt.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The program in a process of its own, for what only a process can go through: signals, and a disk that is full. */
final class Child implements AutoCloseable {
    private static final int PATIENCE_SECONDS = 60;

    private final Process process;
    private final Path err;

    private Child(Process process, Path err) {
        this.process = process;
        this.err = err;
    }

    /**
     * Starts the program.
     *
     * @param folder where its standard error is kept
     * @param prefix a command that starts another, or nothing
     */
    static Child start(Path folder, List<String> prefix, String... args) throws IOException {
        List<String> command = new ArrayList<>(prefix);
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(
                "--add-modules", "jdk.incubator.vector", "-XX:-UsePerfData", "-Xmx256m", "-XX:TieredStopAtLevel=1"));
        command.add("-cp");
        command.add(System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")));
        command.add("tinygpt.cli.Main");
        command.addAll(List.of(args));
        Path err = Files.createTempFile(folder, "err", ".txt");
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(err.toFile());
        builder.redirectOutput(ProcessBuilder.Redirect.DISCARD);
        builder.directory(folder.toFile());
        builder.environment().remove("TINYGPT_TRACE");
        return new Child(builder.start(), err);
    }

    /**
     * A prefix under which signals do what they do at a terminal. A shell lets what it starts in the background ignore
     * SIGINT, and this test may have been started so.
     */
    static List<String> heedingSignals() throws IOException, InterruptedException {
        List<String> prefix = List.of("env", "--default-signal=INT,TERM");
        List<String> probe = new ArrayList<>(prefix);
        probe.add("true");
        return new ProcessBuilder(probe).redirectErrorStream(true).start().waitFor() == 0 ? prefix : List.of();
    }

    /** Waits until its standard error contains a text. */
    void awaitErr(String text) throws IOException, InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (!err().contains(text)) {
            if (!process.isAlive() || System.nanoTime() > end) {
                throw new AssertionError("never said '" + text + "': " + err());
            }
            process.waitFor(20, TimeUnit.MILLISECONDS);
        }
    }

    void signal(String name) throws IOException, InterruptedException {
        new ProcessBuilder("kill", "-" + name, String.valueOf(process.pid()))
                .inheritIO()
                .start()
                .waitFor();
    }

    int exitCode() throws InterruptedException {
        if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            throw new AssertionError("did not end within " + PATIENCE_SECONDS + " s");
        }
        return process.exitValue();
    }

    String err() throws IOException {
        return Files.readString(err);
    }

    @Override
    public void close() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }
}
