package tinygpt.training;

import java.util.List;
import java.util.function.LongUnaryOperator;

/** How the weights get from one state that can be saved to the next: by a step, or by a round of replicas. */
interface Synchronizer extends AutoCloseable {
    /**
     * What was done.
     *
     * @param reports one a step, in order
     * @param spike why the step was skipped, or null
     */
    record Advance(List<TrainingListener.StepReport> reports, TrainingListener.SpikeReport spike) {}

    /**
     * Moves the weights on.
     *
     * @param step steps done before
     * @param tokensAt tokens seen after so many steps
     * @throws TrainingFailedException with the report of the step that failed; the weights are what they were
     */
    Advance advance(long step, LongUnaryOperator tokensAt);

    /** What the last move did to each parameter. */
    Movement movement();

    /** What is remembered beside the weights. */
    OptimizerState state();

    @Override
    void close();
}
