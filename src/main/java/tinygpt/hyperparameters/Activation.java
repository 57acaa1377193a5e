package tinygpt.hyperparameters;

/** The nonlinearity of the feed-forward sublayer. */
public enum Activation {
    /** GPT-2's {@code gelu_new}: 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))). */
    GELU_TANH,
    /** The exact form, x Phi(x), which nanoGPT uses. */
    GELU_ERF
}
