package tinygpt.cli;

import java.util.ArrayList;
import java.util.List;
import tinygpt.search.Axis;
import tinygpt.search.Result;
import tinygpt.search.SearchCost;
import tinygpt.search.SearchFolder;
import tinygpt.search.SearchPlan;
import tinygpt.search.Trial;
import tinygpt.search.TrialProof;

/** The tables of a search: what it will cost, and what came of it. */
final class SearchTable {
    private SearchTable() {}

    /** A line for each trial, the best first; what went wrong stands beneath. */
    static String results(SearchPlan plan, List<Result> ranked) {
        List<String> header = new ArrayList<>(
                List.of("rank", "trial", "state", "val loss", "ppl", "step", "tokens", "tok/s", "seconds", "tries"));
        header.add("parameters");
        plan.space().axes().forEach(axis -> header.add(axis.name()));
        TextTable table =
                new TextTable("rrlrrrrrrrr" + "r".repeat(plan.space().axes().size()), header);
        StringBuilder messages = new StringBuilder();
        int rank = 0;
        for (Result result : ranked) {
            boolean measured = Double.isFinite(result.loss());
            List<String> cells = new ArrayList<>(List.of(
                    Integer.toString(++rank),
                    result.trial().name(),
                    result.state().text(),
                    measured ? Show.loss(result.loss()) : Show.NONE,
                    measured ? Show.perplexity(result.perplexity()) : Show.NONE,
                    Show.count(result.step()),
                    Show.count(result.tokens()),
                    Double.isFinite(result.tokensPerSecond())
                            ? Show.count(Math.round(result.tokensPerSecond()))
                            : Show.NONE,
                    Show.decimals(result.seconds(), 1),
                    Integer.toString(result.attempts()),
                    Show.count(result.parameters())));
            result.trial().values().values().forEach(value -> cells.add(Axis.text(value)));
            table.add(cells);
            if (!result.message().isEmpty()) {
                messages.append("trial ")
                        .append(result.trial().name())
                        .append(' ')
                        .append(result.state().text())
                        .append(": ")
                        .append(result.message().replaceAll("\\s*\\R\\s*", " "))
                        .append('\n');
            }
        }
        return table.text("") + messages;
    }

    /** What the runs prove of their hyperparameters, in a line; each that does not hold in a line of its own. */
    static String proof(SearchFolder folder, SearchPlan plan, List<Result> results) {
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
                        + " differs from the base in what was searched (and what follows from it) only"
                        + (plan.from() == null
                                ? ""
                                : ", began with the weights of " + plan.from().path())
                        + ", and kept its own to the last step (ledgers checked)"
                : broken.substring(1);
    }

    /** What a search will cost, trial by trial and in all. */
    static String costs(SearchPlan plan, SearchCost cost, int parallel) {
        List<String> header = new ArrayList<>(List.of("trial"));
        plan.space().axes().forEach(axis -> header.add(axis.name()));
        header.addAll(List.of("steps", "tokens", "parameters", "time"));
        TextTable table = new TextTable("r".repeat(header.size()), header);
        for (SearchCost.OfTrial one : cost.trials()) {
            List<String> cells = new ArrayList<>(List.of(one.trial().name()));
            one.trial().values().values().forEach(value -> cells.add(Axis.text(value)));
            cells.addAll(List.of(
                    Show.count(one.trial().steps()),
                    Show.count(one.tokens()),
                    Show.count(one.parameters()),
                    Double.isFinite(one.seconds()) ? Show.duration(one.seconds()) : Show.NONE));
            table.add(cells);
        }
        return table.text("")
                + "\n" + Show.counted(cost.trials().size(), "trial") + ", "
                + Show.counted(cost.steps(), "step") + " and " + Show.count(cost.tokens()) + " tokens in all"
                + (plan.halving() == null ? "" : " with halving")
                + (Double.isFinite(cost.seconds())
                        ? ", about " + Show.duration(cost.seconds()) + " (" + parallel
                                + " at a time, by the quickest of a few steps; evaluations come on top)"
                        : "; the time is not known, because a step could not be measured")
                + "\n";
    }
}
