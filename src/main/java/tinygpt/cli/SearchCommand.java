package tinygpt.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tinygpt.formats.BadFileException;
import tinygpt.formats.StrictJson;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.runs.RunFolders;
import tinygpt.runs.RunLock;
import tinygpt.runs.RunSettings;
import tinygpt.runs.TrainingText;
import tinygpt.search.EdgeWarnings;
import tinygpt.search.LocalTrialRunner;
import tinygpt.search.Result;
import tinygpt.search.ResultFiles;
import tinygpt.search.Search;
import tinygpt.search.SearchCost;
import tinygpt.search.SearchFolder;
import tinygpt.search.SearchPage;
import tinygpt.search.SearchPlan;
import tinygpt.search.Trial;
import tinygpt.search.TrialList;
import tinygpt.search.TrialProof;
import tinygpt.search.TrialState;
import tinygpt.tensor.NotEnoughMemoryException;

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
            "Exit codes: 0 at least one trial is complete, 1 none is, 130 interrupted.",
            "",
            "Examples:",
            "  tinygpt search --set lr=1e-3,3e-3,1e-2 --set layers=2,4 -- --steps 500",
            "  tinygpt search --trials 24 --set lr=log:1e-4..3e-2 --set dropout=0..0.2 \\",
            "      --halving --parallel 2 --out runs/sweep -- --data my.txt",
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

    @Option(
            names = "--parallel",
            paramLabel = "N",
            defaultValue = "1",
            description = "How many trials at a time, which share the threads; 1 unless given. It changes no result"
                    + " but for --async.")
    private int parallel;

    @Mixin
    private ThreadsOption threads;

    @Option(
            names = "--timeout",
            paramLabel = "TIME",
            description = "How long a trial may take in all, as 90s, 10m or 1.5h; without limit unless given.")
    private String timeout;

    @Option(
            names = "--retries",
            paramLabel = "N",
            defaultValue = "1",
            description = "How often a trial goes on after a failure to read or write; 1 unless given.")
    private int retries;

    @Option(names = "--quiet", description = "Nothing on stderr while it goes well.")
    private boolean quiet;

    @Parameters(
            arity = "0..*",
            paramLabel = "-- FLAGS OF TRAIN",
            description = "Behind --: --data, hyperparameters and what else train takes for a run, for every trial.")
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
        checkOptions();
        try (Interruption interruption = Interruption.listen(output.err())) {
            Prepared prepared = prepare();
            SearchPlan plan = prepared.definition().plan();
            planned.checkSize(size(plan));
            TrialList trials = TrialList.of(plan);
            announce(plan, trials);
            if (dryRun) {
                interruption.nothingToSave();
                return estimate(plan, trials, prepared.text(), interruption);
            }
            Advice.print(output.err());
            if (prepared.fresh()) {
                prepared.folder().create(prepared.definition());
            }
            RunLock lock = RunLock.acquire(prepared.folder().path());
            try {
                return search(prepared, trials, interruption);
            } finally {
                lock.close();
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

    private Integer search(Prepared prepared, TrialList trials, Interruption interruption) throws IOException {
        SearchFolder folder = prepared.folder();
        SearchPlan plan = prepared.definition().plan();
        RunSettings settings = RunSettings.fromJson(
                StrictJson.map(
                        folder.path(), "its settings", prepared.definition().settings()),
                RunSettings.forSteps(plan.base().optimization().steps()));
        LocalTrialRunner runner = new LocalTrialRunner(
                folder.path(),
                prepared.text(),
                settings,
                plan.base().optimization().steps(),
                threadsOfATrial(),
                new LocalTrialRunner.Limits(
                        timeout == null ? Double.POSITIVE_INFINITY : Durations.seconds("--timeout", timeout), retries));
        Search search = Search.open(plan, trials, folder.path());
        List<Result> results = search.run(
                runner, parallel, interruption::requested, new SearchProgress(output.err(), quiet, folder, plan));
        ResultFiles.write(folder, plan, results);
        SearchPage.write(folder, plan, trials, results);
        print(folder, plan, results);
        if (interruption.requested() && results.stream().anyMatch(result -> result.state() == TrialState.UNFINISHED)) {
            output.err().println("stopped; " + CommandName.get() + " search --resume " + folder.path() + " goes on");
            return Exit.INTERRUPTED;
        }
        return results.stream().anyMatch(result -> result.state() == TrialState.COMPLETE) ? Exit.OK : Exit.FAILURE;
    }

    private void print(SearchFolder folder, SearchPlan plan, List<Result> results) {
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
            stdout.println(proof(folder, plan, results));
            stdout.println("train it: " + CommandName.get() + " train --config " + folder.best());
        }
        stdout.println("page: " + folder.report());
        stdout.flush();
    }

    /** What the runs prove of their hyperparameters, in a line; each that does not hold in a line of its own. */
    private static String proof(SearchFolder folder, SearchPlan plan, List<Result> results) {
        StringBuilder broken = new StringBuilder();
        int checked = 0;
        for (Result result : results) {
            Trial trial = result.trial();
            if (trial.folder(folder.path()).checkpoints().isEmpty()) {
                continue;
            }
            checked++;
            for (String problem : TrialProof.of(plan, trial, folder.path()).problems()) {
                broken.append("\nwarning: trial ")
                        .append(trial.name())
                        .append(": ")
                        .append(problem);
            }
        }
        return broken.isEmpty()
                ? "hyperparameters: each of " + Show.counted(checked, "run")
                        + " differs from the base in what was searched only, and kept its own to the last step (ledgers"
                        + " checked)"
                : broken.substring(1);
    }

    private Prepared prepare() throws IOException {
        if (resume == null) {
            TrialOptions options = TrialOptions.parse(trainFlags);
            Path file = options.data();
            TrainingText text = options.text(file, output);
            Hyperparameters base = options.base(text);
            SearchFolder.Definition definition = new SearchFolder.Definition(
                    planned.plan(base),
                    file,
                    text.sha256(),
                    options.settings(base).toJson());
            return new Prepared(
                    new SearchFolder(out == null ? RunFolders.fresh("search", LocalDateTime.now()) : out),
                    definition,
                    text,
                    true);
        }
        if (resume.isEmpty() == (out == null)) {
            throw new CommandFailure(Exit.USAGE, "--resume takes the folder of a search, by itself or as --out");
        }
        SearchFolder folder = new SearchFolder(resume.isEmpty() ? out : Path.of(resume));
        if (resume.isEmpty() && !Files.exists(folder.path())) {
            resume = null; // the same command for the first time
            return prepare();
        }
        SearchFolder.Definition definition = folder.read();
        TrainingText text = text(definition);
        if (planned.given() || !trainFlags.isEmpty()) {
            TrialOptions options = TrialOptions.parse(trainFlags);
            SearchPlan again = planned.plan(options.base(text));
            if (!again.sameAs(definition.plan())) {
                throw new CommandFailure(
                        Exit.USAGE,
                        folder.path() + " holds a search for something else; --resume needs no other options, and keeps"
                                + " what was asked for then");
            }
        }
        return new Prepared(folder, definition, text, false);
    }

    /** The text that the search was begun with, if it is still that. */
    private TrainingText text(SearchFolder.Definition definition) throws IOException {
        Path file = DataFile.orDefault(definition.data());
        Hyperparameters base = definition.plan().base();
        TrainingText text = switch (base.data().tokenizer()) {
            case CHARACTER, BYTE ->
                TrainingText.read(file, base.data().tokenizer(), base.data().validationFraction());
            case BPE ->
                TrainingText.readBytePairs(
                        file, base.model().vocabularySize(), base.data().validationFraction(), (tokens, of) -> {});
        };
        if (!text.sha256().equals(definition.dataSha256())) {
            throw new BadFileException(
                    file,
                    "is not the text this search was begun with (its SHA-256 differs); its trials could not be compared");
        }
        return text;
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
        err.flush();
    }

    private Integer estimate(SearchPlan plan, TrialList trials, TrainingText text, Interruption interruption) {
        double rate = Double.NaN;
        try {
            rate = SearchCost.measure(
                    trials.trials().get(0).hyperparameters(),
                    text.corpus(),
                    threadsOfATrial(),
                    interruption::requested);
        } catch (NotEnoughMemoryException e) {
            output.err().println("tinygpt: note: " + e.getMessage());
        }
        if (interruption.requested()) {
            return Exit.INTERRUPTED;
        }
        output.out().print(SearchTable.costs(plan, SearchCost.of(plan, trials.trials(), rate, parallel), parallel));
        return Exit.OK;
    }

    private int threadsOfATrial() {
        return Math.max(1, threads.workers() / parallel);
    }

    private void checkOptions() {
        threads.check();
        RunOptions.atLeast("--parallel", parallel, 1, "at least one trial is trained at a time");
        RunOptions.atLeast("--retries", retries, 0, "it is a number of times");
        if (timeout != null) {
            Durations.seconds("--timeout", timeout);
        }
    }
}
