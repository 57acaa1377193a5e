package tinygpt.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tinygpt.spark.ExecutorProcesses;

/** A standalone master and its workers, each a JVM on this machine that nobody else can reach. */
final class LoopbackCluster implements AutoCloseable {
    private static final Pattern ADDRESS = Pattern.compile("spark://127\\.0\\.0\\.1:\\d+");

    private final ChildJvm master;
    private final List<ChildJvm> workers = new ArrayList<>();
    private final String address;

    /** Starts it, and waits until every worker has registered. */
    LoopbackCluster(Path folder, List<String> options, int count) throws IOException, ClassNotFoundException {
        List<String> small = new ArrayList<>(options);
        small.add("-Xmx256m");
        Path logs = Files.createTempDirectory(folder, "cluster");
        master = daemon(logs, small, "master.Master", "--host", "127.0.0.1", "--port", "0", "--webui-port", "0");
        master.awaitErr("I have been elected leader");
        Matcher found = ADDRESS.matcher(master.err());
        if (!found.find()) {
            throw new IllegalStateException(master.err());
        }
        address = found.group();
        for (int i = 0; i < count; i++) {
            String work = logs.resolve("work" + i).toString();
            workers.add(daemon(
                    logs,
                    small,
                    "worker.Worker",
                    "--host",
                    "127.0.0.1",
                    "--cores",
                    "1",
                    "--memory",
                    "1g",
                    "--work-dir",
                    work,
                    "--webui-port",
                    "0",
                    address));
        }
        for (ChildJvm worker : workers) {
            worker.awaitErr("Successfully registered with master");
        }
    }

    private static ChildJvm daemon(Path logs, List<String> options, String name, String... arguments)
            throws IOException, ClassNotFoundException {
        return new ChildJvm(logs, "1", options, Class.forName("org.apache.spark.deploy." + name), arguments);
    }

    /** {@code spark://127.0.0.1:PORT}. */
    String master() {
        return address;
    }

    /** SIGKILL for the worker of an executor and for the executor, as if their machine had lost its power. */
    void killWorkerOf(ProcessHandle executor) throws InterruptedException {
        for (ChildJvm worker : workers) {
            if (ExecutorProcesses.of(worker.handle()).contains(executor)) {
                worker.kill();
                executor.destroyForcibly();
                workers.remove(worker);
                return;
            }
        }
        throw new IllegalStateException("process " + executor.pid() + " has no worker here");
    }

    @Override
    public void close() {
        for (ChildJvm worker : workers) {
            List<ProcessHandle> executors = ExecutorProcesses.of(worker.handle());
            ExecutorProcesses.kill(worker.handle());
            executors.forEach(ProcessHandle::destroyForcibly);
        }
        ExecutorProcesses.kill(master.handle());
    }
}
