package tinygpt.spark;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.broadcast.Broadcast;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.model.Gpt;
import tinygpt.parameters.ParameterBytes;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.parameters.SlabLayout;
import tinygpt.training.AdamWMoments;
import tinygpt.training.ReplicaEngine;

/**
 * Replicas by the executors of a cluster: a job a round, a task a replica. Weights go out as one broadcast to all, moments
 * as one to whoever trains the replica; weights and moments come back.
 */
final class SparkReplicas implements ReplicaEngine {
    /** Copies of what is trained that an executor's heap holds at once: weights and moments, in pieces and whole, and a result. */
    private static final int HEAP_COPIES = 9;

    /** Copies of what is trained that a replica takes of the driver's heap: moments on their way out, and a result. */
    private static final int DRIVER_COPIES = 5;

    private final SparkCluster cluster;
    private final ParameterRegistry registry;
    private final ParameterBytes trained;
    private final List<AdamWMoments> moments;
    private final Hyperparameters hyperparameters;
    private final int[] tokens;
    private final ArithmeticWatch arithmetic;
    private ReplicaPlan replicas; // null until the first round

    SparkReplicas(
            SparkCluster cluster,
            Gpt model,
            Hyperparameters hyperparameters,
            int[] tokens,
            List<AdamWMoments> moments) {
        this.cluster = cluster;
        this.registry = model.registry();
        this.trained = new ParameterBytes(registry.trained());
        this.moments = List.copyOf(moments);
        this.arithmetic = new ArithmeticWatch(cluster);
        this.hyperparameters = hyperparameters;
        this.tokens = tokens;
        long once = ReplicaPlan.heapBytes(registry, tokens);
        cluster.requireExecutorHeap(HEAP_COPIES * trained.size() + once);
        SparkCluster.requireDriverHeap(
                DRIVER_COPIES * moments.size() * trained.size() + once, "fewer --replicas need less");
    }

    @Override
    public void train(long first, int steps, Arrival arrival) {
        List<RoundPart> parts = cluster.connected(() -> parts(first, steps));
        for (int k = 0; k < parts.size(); k++) {
            RoundPart part = parts.get(k);
            arithmetic.see(part.host(), part.arithmetic());
            trained.write(part.weights(), registry.weights(), SlabLayout.WEIGHTS);
            trained.write(part.mean(), moments.get(k).mean(), SlabLayout.TRAINED);
            trained.write(part.meanSquare(), moments.get(k).meanSquare(), SlabLayout.TRAINED);
            arrival.replica(k, part.report());
        }
    }

    /** What executors make of a round. */
    private List<RoundPart> parts(long first, int steps) {
        if (replicas == null) {
            replicas = ReplicaPlan.send(cluster, registry, hyperparameters, tokens);
        }
        List<Broadcast<?>> sent = new ArrayList<>();
        try {
            Broadcast<byte[][]> weights =
                    cluster.context().broadcast(trained.read(registry.weights(), SlabLayout.WEIGHTS));
            sent.add(weights);
            List<Broadcast<byte[][][]>> own = new ArrayList<>();
            for (AdamWMoments one : moments) {
                byte[][][] both = {
                    trained.read(one.mean(), SlabLayout.TRAINED), trained.read(one.meanSquare(), SlabLayout.TRAINED)
                };
                own.add(cluster.context().broadcast(both));
                sent.add(own.get(own.size() - 1));
            }
            RoundTask task = new RoundTask(replicas, weights, own, first, steps, cluster.threads());
            List<Integer> numbers = IntStream.range(0, moments.size()).boxed().toList();
            return cluster.collect(
                    cluster.context()
                            .parallelize(new ArrayList<>(numbers), numbers.size())
                            .map(task),
                    "the round of steps " + (first + 1) + " to " + (first + steps));
        } finally {
            sent.forEach(cluster::release);
        }
    }

    @Override
    public void close() {
        if (replicas != null) {
            replicas.takeBack(cluster);
        }
    }
}
