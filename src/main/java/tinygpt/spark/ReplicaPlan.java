package tinygpt.spark;

import java.io.Serializable;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.spark.broadcast.Broadcast;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.parameters.ParameterBytes;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.parameters.SlabLayout;

/**
 * All that an executor needs to build a model, sent once: what training does not change. It is sent with the first step, for
 * a trainer begins with random weights, and those of another model or of a checkpoint are put into it before that.
 *
 * @param id names it, in all processes
 * @param hyperparameters as JSON
 * @param tokens the training tokens
 * @param frozen the parameters that are not trained, as {@link ParameterBytes}
 */
record ReplicaPlan(String id, String hyperparameters, Broadcast<int[]> tokens, Broadcast<byte[][]> frozen)
        implements Serializable {
    private static final AtomicLong COUNT = new AtomicLong();

    /** Bytes of it that a heap holds: broadcasts, in pieces and whole. */
    static long heapBytes(ParameterRegistry registry, int[] tokens) {
        return 2 * (new ParameterBytes(registry.frozen()).size() + (long) tokens.length * Integer.BYTES);
    }

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
