package tinygpt.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import tinygpt.random.CounterRandom;
import tinygpt.random.Stream;
import tinygpt.runs.Ledger;
import tinygpt.runs.LogComparison;
import tinygpt.runs.RunFolder;
import tinygpt.runs.RunFolders;
import tinygpt.runs.TensorComparison;

/** Proves on the user's machine what the program promises. */
@Command(
        name = "selftest",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        abbreviateSynopsis = true,
        description = "Proves on this machine what the program promises.",
        footer = {
            "",
            "--resume trains the same small model twice, in processes of their own: once in",
            "peace, and once being killed (SIGKILL) again and again and resumed each time,",
            "with other numbers of threads. Both must end with the same weights, the same",
            "optimizer state, the same losses, norms and samples in the logs, to the bit,",
            "with dropout and with batches in several shards. Exit code 1 if not.",
            "",
            "Example:",
            "  tinygpt selftest --resume --kills 8",
            "  tinygpt selftest --resume --sync diloco"
        })
final class SelftestCommand implements Callable<Integer> {
    private static final int STEPS = 40;
    private static final int TEXT_BYTES = 40_000;
    private static final int WHOLE_THREADS = 2;
    private static final String SHARDS = "4";
    private static final String DROPOUT = "0.1";
    private static final Pattern STEP = Pattern.compile("step (\\d+)/.*");

    private final Output output;
    private final List<Integer> threadsUsed = new ArrayList<>();

    @Option(names = "--resume", required = true, description = "Kill a training run at random moments and resume it.")
    private boolean resume;

    @Option(
            names = "--kills",
            paramLabel = "N",
            defaultValue = "4",
            description = "How many times it is killed; 4 unless given.")
    private int kills;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "1",
            description = "Decides at which steps it is killed; 1 unless given.")
    private long seed;

    @Option(
            names = "--sync",
            paramLabel = "step|diloco",
            defaultValue = "step",
            description = "The same with rounds of two replicas, as train --sync has them; step unless given.")
    private Sync sync;

    /** When replicas agree. */
    enum Sync {
        step,
        diloco
    }

    private SelftestCommand(Output output) {
        this.output = output;
    }

    static CommandLine create(Output output) {
        return new CommandLine(new SelftestCommand(output));
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        RunOptions.atLeast("--kills", kills, 1, "without a kill nothing is tested");
        Path folder = Files.createTempDirectory("tinygpt-selftest");
        try {
            return test(folder);
        } finally {
            RunFolders.remove(folder);
        }
    }

    private int test(Path folder) throws IOException, InterruptedException {
        Path text = folder.resolve("text.txt");
        byte[] tales = Files.readAllBytes(DataFile.orDefault(null));
        String some = new String(tales, 0, Math.min(TEXT_BYTES, tales.length), StandardCharsets.UTF_8);
        Files.writeString(text, some.substring(0, some.lastIndexOf('\n')));

        say("training " + STEPS + " steps in peace");
        Path whole = folder.resolve("whole");
        train(folder, Integer.MAX_VALUE, start(text, whole, WHOLE_THREADS));

        Path killed = folder.resolve("killed");
        int step = 0;
        for (int i = 0; i < kills; i++) {
            // Anywhere in what is left, and once in a while before anything was saved.
            int at = (int) CounterRandom.below(STEPS - step, seed, Stream.SAMPLING, i, 0) + step;
            List<String> command = new RunFolder(killed).checkpoints().isEmpty()
                    ? start(text, fresh(killed), threads(i))
                    : resumption(killed, threads(i));
            boolean alive = train(folder, at, command);
            List<RunFolder.Saved> saved = new RunFolder(killed).newestFirst();
            step = saved.isEmpty() ? 0 : (int) saved.get(0).step();
            say((alive ? "killed at step " + at + " or a little later" : "had ended before it was killed")
                    + "; the newest checkpoint is of step " + step);
        }
        if (new RunFolder(killed).checkpoints().isEmpty()) {
            train(folder, Integer.MAX_VALUE, start(text, fresh(killed), threads(kills)));
        } else {
            train(folder, Integer.MAX_VALUE, resumption(killed, threads(kills)));
        }
        return verdict(new RunFolder(whole), new RunFolder(killed));
    }

    private int verdict(RunFolder whole, RunFolder killed) {
        Path one = whole.checkpoint(STEPS);
        Path other = killed.checkpoint(STEPS);
        TensorComparison tensors = TensorComparison.of(one, other);
        if (tensors.difference().isPresent()) {
            return failed(tensors.difference().get() + " is not the same after " + STEPS + " steps");
        }
        LogComparison logs = LogComparison.of(whole, killed);
        if (logs.difference().isPresent()) {
            return failed("the logs are not the same: " + logs.difference().get());
        }
        List<String> findings = Ledger.verify(killed.path()).findings();
        if (!findings.isEmpty()) {
            return failed("the ledger of the killed run does not hold: " + findings.get(0));
        }
        PrintWriter out = output.out();
        out.println("passed: after " + STEPS + " steps and " + kills
                + " kills the run equals the uninterrupted one to the bit, and its ledger holds");
        out.println("compared: " + tensors.tensors() + " tensors of weights and optimizer state; " + logs.steps()
                + " losses and " + logs.evaluations() + " validation losses; " + logs.norms()
                + " lines of norms; the samples");
        out.println("with: " + (sync == Sync.diloco ? "2 replicas in rounds of 4 steps, " : "") + "dropout " + DROPOUT
                + ", batches in " + SHARDS + " shards, " + WHOLE_THREADS + " threads for the uninterrupted run, "
                + threadsUsed + " for the parts of the other");
        return Exit.OK;
    }

    private int failed(String why) {
        output.out().println("FAILED: " + why);
        return Exit.FAILURE;
    }

    /** The number of threads of a part of the run: another each time. */
    private int threads(int part) {
        int threads = 1 + part % 3;
        threadsUsed.add(threads);
        return threads;
    }

    private static List<String> resumption(Path run, int threads) {
        return List.of("train", "--resume", run.toString(), "--threads", String.valueOf(threads));
    }

    private List<String> start(Path text, Path out, int threads) {
        List<String> command = new ArrayList<>(List.of(
                "train",
                "--preset",
                "nano",
                "--steps",
                String.valueOf(STEPS),
                "--batch-size",
                "32",
                "--shards",
                SHARDS,
                "--dropout",
                DROPOUT,
                "--save-every",
                "3",
                "--eval-every",
                "10",
                "--data",
                text.toString(),
                "--out",
                out.toString(),
                "--threads",
                String.valueOf(threads)));
        if (sync == Sync.diloco) {
            command.addAll(List.of("--sync", "diloco", "--replicas", "2", "--local-steps", "4"));
        }
        return command;
    }

    /** A folder that was made but in which nothing was saved, out of the way. */
    private static Path fresh(Path folder) throws IOException {
        if (Files.exists(folder)) {
            RunFolders.remove(folder);
        }
        return folder;
    }

    /** Runs a training in a process of its own and kills it when it says it has done a step; whether it had to be killed. */
    private boolean train(Path folder, int killAt, List<String> arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(ProcessHandle.current().info().command().orElse("java"));
        for (String option : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
            if (!option.startsWith("-javaagent") && !option.startsWith("-agentlib")) {
                command.add(option);
            }
        }
        // The user's latest run stays what it is.
        command.add("-Dtinygpt.runs=" + folder.resolve("runs"));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
        command.addAll(arguments);
        command.addAll(List.of("--progress", "plain", "--log-every", "1"));
        Process process = new ProcessBuilder(command)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        StringBuilder said = new StringBuilder();
        boolean killed = killAt == 0;
        try (BufferedReader lines = process.errorReader()) {
            String line;
            while (!killed && (line = lines.readLine()) != null) {
                said.append(line).append('\n');
                Matcher step = STEP.matcher(line);
                killed = step.matches() && Integer.parseInt(step.group(1)) >= killAt;
            }
            if (killed) {
                process.destroyForcibly();
            }
        }
        int exit = process.waitFor();
        if (!killed && exit != 0) {
            throw new CommandFailure(Exit.FAILURE, "a training run ended with exit code " + exit + ": " + said);
        }
        return killed;
    }

    private void say(String what) {
        output.err().println(what);
        output.err().flush();
    }
}
