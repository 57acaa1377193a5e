package tinygpt.training;

/**
 * Trains the replicas of a round: one after the other on this machine, or at the same time on a cluster. What a replica does
 * is {@link ReplicaSteps#train}, so that every engine gives the same bits.
 */
public interface ReplicaEngine extends AutoCloseable {
    /** Takes what a replica has done. */
    @FunctionalInterface
    interface Arrival {
        /**
         * A replica is done: the model's weights are what it ended with, and the moments with its number are its own. When
         * this returns, the model's weights are those of the round again.
         *
         * @throws TrainingFailedException if the replica failed, which ends the round
         */
        void replica(int replica, ReplicaReport report);
    }

    /**
     * Lets each replica take its steps from the model's present weights, and hands them over in the order of their numbers.
     *
     * @param first number of the first step, counted from 0
     */
    void train(long first, int steps, Arrival arrival);

    /** Gives back memory and threads of its own. */
    @Override
    void close();
}
