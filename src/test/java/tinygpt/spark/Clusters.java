package tinygpt.spark;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import tinygpt.training.Cluster;

/** Clusters for tests, and what they had to say. */
final class Clusters {
    private Clusters() {}

    /** Tasks are threads of this JVM, each of which may fail so many times. */
    static SparkCluster threads(int threads, int failures) {
        return connect("local[" + threads + "," + failures + "]", Map.of(), new CopyOnWriteArrayList<>());
    }

    static SparkCluster connect(String master, Map<String, String> properties, List<String> notes) {
        return SparkCluster.connect(new Cluster.Settings(master, properties, notes::add));
    }
}
