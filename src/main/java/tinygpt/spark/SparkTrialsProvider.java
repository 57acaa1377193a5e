package tinygpt.spark;

import tinygpt.search.TrialCluster;
import tinygpt.training.Cluster;

/** Connects to clusters that Spark manages, for searches. Public for {@link java.util.ServiceLoader}. */
public final class SparkTrialsProvider implements TrialCluster.Provider {
    @Override
    public TrialCluster connect(Cluster.Settings settings) {
        return SparkTrials.connect(settings);
    }
}
