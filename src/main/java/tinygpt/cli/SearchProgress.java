package tinygpt.cli;

import java.io.PrintWriter;
import java.util.List;
import tinygpt.search.Result;
import tinygpt.search.ResultFiles;
import tinygpt.search.Search;
import tinygpt.search.SearchFolder;
import tinygpt.search.SearchPlan;
import tinygpt.search.Trial;
import tinygpt.search.TrialOutcome;
import tinygpt.search.TrialState;

/** Tells on stderr how a search goes, a line for each event, and keeps its table on disk up to date. */
final class SearchProgress implements Search.Listener {
    private final PrintWriter err;
    private final boolean quiet;
    private final SearchFolder folder;
    private final SearchPlan plan;

    SearchProgress(PrintWriter err, boolean quiet, SearchFolder folder, SearchPlan plan) {
        this.err = err;
        this.quiet = quiet;
        this.folder = folder;
        this.plan = plan;
    }

    @Override
    public void begins(Trial trial, int rung) {
        say("trial " + trial.name() + "  " + (rung == 0 ? "" : "goes on to step " + plan.step(trial, rung) + "  ")
                + trial.label());
    }

    @Override
    public void ended(Trial trial, int rung, TrialOutcome outcome, List<Result> results) {
        String what = switch (outcome.kind()) {
            case REACHED ->
                "step " + Show.count(outcome.step()) + " of " + Show.count(trial.steps()) + "  val loss "
                        + Show.loss(outcome.loss());
            case TIMEOUT -> "timeout at step " + Show.count(outcome.step());
            case DIVERGED -> "diverged: " + outcome.message();
            case FAILED -> "failed: " + outcome.message();
            case STOPPED -> "stopped at step " + Show.count(outcome.step());
        };
        Result best = Result.best(results);
        long open = results.stream()
                .filter(result -> result.state() == TrialState.UNFINISHED)
                .count();
        say("trial " + trial.name() + "  " + what
                + (best == null
                        ? ""
                        : "  (best so far " + Show.loss(best.loss()) + ", trial "
                                + best.trial().name() + "; " + open + " of " + results.size() + " unfinished)"));
        try {
            ResultFiles.write(folder, plan, results);
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(
                    folder.results() + " cannot be written: " + e.getMessage() + "; --resume goes on", e);
        }
    }

    @Override
    public void pruned(Trial trial) {
        say("trial " + trial.name() + "  pruned");
    }

    private void say(String line) {
        if (!quiet) {
            err.println(line.replaceAll("\\s*\\R\\s*", " "));
            err.flush();
        }
    }
}
