package tinygpt.generation;

/** Takes several texts piece by piece as they come: the pieces of one in order, those of a batch in turns. */
public interface TextReceiver {
    /** Whether another sample shall begin; false ends the generation when those that have begun are done. */
    default boolean wants(long sample) {
        return true;
    }

    /** Is told of each token, before the piece of text that it completes; as {@link TokenReceiver#token}. */
    default void token(long sample, int id, double logProbability) {}

    /**
     * Takes a piece of text.
     *
     * @return false if this sample shall end
     */
    boolean piece(long sample, String text);

    /** A sample is done. */
    default void end(long sample, Generator.Result result) {}
}
