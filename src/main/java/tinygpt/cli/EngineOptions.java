package tinygpt.cli;

import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import picocli.CommandLine.Option;
import tinygpt.search.TrialCluster;
import tinygpt.training.Cluster;

/** Who computes: this machine, or a cluster. */
final class EngineOptions {
    /** Who computes. */
    enum Engine {
        /** The threads of this machine. */
        local,
        /** The executors of a cluster that Apache Spark manages. */
        spark
    }

    @Option(
            names = "--engine",
            paramLabel = "local|spark",
            defaultValue = "local",
            description =
                    "Who computes: this machine, or the executors of a Spark cluster, with the same result to the bit."
                            + " spark needs scripts/tinygpt-spark.")
    private Engine engine;

    @Option(
            names = "--master",
            paramLabel = "URL",
            description = "With --engine spark: the cluster, as spark://HOST:7077, yarn, k8s://URL, or"
                    + " local-cluster[EXECUTORS,CORES,MEGABYTES] for one on this machine.")
    private String master;

    @Option(
            names = "--spark-conf",
            paramLabel = "KEY=VALUE",
            description = "With --engine spark: a setting of Spark, for example spark.executor.memory=4g; may be"
                    + " repeated.")
    private Map<String, String> properties = Map.of();

    /** Refuses what cannot be meant. */
    void check() {
        if (engine == Engine.local && (master != null || !properties.isEmpty())) {
            throw new CommandFailure(
                    Exit.USAGE, (master != null ? "--master" : "--spark-conf") + " belongs to --engine spark");
        }
    }

    /** Whether a cluster computes. */
    boolean isCluster() {
        return engine != Engine.local;
    }

    /**
     * The cluster, or null if this machine computes alone.
     *
     * @param notes told what happens to its machines, by any thread
     */
    Cluster connect(Consumer<String> notes, BooleanSupplier stop) {
        return engine == Engine.local ? null : Cluster.connect(settings(notes, stop));
    }

    /** The same for the trials of a search, each of which an executor has for itself. */
    TrialCluster connectTrials(Consumer<String> notes, BooleanSupplier stop) {
        return engine == Engine.local ? null : TrialCluster.connect(settings(notes, stop));
    }

    private Cluster.Settings settings(Consumer<String> notes, BooleanSupplier stop) {
        return new Cluster.Settings(master, properties, notes, stop);
    }
}
