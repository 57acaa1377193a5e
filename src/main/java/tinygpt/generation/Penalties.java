package tinygpt.generation;

/**
 * What makes tokens that came before less likely to come again, or more likely. Each changes the logits of the tokens that
 * came, before every other rule:
 *
 * <pre>
 * repetition r:  logit / r if the logit is positive, logit * r if not      once for each token of prompt and text
 * frequency f:   logit - f n         n: how often the token was generated, the prompt not counted
 * presence p:    logit - p           once for each token that was generated
 * </pre>
 *
 * <p>Sources: Keskar et al., "CTRL: a conditional transformer language model" (2019), section 4.1, for repetition, counted
 * as in transformers; the reference of OpenAI's API for the other two.
 *
 * @param repetition above 1 against repetition, below 1 for it; 1 for none
 * @param frequency above 0 against repetition, below 0 for it; 0 for none
 * @param presence the same
 */
public record Penalties(double repetition, double frequency, double presence) {
    /** No penalties. */
    public static final Penalties NONE = new Penalties(1, 0, 0);

    public Penalties {
        if (!(repetition > 0 && repetition < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("the repetition penalty is " + repetition
                    + "; it must be a number above 0 (1 is none, 1.2 is usual against repetition)");
        }
        checkFinite("frequency", frequency);
        checkFinite("presence", presence);
    }

    private static void checkFinite(String name, double value) {
        if (!Double.isFinite(value)) {
            throw new IllegalArgumentException("the " + name + " penalty is " + value
                    + "; it must be a number (0 is none, 0.1 to 1 is usual against repetition)");
        }
    }

    /** Whether there is none. */
    public boolean none() {
        return repetition == 1 && frequency == 0 && presence == 0;
    }

    /** A logit after the penalties, in single precision as the model gives it. */
    float applyTo(float logit, int timesGenerated) {
        double penalized = logit > 0 ? logit / repetition : logit * repetition;
        if (timesGenerated > 0) {
            penalized -= frequency * timesGenerated + presence;
        }
        return (float) penalized;
    }
}
