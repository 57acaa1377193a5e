package tinygpt.spark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The JVMs in which this machine's executors run. */
public final class ExecutorProcesses {
    private static final String EXECUTOR = "CoarseGrainedExecutorBackend";

    private ExecutorProcesses() {}

    /** Executors that are descendants of a process, the oldest first. */
    public static List<ProcessHandle> of(ProcessHandle ancestor) {
        return ancestor.descendants()
                .filter(process -> commandLine(process).contains(EXECUTOR))
                .sorted((a, b) -> Long.compare(a.pid(), b.pid()))
                .toList();
    }

    /** On Linux the JDK knows the first page of it alone, which a class path fills. */
    private static String commandLine(ProcessHandle process) {
        try {
            return Files.readString(Path.of("/proc", Long.toString(process.pid()), "cmdline"));
        } catch (IOException e) {
            return process.info().commandLine().orElse("");
        }
    }

    /** SIGKILL, and waits until it is gone. */
    public static void kill(ProcessHandle process) {
        process.destroyForcibly();
        process.onExit().join();
    }
}
