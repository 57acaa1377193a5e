package tinygpt.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.runs.RunFolders;
import tinygpt.runs.RunLock;
import tinygpt.runs.TrainingText;
import tinygpt.search.Result;
import tinygpt.search.ScaleChart;
import tinygpt.search.ScaleStudy;
import tinygpt.search.SearchFolder;
import tinygpt.search.SearchPage;
import tinygpt.search.SearchPlan;
import tinygpt.search.SizeFamily;
import tinygpt.search.TrialCluster;
import tinygpt.search.TrialList;

/** The effect of size on the loss: a family of models, trained alike, and a power law through their losses. */
@Command(
        name = "scale-study",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        abbreviateSynopsis = true,
        description = {
            "Shows how the loss falls with size: trains models of several widths or depths alike, fits a power law"
                    + " L = a N^-b (+ c) to their validation losses, and sets the published sizes of GPT-2 beside them.",
            "",
            "Each model is a normal run in DIR/trials; report.html has the chart. Flags of train behind -- go to all."
        },
        footer = {
            "",
            "N counts the parameters of the layers, without embeddings, as the papers on scaling laws do. A law of small"
                    + " models on little text says nothing of large ones; c is fitted from five sizes on.",
            "",
            "Exit codes: 0 all sizes are there, 1 one or more failed, 130 interrupted.",
            "",
            "Examples:",
            "  tinygpt scale-study -- --preset nano --steps 300",
            "  tinygpt scale-study --sizes 1x32,2x48,3x64,4x96,6x128 --equal flops -- --steps 500",
            "  tinygpt scale-study --resume runs/sizes"
        })
final class ScaleStudyCommand implements Callable<Integer> {
    /** What all sizes get the same of. */
    enum Equal {
        tokens,
        flops
    }

    private final Output output;

    @Option(
            names = "--sizes",
            paramLabel = "[LAYERSx]WIDTH[xHEADS],...",
            description = "The models; unless given, five widths from half of train's to twice. Unless said, layers are"
                    + " train's and heads as wide as its.")
    private String sizes;

    @Option(
            names = "--equal",
            paramLabel = "tokens|flops",
            description = "What each size gets the same of: training text, or floating point operations, which gives"
                    + " smaller models more steps; tokens unless given.")
    private Equal equal;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            description = "Where the study is saved; runs/<date>-scale unless given.")
    private Path out;

    @Option(names = "--resume", paramLabel = "DIR", description = "Go on with a study that was stopped or killed.")
    private Path resume;

    @Option(names = "--dry-run", description = "Print the sizes and what they will cost, and train none.")
    private boolean dryRun;

    @Mixin
    private RunnerOptions running;

    @Parameters(
            arity = "0..*",
            paramLabel = "-- FLAGS OF TRAIN",
            description = "Behind --: --data, hyperparameters and what else train takes for a run, for every size.")
    private List<String> trainFlags = List.of();

    private ScaleStudyCommand(Output output) {
        this.output = output;
    }

    static CommandLine create(Output output) {
        return new CommandLine(new ScaleStudyCommand(output));
    }

    @Override
    public Integer call() throws IOException {
        running.check(resume != null);
        try (Interruption interruption = Interruption.listen(output.err())) {
            SearchFolder folder = new SearchFolder(
                    resume != null ? resume : out != null ? out : RunFolders.fresh("scale", LocalDateTime.now()));
            SearchFolder.Definition definition;
            TrainingText text;
            if (resume == null) {
                TrialOptions options = TrialOptions.parse(trainFlags);
                if (options.isFineTuning()) {
                    throw new CommandFailure(
                            Exit.USAGE,
                            "a study compares models of several sizes, which cannot all begin with the weights of one;"
                                    + " leave --from out");
                }
                TrialBeginning beginning = options.begin(output);
                text = beginning.text();
                definition = new SearchFolder.Definition(
                        plan(beginning.base()),
                        beginning.data(),
                        text.sha256(),
                        options.settings(beginning.base()).toJson());
            } else {
                refuseChanges();
                definition = folder.read();
                text = TrialOptions.textOf(definition);
            }
            TrialList trials = TrialList.of(definition.plan());
            trials.skipped().forEach(one -> output.err().println("left out: " + one.label() + ": " + one.reason()));
            if (dryRun) {
                interruption.nothingToSave();
                return running.estimate(definition.plan(), trials, text, interruption, output);
            }
            Advice.print(output.err());
            try (TrialCluster cluster = running.connect(interruption, output.err())) {
                if (resume == null) {
                    folder.create(definition);
                }
                RunLock lock = RunLock.acquire(folder.path());
                try {
                    return study(folder, definition, text, trials, cluster, interruption);
                } finally {
                    lock.close();
                }
            }
        }
    }

    private SearchPlan plan(Hyperparameters base) {
        SizeFamily family = sizes == null ? SizeFamily.around(base) : SizeFamily.parse(sizes, base);
        return family.plan(base, equal == Equal.flops);
    }

    private void refuseChanges() {
        if (sizes != null || equal != null || out != null || !trainFlags.isEmpty()) {
            throw new CommandFailure(
                    Exit.USAGE,
                    "a resumed study keeps its sizes, its text and its folder; leave the other options out");
        }
    }

    private int study(
            SearchFolder folder,
            SearchFolder.Definition definition,
            TrainingText text,
            TrialList trials,
            TrialCluster cluster,
            Interruption interruption)
            throws IOException {
        SearchPlan plan = definition.plan();
        List<Result> results = running.train(folder, definition, text, trials, cluster, interruption, output.err());
        ScaleStudy study = ScaleStudy.of(results);
        SearchPage.write(folder, plan, trials, results, study.points().isEmpty() ? "" : ScaleChart.panel(study));
        output.out().print(SearchTable.results(plan, results));
        output.out().println();
        output.out().print(ScaleReport.of(study, output.glyphs()));
        output.out().println(SearchTable.proof(folder, plan, results));
        output.out().println("page: " + folder.report());
        output.out().flush();
        int code = RunnerOptions.verdict(
                results,
                interruption,
                output.err(),
                "scale-study --resume " + CommandName.quoted(folder.path().toString()));
        return code == Exit.OK && study.points().size() < results.size() ? Exit.FAILURE : code;
    }
}
