package tinygpt.training;

import java.util.Map;
import java.util.ServiceLoader;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/** Machines that compute for this one, which keeps the state. */
public interface Cluster extends AutoCloseable {
    /**
     * Where a cluster is.
     *
     * @param master its address, in the words of who manages it: {@code spark://host:7077}
     * @param properties settings of whoever manages it, which win over those chosen here
     * @param notes told what happens to the machines, one line at a time, by any thread
     * @param stop whether somebody wants to stop: then nobody is waited for who is not there
     */
    record Settings(String master, Map<String, String> properties, Consumer<String> notes, BooleanSupplier stop) {
        public Settings {
            properties = Map.copyOf(properties);
        }

        /** Settings of who will not stop. */
        public Settings(String master, Map<String, String> properties, Consumer<String> notes) {
            this(master, properties, notes, () -> false);
        }
    }

    /** Makes clusters; looked up by {@link ServiceLoader}. */
    interface Provider {
        /**
         * Connects to a cluster.
         *
         * @throws IllegalArgumentException if the settings cannot be meant
         * @throws EngineFailedException if nobody answers there
         */
        Cluster connect(Settings settings);
    }

    /** Gradients by these machines, for a trainer on this one. */
    GradientEngine.Factory engines();

    /** Who computes, in a few words: {@code 2 executors with 4 cores}. Waits for the first of them. */
    String describe();

    /** Waits for an answer of nothing from every machine: the least that a step costs. */
    void synchronise();

    /** What the last step of an engine needed. */
    Exchange lastExchange();

    /**
     * What a step needs.
     *
     * @param weightBytes sent to every machine
     * @param gradientBytes sent back by all of them together
     * @param blocks parts in which the batch was computed
     * @param computeSeconds the longest time that one of them took to compute
     */
    record Exchange(long weightBytes, long gradientBytes, int blocks, double computeSeconds) {}

    /** Gives the machines back. */
    @Override
    void close();

    /**
     * Connects by the provider that is on the class path.
     *
     * @throws EngineFailedException if there is none, or nobody answers
     */
    static Cluster connect(Settings settings) {
        return Providers.connect(Provider.class, provider -> provider.connect(settings));
    }
}
