package tinygpt.spark;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.broadcast.Broadcast;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.model.Gpt;
import tinygpt.parameters.ParameterBytes;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.parameters.SlabLayout;
import tinygpt.tensor.Slab;
import tinygpt.tensor.WorkerTeam;
import tinygpt.training.BatchPlan;
import tinygpt.training.BlockSum;
import tinygpt.training.Cluster;
import tinygpt.training.GradientEngine;
import tinygpt.training.ShardTree;

/**
 * Gradients by the executors of a cluster: a job a step. Weights go out as a broadcast; each executor sends back one gradient,
 * the sum over its block of shards.
 */
final class SparkEngine implements GradientEngine {
    /** Copies of weights or gradient that an executor's heap holds at once: the broadcast in pieces and whole, and a result. */
    private static final int HEAP_COPIES = 4;

    /** Copies that a broadcast takes of the driver's heap: the weights, and the pieces that executors fetch. */
    private static final int BROADCAST_COPIES = 2;

    private final SparkCluster cluster;
    private final ParameterRegistry registry;
    private final ParameterBytes trained;
    private final BatchPlan plan;
    private final BlockSum sum;
    private final Slab gradients;
    private final Hyperparameters hyperparameters;
    private final int[] tokens;
    private final ArithmeticWatch arithmetic;
    private ReplicaPlan replicas; // null until the first step

    SparkEngine(SparkCluster cluster, Gpt model, Hyperparameters h, int[] tokens, WorkerTeam team) {
        this.cluster = cluster;
        this.registry = model.registry();
        this.trained = new ParameterBytes(registry.trained());
        this.arithmetic = new ArithmeticWatch(cluster);
        this.hyperparameters = h;
        this.tokens = tokens;
        this.plan = new BatchPlan(h, tokens.length);
        long once = ReplicaPlan.heapBytes(registry, tokens);
        cluster.requireExecutorHeap(HEAP_COPIES * trained.size() + once);
        cluster.assemble();
        int blocks = ShardTree.blocks(plan.shards(), cluster.width()).size() - 1;
        SparkCluster.requireDriverHeap((BROADCAST_COPIES + blocks) * trained.size() + once, "");
        if (blocks < cluster.width()) {
            cluster.notes()
                    .accept(cluster.width() + " blocks could be computed at a time, but a batch has " + plan.shards()
                            + (plan.shards() == 1 ? " shard" : " shards")
                            + "; more --shards let all executors compute");
        }
        this.sum = new BlockSum(registry, team);
        this.gradients = Slab.allocate("gradients", registry.trainedSize());
    }

    @Override
    public double compute(long step) {
        List<BlockGradient> results = cluster.connected(() -> blocks(step));
        sum.of(results.stream().map(BlockGradient::gradient).toList(), gradients);
        cluster.exchanged(new Cluster.Exchange(
                trained.size(),
                trained.size() * results.size(),
                results.size(),
                results.stream().mapToDouble(BlockGradient::seconds).max().orElse(0)));
        double loss = 0;
        for (BlockGradient block : results) {
            arithmetic.see(block.host(), block.arithmetic());
            for (double one : block.losses()) {
                loss += one;
            }
        }
        return loss / plan.batchTokens();
    }

    /** What executors compute of a step. */
    private List<BlockGradient> blocks(long step) {
        if (replicas == null) {
            replicas = ReplicaPlan.send(cluster, registry, hyperparameters, tokens);
        }
        List<Integer> bounds = ShardTree.blocks(plan.shards(), cluster.width());
        Broadcast<byte[][]> weights = cluster.context().broadcast(trained.read(registry.weights(), SlabLayout.WEIGHTS));
        try {
            BlockTask task = new BlockTask(replicas, weights, step, List.copyOf(bounds), cluster.threads());
            List<Integer> indices = new ArrayList<>();
            for (int i = 0; i + 1 < bounds.size(); i++) {
                indices.add(i);
            }
            return cluster.collect(
                    cluster.context().parallelize(indices, indices.size()).map(task), "step " + (step + 1));
        } finally {
            cluster.release(weights);
        }
    }

    @Override
    public Slab gradients() {
        return gradients;
    }

    @Override
    public void close() {
        gradients.close();
        if (replicas != null) {
            replicas.takeBack(cluster);
        }
    }
}
