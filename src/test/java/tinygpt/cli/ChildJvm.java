package tinygpt.cli;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A second JVM with the class path of the tests, for what cannot be seen from inside: signals, flags, what starts. */
final class ChildJvm {
    private static final int PATIENCE_SECONDS = 120;

    private final Process process;
    private final Path out;
    private final Path err;

    /**
     * Starts it.
     *
     * @param folder it works there, and its streams go there
     * @param ompNumThreads the environment variable, or null to leave it out
     * @param options for the JVM
     */
    ChildJvm(Path folder, String ompNumThreads, List<String> options, Class<?> main, String... arguments)
            throws IOException {
        this(List.of(), folder, ompNumThreads, options, main, arguments);
    }

    /** The same through a command that starts another. */
    ChildJvm(
            List<String> prefix,
            Path folder,
            String ompNumThreads,
            List<String> options,
            Class<?> main,
            String... arguments)
            throws IOException {
        List<String> command = new ArrayList<>(prefix);
        command.add(System.getProperty("java.home") + File.separator + "bin" + File.separator + "java");
        command.addAll(options);
        command.add("-Dtinygpt.home=" + System.getProperty("tinygpt.home"));
        command.add("-Dorg.nd4j.log.initialization=false");
        if (!options.contains("-cp")) {
            command.add("-cp");
            command.add(System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")));
        }
        command.add(main.getName());
        command.addAll(List.of(arguments));
        out = Files.createTempFile(folder, "out", ".txt");
        err = Files.createTempFile(folder, "err", ".txt");
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile());
        builder.environment().remove("OMP_NUM_THREADS");
        if (ompNumThreads != null) {
            builder.environment().put("OMP_NUM_THREADS", ompNumThreads);
        }
        process = builder.start();
    }

    /** Waits until it has printed one of these texts on stderr. */
    void awaitErr(String... texts) throws IOException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (Stream.of(texts).noneMatch(err()::contains)) {
            if (!process.isAlive() || System.nanoTime() > end) {
                process.destroyForcibly();
                throw new IllegalStateException(
                        "the second JVM did not print '" + String.join("' or '", texts) + "' but: " + err());
            }
            Thread.onSpinWait();
        }
    }

    /** Sends it SIGTERM, which it treats as Ctrl-C. */
    void terminate() {
        process.destroy();
    }

    /** Ends it at once, as kill -9 and a power cut do, and waits for that. */
    void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    /**
     * A prefix under which SIGINT does what it does at a terminal. A shell lets what it starts in the background ignore
     * it, and these tests may have been started so.
     */
    static List<String> heedingInterrupts() throws IOException, InterruptedException {
        List<String> prefix = List.of("env", "--default-signal=INT");
        List<String> probe = new ArrayList<>(prefix);
        probe.add("true");
        boolean known =
                new ProcessBuilder(probe).redirectErrorStream(true).start().waitFor() == 0;
        return known ? prefix : List.of(); // not with the env of every system
    }

    /** Sends it SIGINT, as Ctrl-C does. */
    void interrupt() throws IOException, InterruptedException {
        new ProcessBuilder("kill", "-INT", String.valueOf(process.pid()))
                .start()
                .waitFor();
    }

    /** The process, to look for those that it started. */
    ProcessHandle handle() {
        return process.toHandle();
    }

    /** Waits for its end. */
    int exitCode() throws InterruptedException {
        if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new IllegalStateException("the second JVM did not end within " + PATIENCE_SECONDS + " seconds");
        }
        return process.exitValue();
    }

    String out() throws IOException {
        return Files.readString(out);
    }

    String err() throws IOException {
        return Files.readString(err);
    }
}
