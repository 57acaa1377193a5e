package tinygpt.spark;

import tinygpt.training.Cluster;

/** Connects to clusters that Spark manages. Public for {@link java.util.ServiceLoader}. */
public final class SparkProvider implements Cluster.Provider {
    @Override
    public Cluster connect(Cluster.Settings settings) {
        return SparkCluster.connect(settings);
    }
}
