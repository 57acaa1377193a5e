package tinygpt.hyperparameters;

import java.util.Locale;

/**
 * How a model that comes without hyperparameters of training, such as a published GPT-2, is trained further unless something
 * else is asked for.
 *
 * <p>The learning rate, 1e-4, is the one that is usual for fine-tuning GPT-2 (gpt-2-simple's); a step reads about 2,048 tokens
 * in 2 to 16 windows.
 */
public final class FineTuningPlan {
    private static final int TOKENS_A_STEP = 2048;
    private static final int FEWEST_WINDOWS = 2;
    private static final int MOST_WINDOWS = 16;
    private static final int SHARDS = 2;
    private static final double VALIDATION_FRACTION = 0.1;

    private FineTuningPlan() {}

    /** The hyperparameters for a model of that shape, which stays as it is. */
    public static Hyperparameters of(ModelShape model, String tokenizerKind) {
        int windows = Math.min(MOST_WINDOWS, Math.max(FEWEST_WINDOWS, TOKENS_A_STEP / model.contextLength()));
        return new Hyperparameters(
                model,
                new Optimization(200, 1e-4, 1e-5, ScheduleKind.COSINE, 10, 0.9, 0.99, 1e-8, 0.1, 1.0, 0),
                new DataPlan(
                        TokenizerKind.valueOf(tokenizerKind.toUpperCase(Locale.ROOT)),
                        VALIDATION_FRACTION,
                        windows - windows % SHARDS,
                        SHARDS,
                        BatchOrder.SHUFFLED),
                Adaptation.NONE,
                Synchronization.EVERY_STEP,
                1337);
    }
}
