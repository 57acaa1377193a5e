package tinygpt.search;

import java.util.function.BooleanSupplier;

/**
 * Trains a trial: on this machine, or wherever an implementation has it done. A trial keeps its state in its run folder, so
 * that any later call goes on from there, and calling it again for a step that was reached trains nothing.
 *
 * <p>Several threads call it at once, each for another trial. Whatever goes wrong with a trial is an outcome, not an exception.
 */
public interface TrialRunner {
    /**
     * Trains a trial up to a step and evaluates it there.
     *
     * @param step at most the trial's last; the learning rate keeps to the schedule of all its steps
     * @param stop asked between steps; true saves the run and ends the training there
     */
    TrialOutcome run(Trial trial, int step, BooleanSupplier stop);
}
