package tinygpt.cli;

import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Option;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.search.AxisValues;
import tinygpt.search.SearchPlan;
import tinygpt.search.SearchPlan.Halving;
import tinygpt.search.SearchPlan.Method;
import tinygpt.search.SearchSpace;

/** The options that decide which trials a search has. */
final class PlanOptions {
    private static final int USUAL_TRIALS = 20;
    private static final int MANY = 100;
    private static final int USUAL_ETA = 3;

    /** What all trials have the same number of. */
    enum Equal {
        steps,
        tokens
    }

    /** The methods as they are written. */
    enum MethodName {
        grid,
        random,
        zip
    }

    @Option(
            names = "--set",
            paramLabel = "NAME=VALUES",
            description = {
                "What is searched; may be repeated. NAME is a flag of train without its dashes (lr, batch, context and"
                        + " dropout are known too), VALUES one of",
                "  1e-3,3e-3,1e-2   a list",
                "  0..0.2           numbers between two others",
                "  log:1e-4..1e-2   the same, each factor as likely"
            })
    private List<String> sets = List.of();

    @Option(
            names = "--method",
            paramLabel = "grid|random|zip",
            description = "Every combination, or --trials random ones, or the lists side by side (width=32,64 and"
                    + " heads=2,4 are then two trials); unless given, a grid if there are only lists.")
    private MethodName method;

    @Option(names = "--trials", paramLabel = "N", description = "How many random trials; 20 unless given.")
    private Integer trials;

    @Option(
            names = "--seed",
            paramLabel = "N",
            description =
                    "Trial i is a function of this seed and i; 1 unless given. The training seed is another, behind"
                            + " --.")
    private Long seed;

    @Option(
            names = "--halving",
            arity = "0..1",
            fallbackValue = "",
            paramLabel = "eta=N,min-steps=N",
            description = "Successive halving: at each rung only the best one in eta go on, from their own checkpoints."
                    + " The first rung is after min-steps, each next one eta times as far. Unless given: eta 3, a ninth"
                    + " of the steps.")
    private String halving;

    @Option(
            names = "--async",
            description =
                    "Halving without waiting for the others of a rung (ASHA): keeps --parallel busy, but which trials"
                            + " go on then depends on who is quicker.")
    private boolean async;

    @Option(
            names = "--equal",
            paramLabel = "steps|tokens",
            description = "What all trials get the same number of, when batch-size or context-length is searched; steps"
                    + " unless given.")
    private Equal equal;

    @Option(
            names = "--max-trials",
            paramLabel = "N",
            description = "The most trials there may be; 100 unless given, so that a grid does not surprise.")
    private Integer most;

    /** Whether any of these was said, so that a resumed search could have another plan. */
    boolean given() {
        return !sets.isEmpty()
                || method != null
                || trials != null
                || seed != null
                || halving != null
                || async
                || equal != null;
    }

    /**
     * The plan that was asked for.
     *
     * @throws CommandFailure or {@link IllegalArgumentException} if it is impossible or too large
     */
    SearchPlan plan(Hyperparameters base) {
        SearchSpace space = SearchSpace.parse(sets);
        boolean ranges = space.axes().stream().anyMatch(axis -> axis.values() instanceof AxisValues.Range);
        Method chosen = method == null
                ? ranges ? Method.RANDOM : Method.GRID
                : Method.valueOf(method.name().toUpperCase(Locale.ROOT));
        if (chosen != Method.RANDOM && trials != null) {
            throw new CommandFailure(
                    Exit.USAGE,
                    "--trials belongs to --method random; the others have as many trials as their lists say");
        }
        return new SearchPlan(
                base,
                space,
                chosen,
                chosen != Method.RANDOM ? 0 : trials == null ? USUAL_TRIALS : trials,
                seed == null ? 1 : seed,
                halving(base.optimization().steps()),
                equal == Equal.tokens);
    }

    /** Refuses more trials than anybody expects. */
    void checkSize(long size) {
        RunOptions.atLeast("--max-trials", most, 1, "a search has at least one trial");
        int limit = most == null ? MANY : most;
        if (size > limit) {
            throw new CommandFailure(
                    Exit.USAGE,
                    "these are " + Show.count(size) + " trials, and at most " + Show.count(limit)
                            + " are trained unasked; shorten the lists, use --method random --trials N, or allow it with"
                            + " --max-trials " + size);
        }
    }

    private Halving halving(int steps) {
        if (halving == null) {
            if (async) {
                throw new CommandFailure(Exit.USAGE, "--async is a way of halving; add --halving");
            }
            return null;
        }
        int eta = USUAL_ETA;
        Integer first = null;
        for (String part : halving.isEmpty() ? new String[0] : halving.split(",")) {
            String[] sides = part.trim().split("=", 2);
            boolean number = sides.length == 2 && sides[1].matches("[0-9]{1,9}");
            if (number && sides[0].equals("eta")) {
                eta = Integer.parseInt(sides[1]);
            } else if (number && sides[0].equals("min-steps")) {
                first = Integer.valueOf(sides[1]);
            } else {
                throw new CommandFailure(
                        Exit.USAGE,
                        "--halving takes eta=N and min-steps=N, as in eta=3,min-steps=200, not '" + part + "'");
            }
        }
        return new Halving(eta, first == null ? Halving.usualMinSteps(steps, eta) : first, async);
    }
}
