package tinygpt.hyperparameters;

import static tinygpt.hyperparameters.InvalidHyperparameterException.require;

/**
 * When those who train one model agree on its weights: at every step, or after rounds of local steps.
 *
 * <p>DiLoCo (Douillard and others, "DiLoCo: Distributed low-communication training of language models", 2023): each of K
 * replicas takes H steps of AdamW from the same weights on batches of its own; the mean of their changes is the gradient of
 * an outer step with Nesterov's momentum, and the next round begins with what that gives. Each replica keeps its moments.
 * The result is another one than that of a step after each batch. Without rounds the other values are the ones of {@link
 * #EVERY_STEP}, which a config leaves out.
 *
 * @param sync when they agree
 * @param replicas K, of which each takes a batch in each step
 * @param localSteps H, steps of a round
 * @param outerLearningRate learning rate of the outer step
 * @param outerMomentum momentum of the outer step
 */
public record Synchronization(
        @Describe("when replicas agree: at every step, or after rounds of local steps (DiLoCo), which needs less of a"
                + " network and gives another result")
        SynchronizationKind sync,

        @Describe("DiLoCo: replicas, each with a batch of its own in every step (4 unless given)")
        int replicas,

        @Describe("DiLoCo: steps that a replica takes alone, a round (50 unless given)")
        int localSteps,

        @Describe("DiLoCo: learning rate of the step that follows a round")
        double outerLearningRate,

        @Describe("DiLoCo: Nesterov momentum of that step") double outerMomentum) {

    /** Agreement at every step: what is so unless something else is said. */
    public static final Synchronization EVERY_STEP = new Synchronization(SynchronizationKind.STEP, 1, 1, 0.7, 0.9);

    /** What rounds are unless something else is said. */
    static final Synchronization ROUNDS = new Synchronization(SynchronizationKind.DILOCO, 4, 50, 0.7, 0.9);

    private static final int MOST_REPLICAS = 1000;

    public Synchronization {
        if (sync == SynchronizationKind.STEP) {
            belongs("replicas", replicas, 1);
            belongs("local_steps", localSteps, 1);
            belongs("outer_learning_rate", outerLearningRate, 0.7);
            belongs("outer_momentum", outerMomentum, 0.9);
        }
        require(
                replicas >= 1 && replicas <= MOST_REPLICAS,
                "replicas is %d; it must lie between 1 and %,d (2 to 8 are usual)",
                replicas,
                MOST_REPLICAS);
        require(localSteps >= 1, "local_steps is %d; it must be at least 1 (50 to 500 are usual)", localSteps);
        require(
                outerLearningRate > 0 && outerLearningRate < 100,
                "outer_learning_rate is %s; it must lie between 0 and 100 (0.7 is usual)",
                outerLearningRate);
        require(
                outerMomentum >= 0 && outerMomentum < 1,
                "outer_momentum is %s; it must lie in [0, 1) (0.9 is usual)",
                outerMomentum);
    }

    private static void belongs(String name, double value, double only) {
        require(
                value == only,
                "%s %s belongs to rounds of local steps; add --sync diloco, or leave --%s out",
                name,
                value == Math.rint(value) ? String.valueOf((long) value) : String.valueOf(value),
                name.replace('_', '-'));
    }

    /** Whether replicas train alone between two agreements. */
    public boolean inRounds() {
        return switch (sync) {
            case STEP -> false;
            case DILOCO -> true;
        };
    }

    /** The step after which a round that is under way at a step ends: a multiple of H. */
    public long roundEnd(long step) {
        return (step / localSteps + 1) * localSteps;
    }

    /**
     * Whether something that is due every so many steps is due where a round ends: at the first end of a round at or after
     * each multiple. Without rounds that is the multiple itself.
     *
     * @param step with which a round ends, or 0
     * @param every steps, at least 1
     */
    public boolean due(long step, long every) {
        long begun = (step - 1) / localSteps * localSteps;
        return step == 0 || step / every > begun / every;
    }
}
