package tinygpt.training;

import tinygpt.hyperparameters.Optimization;

/**
 * The learning rate of each step: derived from the hyperparameters, not one itself.
 *
 * <p>Warm-up as nanoGPT's: rate (s + 1) / (warmup + 1) at step s counted from 0, so that the first step moves. Then from
 * the learning rate down to the minimum, which would be reached at step {@code steps}.
 */
public final class LearningRateSchedule {
    private LearningRateSchedule() {}

    /**
     * The rate of a step.
     *
     * @param step counted from 0
     */
    public static double at(Optimization o, long step) {
        if (step < o.warmupSteps()) {
            return o.learningRate() * (step + 1) / (o.warmupSteps() + 1.0);
        }
        double horizon = Math.max(1, o.steps() - o.warmupSteps());
        double progress = Math.min(1, (step - o.warmupSteps()) / horizon);
        double share = switch (o.schedule()) {
            case COSINE -> 0.5 * (1 + Math.cos(Math.PI * progress));
            case LINEAR -> 1 - progress;
            case CONSTANT -> 1;
        };
        return o.minLearningRate() + share * (o.learningRate() - o.minLearningRate());
    }
}
