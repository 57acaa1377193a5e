package tinygpt.training;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.model.Activations;
import tinygpt.model.Dropouts;
import tinygpt.model.Gpt;
import tinygpt.model.Gradients;
import tinygpt.parameters.SlabLayout;
import tinygpt.tensor.Slab;
import tinygpt.tensor.Slabs;
import tinygpt.tensor.WorkerTeam;
import tinygpt.tensor.Workspace;

/**
 * Gradients of the shards of a step by the threads of one machine: each worker takes the next shard, until there are none.
 *
 * <p>Gradients are added up along the {@link ShardTree}, whose form depends on the number of shards alone. So any number of
 * threads gives the same bits, and machines that compute a block of shards each come to the same sum.
 *
 * <p>Design: every shard in flight has a gradient slab of its own. Where all shards fit into a budget they do, and workers
 * never wait for each other. A larger model goes through the shards in rounds of a power of two that keeps all workers busy,
 * and holds the sum of a round until its sibling in the tree is there.
 */
public final class ShardGradients implements AutoCloseable {
    /** Bytes of gradients up to which every shard has a slab of its own. */
    static final long SLAB_BUDGET = 256L << 20;

    private final Gpt model;
    private final WorkerTeam team;
    private final BatchPlan plan;
    private final int[] tokens;
    private final Pieces pieces;
    private final int most; // shards that there is room for
    private final int round; // shards in flight
    private final List<Gradients> slabs = new ArrayList<>();
    private final List<Worker> workers = new ArrayList<>();
    private final double[] losses; // by shard
    private final AtomicInteger nextShard = new AtomicInteger();
    private final WorkerTeam.Job shardJob = this::takeShards;
    private final Pieces.Work sumWork = this::sumPiece;
    private long step;
    private int roundStart;
    private int roundEnd;
    private int held; // slabs with sums of earlier rounds
    private int merges; // how many of them the round's sum is added to

    /** What one worker owns. */
    private record Worker(Activations activations, Dropouts dropouts) {}

    /**
     * Room for gradients, and for the activations of every worker.
     *
     * @param tokens the training tokens
     * @param team its workers; the team is the caller's to close
     * @param most shards that are asked for at once
     */
    public ShardGradients(Gpt model, Hyperparameters hyperparameters, int[] tokens, WorkerTeam team, int most) {
        this(model, hyperparameters, tokens, team, most, SLAB_BUDGET);
    }

    /** The same; it goes through the shards in rounds if their gradients need more bytes than the budget. */
    ShardGradients(
            Gpt model, Hyperparameters hyperparameters, int[] tokens, WorkerTeam team, int most, long slabBudget) {
        this.model = model;
        this.team = team;
        this.tokens = tokens;
        this.plan = new BatchPlan(hyperparameters, tokens.length);
        this.pieces = new Pieces(model.registry(), SlabLayout.TRAINED);
        this.losses = new double[plan.shards()];
        this.most = most;
        int useful = Math.min(team.size(), most);
        int slots = slots(model.registry().trainedSize(), most, useful, slabBudget);
        this.round = slots == most ? most : roundOf(useful);
        try {
            for (int i = 0; i < slots; i++) {
                slabs.add(new Gradients(model.registry(), "gradients of a shard"));
            }
            for (int i = 0; i < useful; i++) {
                Dropouts dropouts = new Dropouts(hyperparameters.model(), hyperparameters.seed());
                int time = hyperparameters.model().contextLength();
                workers.add(new Worker(new Activations(model, plan.shardSize(), time, dropouts), dropouts));
            }
        } catch (OutOfMemoryError e) {
            close();
            throw e;
        }
    }

    /**
     * Bytes that gradients and activations take, without allocating them.
     *
     * @param trainedSize floats of a gradient, {@link tinygpt.parameters.ParameterRegistry#trainedSize()}
     * @param most shards that are asked for at once
     */
    public static long bytes(long trainedSize, Hyperparameters hyperparameters, int threads, int most) {
        int useful = Math.min(threads, most);
        int shardSize =
                hyperparameters.data().batchSize() / hyperparameters.data().shards();
        int time = hyperparameters.model().contextLength();
        int rank = hyperparameters.adaptation().loraRank();
        return trainedSize * Float.BYTES * slots(trainedSize, most, useful, SLAB_BUDGET)
                + useful * Activations.bytes(hyperparameters.model(), rank, shardSize, time, true);
    }

    /** How many gradient slabs there are. */
    private static int slots(long trainedSize, int shards, int useful, long slabBudget) {
        if (trainedSize * Float.BYTES * shards <= slabBudget) {
            return shards;
        }
        int rounds = (shards + roundOf(useful) - 1) / roundOf(useful);
        return Math.min(shards, roundOf(useful) + 31 - Integer.numberOfLeadingZeros(rounds));
    }

    /** The smallest power of two that keeps the workers busy. */
    private static int roundOf(int useful) {
        return useful == 1 ? 1 : Integer.highestOneBit(useful - 1) << 1;
    }

    /**
     * Computes the part of the gradient of a step's mean loss that comes from some of its shards, at the registry's present
     * weights, and leaves it in {@link #sum()}. The parts of all shards add up to the gradient.
     *
     * @param step counted from 0
     * @param first the first shard; together they are a node of the {@link ShardTree}
     * @param end behind the last shard
     */
    public void compute(long step, int first, int end) {
        if (!ShardTree.isNode(first, end, plan.shards()) || end - first > most) {
            throw new IllegalArgumentException("shards " + first + " to " + (end - 1) + " of " + plan.shards()
                    + " are not summed up by themselves, or more than the " + most + " there is room for");
        }
        this.step = step;
        held = 0;
        for (roundStart = first; roundStart < end; roundStart = roundEnd) {
            roundEnd = Math.min(end, roundStart + round);
            nextShard.set(roundStart);
            team.run(shardJob);
            int index = (roundStart - first) / round;
            merges = roundEnd == end ? held : Integer.numberOfTrailingZeros(index + 1);
            if (roundEnd - roundStart + merges > 1) {
                pieces.sweep(team, sumWork);
            }
            held += 1 - merges;
        }
    }

    /** What {@link #compute} left: it has room for what is trained, {@link SlabLayout#TRAINED}. */
    public Slab sum() {
        return slabs.get(0).slab();
    }

    /** The summed loss of a shard that was computed last, in nats. */
    public double loss(int shard) {
        return losses[shard];
    }

    private void takeShards(int worker, Workspace workspace) {
        int shard;
        while (worker < workers.size() && (shard = nextShard.getAndIncrement()) < roundEnd) {
            shard(workers.get(worker), workspace, shard);
        }
    }

    private void shard(Worker worker, Workspace workspace, int shard) {
        Activations a = worker.activations();
        plan.fill(step, shard, tokens, a);
        worker.dropouts().atStep(step);
        model.forward(workspace, a);
        Gradients gradients = slabs.get(held + shard - roundStart);
        losses[shard] = model.lossAndGradients(workspace, a, 1f / plan.batchTokens(), gradients);
    }

    private void sumPiece(Workspace workspace, int piece) {
        int count = roundEnd - roundStart;
        for (int stride = 1; stride < count; stride *= 2) {
            for (int i = 0; i + stride < count; i += 2 * stride) {
                add(workspace, piece, held + i + stride, held + i);
            }
        }
        for (int i = held; i > held - merges; i--) {
            add(workspace, piece, i, i - 1);
        }
    }

    private void add(Workspace workspace, int piece, int from, int to) {
        Slabs.add(workspace, slabs.get(from).slab(), slabs.get(to).slab(), pieces.offset[piece], pieces.length[piece]);
    }

    @Override
    public void close() {
        workers.forEach(w -> w.activations().close());
        slabs.forEach(Gradients::close);
        workers.clear();
        slabs.clear();
    }
}
