package tinygpt.spark;

import java.io.Serializable;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.spark.broadcast.Broadcast;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.parameters.ParameterBytes;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.parameters.SlabLayout;

/**
 * All that an executor needs to build a model, sent once: what training does not change.
 *
 * @param id names it, in all processes
 * @param hyperparameters as JSON
 * @param tokens the training tokens
 * @param frozen the parameters that are not trained, as {@link ParameterBytes}
 */
record ReplicaPlan(String id, String hyperparameters, Broadcast<int[]> tokens, Broadcast<byte[][]> frozen)
        implements Serializable {
    private static final AtomicLong COUNT = new AtomicLong();

    static ReplicaPlan send(SparkCluster cluster, ParameterRegistry registry, Hyperparameters h, int[] tokens) {
        byte[][] frozen = new ParameterBytes(registry.frozen()).read(registry.weights(), SlabLayout.WEIGHTS);
        return new ReplicaPlan(
                cluster.context().sc().applicationId() + "/" + COUNT.incrementAndGet(),
                h.canonicalJson(),
                cluster.context().broadcast(tokens),
                cluster.context().broadcast(frozen));
    }

    /** Takes back what was sent. */
    void takeBack(SparkCluster cluster) {
        Replica.closeAll(id);
        cluster.release(tokens);
        cluster.release(frozen);
    }
}
