package tinygpt.search;

import java.util.ServiceLoader;
import tinygpt.training.Cluster;
import tinygpt.training.EngineFailedException;
import tinygpt.training.Providers;

/** Machines that train trials for this one, which decides. The folder of the search is at the same path on all of them. */
public interface TrialCluster extends AutoCloseable {
    /** Makes clusters; looked up by {@link ServiceLoader}. */
    interface Provider {
        /**
         * Connects to a cluster.
         *
         * @throws IllegalArgumentException if the settings cannot be meant
         * @throws EngineFailedException if nobody answers there
         */
        TrialCluster connect(Cluster.Settings settings);
    }

    /** Who computes, in a few words. Waits for the first of them. */
    String describe();

    /** How many trials are trained at a time without getting in each other's way. Waits for the first machine. */
    int width();

    /**
     * A runner that has the trials of a search trained there; closed with the cluster. It throws
     * {@link EngineFailedException} if the cluster is gone or does not see the search's folder, which says nothing of a trial.
     *
     * @param threads of a trial; 0 for as many as its place has cores
     */
    TrialRunner runner(SearchFolder folder, SharedText text, int threads, LocalTrialRunner.Limits limits);

    /** Gives the machines back. */
    @Override
    void close();

    /**
     * Connects by the provider that is on the class path.
     *
     * @throws EngineFailedException if there is none, or nobody answers
     */
    static TrialCluster connect(Cluster.Settings settings) {
        return Providers.connect(Provider.class, provider -> provider.connect(settings));
    }
}
