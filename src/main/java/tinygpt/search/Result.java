package tinygpt.search;

import java.util.Comparator;
import java.util.List;

/**
 * A line of the table of a search.
 *
 * @param trial which
 * @param state what became of it
 * @param rungs how many rungs it has reached
 * @param outcome its last, or null if it has none
 * @param parameters how many it has
 */
public record Result(Trial trial, TrialState state, int rungs, TrialOutcome outcome, long parameters) {
    /** The complete ones first, then by how far they came; of those that came as far, the lowest loss first. */
    private static final Comparator<Result> BEST_FIRST = Comparator.comparing(Result::state)
            .thenComparing(Comparator.comparingInt(Result::rungs).reversed())
            .thenComparingDouble(result -> Double.isNaN(result.loss()) ? Double.POSITIVE_INFINITY : result.loss())
            .thenComparingInt(result -> result.trial().index());

    static List<Result> ranked(List<Standing> standings) {
        return standings.stream()
                .map(s -> new Result(s.trial(), s.state(), s.rungsReached(), s.last(), s.parameters()))
                .sorted(BEST_FIRST)
                .toList();
    }

    /** Validation loss at its last evaluation, nats per token; NaN if there was none. */
    public double loss() {
        return outcome == null ? Double.NaN : outcome.loss();
    }

    public double perplexity() {
        return Math.exp(loss());
    }

    public long step() {
        return outcome == null ? 0 : outcome.step();
    }

    public long tokens() {
        return outcome == null ? 0 : outcome.tokens();
    }

    public double seconds() {
        return outcome == null ? 0 : outcome.seconds();
    }

    /** Tokens a second of its steps; NaN before the first. */
    public double tokensPerSecond() {
        return seconds() > 0 ? tokens() / seconds() : Double.NaN;
    }

    public int attempts() {
        return outcome == null ? 0 : outcome.attempts();
    }

    public String message() {
        return outcome == null ? "" : outcome.message();
    }

    /** Whether it has a loss and can still be the best. */
    public boolean isCandidate() {
        return !state.isLost() && Double.isFinite(loss());
    }

    /** The best of some results, or null if none has a loss. */
    public static Result best(List<Result> ranked) {
        return ranked.stream().filter(Result::isCandidate).findFirst().orElse(null);
    }
}
