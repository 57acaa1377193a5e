package tinygpt.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.stream.Collectors;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tinygpt.runs.TrainingText;
import tinygpt.search.LocalTrialRunner;
import tinygpt.search.Result;
import tinygpt.search.ResultFiles;
import tinygpt.search.Search;
import tinygpt.search.SearchCost;
import tinygpt.search.SearchFolder;
import tinygpt.search.SearchPlan;
import tinygpt.search.SharedText;
import tinygpt.search.Trial;
import tinygpt.search.TrialCluster;
import tinygpt.search.TrialList;
import tinygpt.search.TrialRunner;
import tinygpt.search.TrialState;
import tinygpt.tensor.NotEnoughMemoryException;
import tinygpt.training.EngineFailedException;

/** The options of how trials are trained, which change nothing of what comes out but for the clock. */
final class RunnerOptions {
    @Option(
            names = "--parallel",
            paramLabel = "N",
            description =
                    "How many trials at a time, which share the threads; 1 unless given, and with --engine spark one for"
                            + " each executor. It changes no result, unless trials are given up by who is quicker.")
    private Integer parallel;

    @Mixin
    private ThreadsOption threads;

    @Mixin
    private EngineOptions engine;

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

    @Option(
            names = "--retry-failed",
            description = "With --resume: train the failed trials again, from their last checkpoints; with a --timeout"
                    + " that is longer than they took, those too whose time was up.")
    private boolean retryFailed;

    @Option(names = "--quiet", description = "Nothing on stderr while it goes well.")
    private boolean quiet;

    /** Refuses what cannot be meant. */
    void check(boolean resumed) {
        if (retryFailed && !resumed) {
            throw new CommandFailure(
                    Exit.USAGE, "--retry-failed belongs to --resume: a search that begins has no failed trials");
        }
        threads.check();
        engine.check();
        RunOptions.atLeast("--parallel", parallel, 1, "at least one trial is trained at a time");
        RunOptions.atLeast("--retries", retries, 0, "it is a number of times");
        seconds();
    }

    /** The cluster that trains the trials, or null for this machine. */
    TrialCluster connect(Interruption interruption, PrintWriter err) {
        return engine.connectTrials(
                note -> {
                    err.println("tinygpt: note: " + note);
                    err.flush();
                },
                interruption::requested);
    }

    private int parallel(TrialCluster cluster) {
        return parallel != null ? parallel : cluster == null ? 1 : cluster.width();
    }

    private int threadsOfATrial() {
        return Math.max(1, threads.workers() / parallel(null));
    }

    /**
     * Trains the trials of a search that are not done yet, and writes its table.
     *
     * @param cluster that trains them, or null for this machine
     */
    List<Result> train(
            SearchFolder folder,
            SearchFolder.Definition definition,
            TrainingText text,
            TrialList trials,
            TrialCluster cluster,
            Interruption interruption,
            PrintWriter err)
            throws IOException {
        SearchPlan plan = definition.plan();
        LocalTrialRunner.Limits limits = new LocalTrialRunner.Limits(seconds(), retries);
        TrialRunner runner = cluster == null
                ? LocalTrialRunner.of(folder, definition, text, threadsOfATrial(), limits)
                : cluster.runner(folder, SharedText.of(text, plan), threads.asked(), limits);
        Search search = Search.open(plan, trials, folder.path());
        if (retryFailed) {
            retry(search, err);
        }
        if (cluster != null && !quiet) {
            err.println("trials are trained by " + cluster.describe() + ", " + parallel(cluster) + " at a time");
        }
        SearchProgress progress = new SearchProgress(err, quiet, folder, plan);
        List<Result> results;
        try {
            results = search.run(runner, parallel(cluster), interruption::requested, progress);
        } catch (EngineFailedException e) {
            if (!interruption.requested()) { // else it ends as one that was asked to stop
                throw new CommandFailure(
                        Exit.FAILURE,
                        e.getMessage() + ". What was trained is kept; --resume goes on, here or on a cluster");
            }
            results = search.results();
        }
        ResultFiles.write(folder, plan, results);
        return results;
    }

    private void retry(Search search, PrintWriter err) throws IOException {
        List<Trial> again = search.retryFailed(timeout == null ? 0 : seconds());
        if (!quiet) {
            boolean late = search.results().stream().anyMatch(result -> result.state() == TrialState.TIMEOUT);
            err.println(
                    again.isEmpty()
                            ? "tinygpt: note: no trial has failed, so none is tried again"
                                    + (late ? "; those whose time was up need a longer --timeout" : "")
                            : "tried again: "
                                    + again.stream()
                                            .map(trial -> "trial " + trial.name())
                                            .collect(Collectors.joining(", ")));
        }
    }

    /** Prints what the trials will cost, by the rate at which the first of them trains. */
    int estimate(SearchPlan plan, TrialList trials, TrainingText text, Interruption interruption, Output output) {
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
        int atATime = parallel(null);
        output.out().print(SearchTable.costs(plan, SearchCost.of(plan, trials.trials(), rate, atATime), atATime));
        return Exit.OK;
    }

    /** The exit code, once the table is printed. */
    static int verdict(List<Result> results, Interruption interruption, PrintWriter err, String goesOn) {
        if (interruption.requested() && results.stream().anyMatch(result -> result.state() == TrialState.UNFINISHED)) {
            err.println("stopped; " + CommandName.get() + " " + goesOn + " goes on");
            return Exit.INTERRUPTED;
        }
        long failed = results.stream()
                .filter(result -> result.state() == TrialState.FAILED)
                .count();
        if (failed > 0) {
            err.println(Show.counted(failed, "trial") + " failed; " + CommandName.get() + " " + goesOn
                    + " --retry-failed tries again");
        }
        return results.stream().anyMatch(result -> result.state() == TrialState.COMPLETE) ? Exit.OK : Exit.FAILURE;
    }

    private double seconds() {
        return timeout == null ? Double.POSITIVE_INFINITY : Durations.seconds("--timeout", timeout);
    }
}
