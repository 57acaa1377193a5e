package tinygpt.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tinygpt.runs.RunFolders;
import tinygpt.runs.RunLock;
import tinygpt.runs.TrainingText;
import tinygpt.search.BaseModel;
import tinygpt.search.EdgeWarnings;
import tinygpt.search.Result;
import tinygpt.search.SearchFolder;
import tinygpt.search.SearchPage;
import tinygpt.search.SearchPlan;
import tinygpt.search.TrialCluster;
import tinygpt.search.TrialList;

/** Searches hyperparameters: trains many runs that differ in a few of them, and compares their validation loss. */
@Command(
        name = "search",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        abbreviateSynopsis = true,
        description = {
            "Searches hyperparameters: trains a run for each combination, or for random ones, and sorts them by their"
                    + " validation loss. Flags of train behind -- go to every trial.",
            "",
            "Trials are normal runs, in DIR/trials. DIR/trials.jsonl says what became of each, results.csv is the table,"
                    + " report.html shows the curves, and best.json is for train --config."
        },
        footer = {
            "",
            "Impossible combinations are listed before the start and left out. A trial that fails or diverges stays in the"
                    + " table. Ctrl-C prints the best so far; --resume goes on, also after a kill, and ends with the table"
                    + " of a search that was never stopped.",
            "",
            "With --engine spark (scripts/tinygpt-spark) executors train the trials, each one at a time, and one that is"
                    + " lost loses the steps since the last checkpoint. The folder of the search, and a model given with"
                    + " --from, have to be at the same path on every machine: a shared folder. The text is sent to them.",
            "",
            "Exit codes: 0 at least one trial is complete, 1 none is, 130 interrupted.",
            "",
            "Examples:",
            "  tinygpt search --set lr=1e-3,3e-3,1e-2 --set layers=2,4 -- --steps 500",
            "  tinygpt search --trials 24 --set lr=log:1e-4..3e-2 --set dropout=0..0.2 \\",
            "      --halving --parallel 2 --out runs/sweep -- --data my.txt",
            "  tinygpt search --set lora-rank=0,2,4 --set lr=1e-4,1e-3 -- --from runs/first --data my.txt",
            "  tinygpt search --resume runs/sweep",
            "  tinygpt train --config runs/sweep/best.json --steps 20000"
        })
final class SearchCommand implements Callable<Integer> {
    private static final int LISTED = 20;

    private final Output output;

    @Mixin
    private PlanOptions planned;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            description = "Where the search is saved; runs/<date>-search unless given.")
    private Path out;

    @Option(
            names = "--resume",
            arity = "0..1",
            fallbackValue = "",
            paramLabel = "DIR",
            description = "Go on with a search that was stopped or killed. Alone beside --out it may stand in the same"
                    + " command again.")
    private String resume;

    @Option(names = "--dry-run", description = "Print the trials and what they will cost, and train none.")
    private boolean dryRun;

    @Mixin
    private RunnerOptions running;

    @Parameters(
            arity = "0..*",
            paramLabel = "-- FLAGS OF TRAIN",
            description = "Behind --: --data, hyperparameters and what else train takes for a run, for every trial;"
                    + " with --from every trial begins with the weights of that model.")
    private List<String> trainFlags = List.of();

    private SearchCommand(Output output) {
        this.output = output;
    }

    static CommandLine create(Output output) {
        return new CommandLine(new SearchCommand(output));
    }

    /** A search that can be begun or gone on with. */
    private record Prepared(
            SearchFolder folder, SearchFolder.Definition definition, TrainingText text, boolean fresh) {}

    @Override
    public Integer call() throws IOException {
        running.check(resume != null);
        try (Interruption interruption = Interruption.listen(output.err())) {
            Prepared prepared = prepare();
            SearchPlan plan = prepared.definition().plan();
            if (prepared.fresh()) {
                planned.checkSize(size(plan));
            }
            TrialList trials = TrialList.of(plan);
            announce(plan, trials);
            if (dryRun) {
                interruption.nothingToSave();
                return running.estimate(plan, trials, prepared.text(), interruption, output);
            }
            Advice.print(output.err());
            try (TrialCluster cluster = running.connect(interruption, output.err())) {
                return search(prepared, trials, cluster, interruption);
            }
        }
    }

    private static long size(SearchPlan plan) {
        try {
            return TrialList.size(plan);
        } catch (ArithmeticException e) {
            return Long.MAX_VALUE;
        }
    }

    private int search(Prepared prepared, TrialList trials, TrialCluster cluster, Interruption interruption)
            throws IOException {
        SearchFolder folder = prepared.folder();
        if (prepared.fresh()) {
            folder.create(prepared.definition());
        }
        RunLock lock = RunLock.acquire(folder.path());
        try {
            return finish(
                    prepared,
                    trials,
                    running.train(
                            folder,
                            prepared.definition(),
                            prepared.text(),
                            trials,
                            cluster,
                            interruption,
                            output.err()),
                    interruption);
        } finally {
            lock.close();
        }
    }

    private int finish(Prepared prepared, TrialList trials, List<Result> results, Interruption interruption)
            throws IOException {
        SearchFolder folder = prepared.folder();
        SearchPlan plan = prepared.definition().plan();
        SearchPage.write(folder, plan, trials, results, "");
        print(folder, prepared.definition(), results);
        return RunnerOptions.verdict(
                results,
                interruption,
                output.err(),
                "search --resume " + CommandName.quoted(folder.path().toString()));
    }

    private void print(SearchFolder folder, SearchFolder.Definition definition, List<Result> results) {
        SearchPlan plan = definition.plan();
        PrintWriter stdout = output.out();
        stdout.print(SearchTable.results(plan, results));
        Result best = Result.best(results);
        stdout.println();
        if (best == null) {
            stdout.println("no trial has a validation loss");
        } else {
            stdout.println("best: trial " + best.trial().name() + ", validation loss " + Show.loss(best.loss()) + ", "
                    + best.trial().label());
            EdgeWarnings.of(plan, results).forEach(sentence -> stdout.println("warning: " + sentence));
            stdout.println(SearchTable.proof(folder, plan, results));
            stdout.println("train it: " + CommandName.get() + " train --config "
                    + CommandName.quoted(folder.best().toString()) + from(plan.from()) + " --data "
                    + CommandName.quoted(definition.data().toString()));
        }
        stdout.println("page: " + folder.report());
        stdout.flush();
    }

    private static String from(BaseModel model) {
        return model == null
                ? ""
                : " --from " + CommandName.quoted(model.path().toString())
                        + (model.extended() ? " --vocabulary extend" : "");
    }

    private Prepared prepare() throws IOException {
        if (resume == null) {
            return prepareNew();
        }
        if (resume.isEmpty() == (out == null)) {
            throw new CommandFailure(Exit.USAGE, "--resume takes the folder of a search, by itself or as --out");
        }
        SearchFolder folder = new SearchFolder(resume.isEmpty() ? out : Path.of(resume));
        if (resume.isEmpty() && !folder.exists()) {
            resume = null; // the same command for the first time
            return prepare();
        }
        SearchFolder.Definition definition = folder.read();
        TrainingText text = TrialOptions.textOf(definition);
        if (planned.given() || !trainFlags.isEmpty()) {
            TrialOptions options = TrialOptions.parse(trainFlags);
            SearchPlan again = plan(options, options.again(text, output));
            if (!again.sameAs(definition.plan())) {
                throw new CommandFailure(
                        Exit.USAGE,
                        folder.path() + " holds a search for something else; --resume needs no other options, and keeps"
                                + " what was asked for then");
            }
        }
        return new Prepared(folder, definition, text, false);
    }

    private Prepared prepareNew() throws IOException {
        TrialOptions options = TrialOptions.parse(trainFlags);
        TrialBeginning beginning = options.begin(output);
        SearchFolder.Definition definition = new SearchFolder.Definition(
                plan(options, beginning),
                beginning.data(),
                beginning.text().sha256(),
                options.settings(beginning.base()).toJson());
        return new Prepared(
                new SearchFolder(out == null ? RunFolders.fresh("search", LocalDateTime.now()) : out),
                definition,
                beginning.text(),
                true);
    }

    private SearchPlan plan(TrialOptions options, TrialBeginning beginning) {
        SearchPlan plan = planned.plan(beginning.base()).from(beginning.from());
        options.check(plan.space(), beginning);
        return plan;
    }

    private void announce(SearchPlan plan, TrialList trials) {
        PrintWriter err = output.err();
        List<TrialList.Skipped> skipped = trials.skipped();
        if (!skipped.isEmpty()) {
            err.println(Show.counted(skipped.size(), "combination") + " of " + Show.count(size(plan)) + " left out:");
            skipped.stream()
                    .limit(LISTED)
                    .forEach(one -> err.println("  " + one.index() + "  " + one.label() + ": " + one.reason()));
            if (skipped.size() > LISTED) {
                err.println("  and " + Show.count(skipped.size() - LISTED) + " more");
            }
        }
        long differing = trials.trials().stream()
                .mapToLong(trial -> trial.steps() * trial.tokensPerStep())
                .distinct()
                .count();
        if (differing > 1 && !plan.equalTokens()) {
            err.println(
                    "tinygpt: note: the trials do not train on the same number of tokens, so those with more have an"
                            + " advantage; --equal tokens gives all the same");
        }
        boolean atUnlikeSteps = trials.trials().stream()
                        .map(trial -> plan.stepsBeyondFirstRung(trial))
                        .distinct()
                        .count()
                > 1;
        if (plan.halving() != null && atUnlikeSteps) {
            err.println(
                    "tinygpt: note: trials that train in rounds reach a rung of --halving with the end of a round, so"
                            + " at the first one those with longer rounds have seen more text; with min-steps a multiple of"
                            + " all --local-steps they have not");
        }
        err.flush();
    }
}
