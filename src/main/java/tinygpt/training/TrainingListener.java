package tinygpt.training;

/**
 * Looks on while a model is trained: progress, metrics, checkpoints. Called on the training thread between steps, in the
 * order of registration; what it does there is time that training waits.
 */
public interface TrainingListener {
    /**
     * One step is done.
     *
     * @param step how many steps are done, counted from 1
     * @param loss mean cross-entropy of the step's batch before the step, in nats per token; like what follows the mean
     *     over replicas, if there are any
     * @param learningRate used in this step
     * @param gradientNorm 2-norm of the whole gradient before clipping
     * @param clipped whether the gradient was scaled down
     * @param skipped whether the step was a spike and left everything as it was, see {@link SpikeReport}
     * @param updateRatio |change|_2 / |weights|_2, the real change of the step
     * @param nanoseconds that the step took
     * @param tokensSeen tokens trained on so far
     */
    record StepReport(
            long step,
            double loss,
            double learningRate,
            double gradientNorm,
            boolean clipped,
            boolean skipped,
            double updateRatio,
            long nanoseconds,
            long tokensSeen) {}

    /**
     * The validation split was evaluated.
     *
     * @param step how many steps were done
     * @param result the loss
     * @param best whether no earlier evaluation of this run was better
     * @param tokensSeen tokens trained on so far
     */
    record EvaluationReport(long step, Evaluation.Result result, boolean best, long tokensSeen) {}

    /**
     * A step was not taken, because its loss or gradient norm was far above those before; the {@link StepReport} that
     * follows says that nothing changed.
     *
     * @param step counted from 1
     * @param loss of the step's batch
     * @param lossLimit what it would have had to stay below
     * @param gradientNorm 2-norm of the whole gradient before clipping
     * @param normLimit what that would have had to stay below
     */
    record SpikeReport(long step, double loss, double lossLimit, double gradientNorm, double normLimit) {}

    /** Before {@link #onStep} of a step that was skipped. */
    default void onSpike(SpikeReport report) {}

    /**
     * After every step. Of a round of replicas all steps are told when it has ended, and the trainer is where that led:
     * what looks at the weights waits for the report of {@link Trainer#stepsDone()}.
     */
    default void onStep(StepReport report) {}

    /**
     * Instead of {@link #onStep}, when a step could not be taken because its loss or gradient is not finite: training ends,
     * and the weights are what they were.
     *
     * @param report of the step that failed; its update ratio is 0
     */
    default void onFailure(StepReport report) {}

    /**
     * Instead of {@link #onEvaluation}, when the loss of the validation split is not finite: training ends, and the weights
     * are those that were evaluated.
     *
     * @param report of the evaluation that failed; never the best
     */
    default void onFailure(EvaluationReport report) {}

    /** After every evaluation of the validation split. */
    default void onEvaluation(EvaluationReport report) {}
}
