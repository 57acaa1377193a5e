package tinygpt.hyperparameters;

import static tinygpt.hyperparameters.InvalidHyperparameterException.require;

/**
 * How the parameters are moved: AdamW (Loshchilov and Hutter, 2019) with a learning rate schedule and a clipped gradient.
 *
 * @param steps number of training steps, which is also the horizon of the schedule
 * @param learningRate the highest learning rate
 * @param minLearningRate the learning rate at the last step
 * @param schedule how the rate gets from the one to the other
 * @param warmupSteps steps during which the rate rises linearly from near 0; fewer than the steps
 * @param beta1 decay of the running mean of gradients
 * @param beta2 decay of the running mean of squared gradients
 * @param epsilon added to the root of the second moment
 * @param weightDecay decoupled decay of matrices and embeddings, times the learning rate, per step
 * @param gradientClip largest 2-norm of the whole gradient; 0 turns clipping off
 * @param skipSpikes standard deviations above the recent mean from which on a step's loss or gradient norm is a spike, and
 *     the step is not taken; 0 takes every step
 */
public record Optimization(
        @Describe("training steps, and the horizon of the schedule")
        int steps,

        @Describe("highest learning rate") double learningRate,
        @Describe("learning rate at the last step") double minLearningRate,

        @Describe("how the learning rate falls after the warm-up")
        ScheduleKind schedule,

        @Describe("steps of linear warm-up (at most a tenth of fewer --steps unless given)")
        int warmupSteps,

        @Describe("AdamW: decay of the mean gradient") double beta1,

        @Describe("AdamW: decay of the mean squared gradient")
        double beta2,

        @Describe("AdamW: added to the root of the second moment")
        double epsilon,

        @Describe("AdamW: decoupled decay of matrices and embeddings")
        double weightDecay,

        @Describe("largest 2-norm of the gradient, 0 = no clipping")
        double gradientClip,

        @Describe(
                "skip steps whose loss or gradient norm is this many sd above the recent mean (6 is usual), 0 = never")
        double skipSpikes) {

    /** One part in so many of the steps is a usual warm-up. */
    static final int USUAL_WARMUP = 10;

    public Optimization {
        require(steps >= 0, "steps is %d; it cannot be negative", steps);
        require(
                learningRate > 0 && learningRate < 100,
                "learning_rate is %s; it must lie between 0 and 100 (1e-3 is a usual value)",
                learningRate);
        require(
                minLearningRate >= 0 && minLearningRate <= learningRate,
                "min_learning_rate %s must lie between 0 and learning_rate %s; lower it with --min-learning-rate",
                minLearningRate,
                learningRate);
        require(warmupSteps >= 0, "warmup_steps is %d; it cannot be negative", warmupSteps);
        require(
                warmupSteps < steps || warmupSteps == 0 || steps == 0,
                "warmup_steps %d leaves none of %d steps at the full learning rate; lower it with --warmup-steps %d",
                warmupSteps,
                steps,
                steps / USUAL_WARMUP);
        require(beta1 >= 0 && beta1 < 1, "beta1 is %s; it must lie in [0, 1) (0.9 is usual)", beta1);
        require(beta2 >= 0 && beta2 < 1, "beta2 is %s; it must lie in [0, 1) (0.99 or 0.999 is usual)", beta2);
        require(epsilon > 0 && epsilon < 1, "epsilon is %s; it must lie between 0 and 1 (1e-8 is usual)", epsilon);
        require(
                weightDecay >= 0 && weightDecay < 100,
                "weight_decay is %s; it must be at least 0 and below 100 (0.1 is usual)",
                weightDecay);
        require(
                gradientClip >= 0 && gradientClip < Double.POSITIVE_INFINITY,
                "gradient_clip is %s; it must be a 2-norm (1 is usual), or 0 for no clipping",
                gradientClip);
        require(
                skipSpikes >= 0 && skipSpikes < Double.POSITIVE_INFINITY,
                "skip_spikes is %s; it is a number of standard deviations (6 is usual), or 0 to take every step",
                skipSpikes);
    }
}
