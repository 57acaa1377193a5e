package tinygpt.hyperparameters;

/** Which windows of the training text a batch takes. */
public enum BatchOrder {
    /** Uniformly random starts, a pure function of (seed, step, position in the batch). */
    RANDOM,
    /** Windows side by side in an order shuffled anew for each pass over the text, so that none is missed or repeated. */
    SHUFFLED,
    /** Windows side by side in file order, starting over at the end. */
    SEQUENTIAL
}
