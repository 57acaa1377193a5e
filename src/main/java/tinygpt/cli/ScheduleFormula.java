package tinygpt.cli;

import tinygpt.hyperparameters.Optimization;

/** How the learning rate of a step follows from the hyperparameters, with their numbers put in. */
final class ScheduleFormula {
    private ScheduleFormula() {}

    /**
     * The formula.
     *
     * @param step counted from 1
     */
    static String of(Optimization o, long step) {
        long s = step - 1;
        if (s < o.warmupSteps()) {
            return o.learningRate() + " (" + s + " + 1) / (" + o.warmupSteps() + " + 1), warm-up";
        }
        long horizon = Math.max(1, o.steps() - o.warmupSteps());
        String p = "min(1, " + (s - o.warmupSteps()) + " / " + horizon + ")";
        String range = "(" + o.learningRate() + " - " + o.minLearningRate() + ")";
        return switch (o.schedule()) {
            case COSINE -> o.minLearningRate() + " + " + range + " (1 + cos(pi " + p + ")) / 2, cosine";
            case LINEAR -> o.minLearningRate() + " + " + range + " (1 - " + p + "), linear";
            case CONSTANT -> o.minLearningRate() + " + " + range + ", constant";
        };
    }
}
