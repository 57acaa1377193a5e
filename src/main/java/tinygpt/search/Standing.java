package tinygpt.search;

import java.util.ArrayList;
import java.util.List;
import tinygpt.parameters.ParameterRegistry;

/** What is known of one trial while a search goes on. Guarded by the search. */
final class Standing {
    private final Trial trial;
    private final int rungs;
    private final long parameters;
    private final List<TrialOutcome> reached = new ArrayList<>();
    private TrialOutcome lost;
    private TrialOutcome stopped; // how far it was when somebody stopped the search; null unless it has a loss there
    private boolean running;
    private boolean pruned;
    private boolean owed;
    private int failures;

    Standing(Trial trial, int rungs) {
        this.trial = trial;
        this.rungs = rungs;
        this.parameters = ParameterRegistry.of(trial.hyperparameters()).count();
    }

    Trial trial() {
        return trial;
    }

    /** How many parameters the trial's model has. */
    long parameters() {
        return parameters;
    }

    /** Takes an outcome at the next rung, which knows of all failures before it. */
    void take(TrialOutcome outcome) {
        running = false;
        stopped = outcome.kind() == TrialOutcome.Kind.STOPPED && Double.isFinite(outcome.loss()) ? outcome : null;
        switch (outcome.kind()) {
            case REACHED -> {
                reached.add(outcome);
                failures = outcome.attempts() - 1;
                owed = false;
            }
            case TIMEOUT, DIVERGED, FAILED -> {
                lost = outcome;
                failures = outcome.attempts();
                owed = false;
            }
            case STOPPED -> {}
        }
    }

    /** It is to be trained again to the rung that it failed to reach. */
    void retry() {
        lost = null;
        owed = true;
    }

    /** Whether it was lost on its way to the next rung, is tried again, and has not come there yet. */
    boolean isOwed() {
        return owed;
    }

    /** How often it was lost, or went on after a failure. */
    int failures() {
        return failures;
    }

    void start() {
        running = true;
    }

    void prune(boolean given) {
        pruned = given;
    }

    boolean isPruned() {
        return pruned;
    }

    boolean isRunning() {
        return running;
    }

    /** Rungs that it has reached. */
    int rungsReached() {
        return reached.size();
    }

    /** Whether it has reached a rung, or will never. */
    boolean isSettledAt(int rung) {
        return reached.size() > rung || lost != null;
    }

    /** Validation loss at a rung; not a number if it never came there. */
    double loss(int rung) {
        return reached.size() > rung ? reached.get(rung).loss() : Double.NaN;
    }

    /** Its last outcome, or null before the first. */
    TrialOutcome last() {
        if (stopped != null) {
            return stopped;
        }
        return lost != null ? lost : reached.isEmpty() ? null : reached.get(reached.size() - 1);
    }

    TrialState state() {
        if (lost != null) {
            return lost.state(false);
        }
        if (reached.size() == rungs) {
            return TrialState.COMPLETE;
        }
        return pruned ? TrialState.PRUNED : TrialState.UNFINISHED;
    }
}
