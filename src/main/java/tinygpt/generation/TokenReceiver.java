package tinygpt.generation;

/** Takes the tokens of several texts as they come: those of one text in order, texts of a batch in turns. */
public interface TokenReceiver {
    /** Whether another sample shall begin; false ends the generation when those that have begun are done. */
    default boolean wants(long sample) {
        return true;
    }

    /**
     * Takes a token.
     *
     * @param logProbability the natural logarithm of the probability that the model gave it, before any rule; NaN unless
     *     {@link Generator#scoreTokens} was called
     * @return false if this sample shall end
     */
    boolean token(long sample, int id, double logProbability);

    /** A sample is done. */
    default void end(long sample, Generator.Result result) {}
}
