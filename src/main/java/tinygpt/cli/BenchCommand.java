package tinygpt.cli;

import java.io.IOException;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tinygpt.bench.Benchmark;
import tinygpt.bench.BenchmarkPlan;
import tinygpt.bench.BenchmarkPlan.Comparison;
import tinygpt.bench.BenchmarkResult;
import tinygpt.bench.ClusterCost;
import tinygpt.bench.LoggingCost;
import tinygpt.bench.RoundedGeneration;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.parameters.Quantization;
import tinygpt.training.Cluster;

/** Measures how fast a model trains and generates here. */
@Command(
        name = "bench",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        abbreviateSynopsis = true,
        description = {
            "Measures how fast a model trains and generates on this machine.",
            "",
            "On random tokens; no files are needed. Training steps, matrix products and steps with one thread take turns,"
                    + " so that they can be compared even if the machine is not quiet."
        },
        footer = {
            "",
            "Examples:",
            "  tinygpt bench",
            "  tinygpt bench --preset tiny --seconds 30",
            "  tinygpt bench --context-length 256 --steps 50 --json",
            "  tinygpt bench --logging",
            "  tinygpt bench --engine spark --master local-cluster[2,1,1024]",
            "  tinygpt bench --preset gpt2 --bits 8 --seconds 60",
            "  tinygpt bench --preset gpt2 --batch-size 4 --shards 2 --context-length 64"
        })
final class BenchCommand implements Callable<Integer> {
    private static final String DEFAULT_PRESET = "shakespeare-cpu";
    private static final String STEPS = "optimization.steps";
    private static final double DEFAULT_SECONDS = 10;

    private final Output output;
    private HyperparameterOptions hyperparameters;

    @Option(
            names = "--threads",
            paramLabel = "N",
            description = "Threads of a step: as many as there are processors, at most one a shard, unless given.")
    private Integer threads;

    @Option(
            names = "--seconds",
            paramLabel = "S",
            description = "Measure steps for about so long, 10 unless given, or with --steps N exactly"
                    + " N steps. Generation takes half as long again.")
    private Double seconds;

    @Option(
            names = "--compare-threads",
            negatable = true,
            description = "Measure steps with one thread too, which takes memory of its own; done for small models"
                    + " unless --no-compare-threads is given.")
    private Boolean compareThreads;

    @Option(names = "--no-generation", description = "Do not measure generation.")
    private boolean noGeneration;

    @Option(
            names = "--logging",
            description = "Measure what the logs of a run cost instead: steps with metrics, norms of every tensor and"
                    + " TensorBoard's files, and steps without, in turns. Writes to a temporary folder.")
    private boolean logging;

    @Option(
            names = "--bits",
            paramLabel = "8|6|4|3|2",
            description =
                    "Measure instead how much faster generation is with matrices of so few bits, beside float32, in"
                            + " turns; fewer than 8 are kept in 8 in memory.")
    private Integer bits;

    @Mixin
    private EngineOptions engine;

    @Option(names = "--json", description = "Print one JSON object, with units in its keys.")
    private boolean json;

    private BenchCommand(Output output) {
        this.output = output;
    }

    /** The command with its options. */
    static CommandLine create(Output output) {
        BenchCommand command = new BenchCommand(output);
        CommandLine line = new CommandLine(command);
        command.hyperparameters = HyperparameterOptions.addTo(line.getCommandSpec(), DEFAULT_PRESET);
        return line;
    }

    @Override
    public Integer call() throws IOException {
        engine.check();
        if (engine.isCluster() && (logging || bits != null)) {
            throw new CommandFailure(
                    Exit.USAGE,
                    "--engine spark measures training steps; leave out " + (logging ? "--logging" : "--bits"));
        }
        Hyperparameters chosen = hyperparameters.resolve();
        // The hyperparameter counts the steps of a training; here a typed --steps counts the measured ones.
        int steps = hyperparameters.typed(STEPS) ? chosen.optimization().steps() : 0;
        if (hyperparameters.typed(STEPS) && steps == 0) {
            throw new CommandFailure(Exit.USAGE, "--steps is 0; a benchmark measures at least 1");
        }
        if (chosen.synchronization().inRounds()) {
            throw new CommandFailure(
                    Exit.USAGE, "a benchmark measures one training step, and replicas take the same; leave --sync out");
        }
        BenchmarkPlan plan = plan(chosen.data().shards(), steps);
        Set<String> explicit = hyperparameters.explicitKeys();
        explicit.remove(STEPS);
        boolean changed = !explicit.isEmpty();
        String title = hyperparameters.presetName() + (changed ? " (changed)" : "");
        Advice.print(output.err());
        if (logging) {
            if (bits != null) {
                throw new CommandFailure(Exit.USAGE, "--logging and --bits each measure something else; give one");
            }
            if (compareThreads != null || noGeneration) {
                throw new CommandFailure(
                        Exit.USAGE,
                        "--logging measures steps only; leave out "
                                + (noGeneration ? "--no-generation" : "--compare-threads"));
            }
            LoggingReport report = new LoggingReport(title, LoggingCost.measure(chosen, plan));
            output.out()
                    .print(
                            json
                                    ? report.json() + System.lineSeparator()
                                    : output.glyphs().text(report.text()));
            return Exit.OK;
        }
        if (bits != null) {
            return rounded(title, chosen);
        }
        try (Cluster cluster = engine.connect(note -> output.err().println("tinygpt: note: " + note), () -> false)) {
            if (cluster != null) {
                ClusterReport report = new ClusterReport(title, ClusterCost.measure(chosen, plan, cluster));
                output.out()
                        .print(
                                json
                                        ? report.json() + System.lineSeparator()
                                        : output.glyphs().text(report.text()));
                return Exit.OK;
            }
        }
        BenchmarkResult result = Benchmark.run(chosen, plan);
        BenchReport report = new BenchReport(title, result);
        if (json) {
            output.out().println(report.json());
        } else {
            report.print(output.out(), output.glyphs());
        }
        return Exit.OK;
    }

    private Integer rounded(String title, Hyperparameters chosen) {
        if (hyperparameters.typed(STEPS) || threads != null || compareThreads != null || noGeneration) {
            throw new CommandFailure(
                    Exit.USAGE,
                    "--bits measures generation only, with one thread; leave out --steps, --threads,"
                            + " --compare-threads and --no-generation");
        }
        RoundedGenerationReport report = new RoundedGenerationReport(
                title,
                RoundedGeneration.measure(chosen, Quantization.of(bits), seconds == null ? DEFAULT_SECONDS : seconds));
        output.out().print(json ? report.json() : output.glyphs().text(report.text()));
        return Exit.OK;
    }

    private BenchmarkPlan plan(int shards, int steps) {
        if (steps > 0 && seconds != null) {
            throw new CommandFailure(Exit.USAGE, "--steps and --seconds both say how long; give one of them");
        }
        int processors = Runtime.getRuntime().availableProcessors();
        Comparison comparison =
                compareThreads == null ? Comparison.IF_SMALL : compareThreads ? Comparison.ALWAYS : Comparison.NEVER;
        return new BenchmarkPlan(
                threads == null ? Math.min(processors, shards) : threads,
                steps,
                seconds == null ? DEFAULT_SECONDS : seconds,
                comparison,
                !noGeneration);
    }
}
