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
 * Gradients by the threads of one machine: each worker takes the next shard, until there are none.
 *
 * <p>Design: every shard in flight has a gradient slab of its own. Where all shards of a step fit into {@link
 * #SLAB_BUDGET}, they do, and workers never wait for each other; a larger model has one slab a worker and one for the
 * running sum, and goes through the shards in rounds. Either way slab 0 ends as ((g0 + g1) + g2) + ..., the same bits.
 */
public final class LocalEngine implements GradientEngine {
    /** Bytes of gradients up to which every shard of a step has a slab of its own. */
    static final long SLAB_BUDGET = 256L << 20;

    private final Gpt model;
    private final WorkerTeam team;
    private final BatchPlan plan;
    private final int[] tokens;
    private final Pieces pieces;
    private final List<Gradients> slabs = new ArrayList<>();
    private final List<Worker> workers = new ArrayList<>();
    private final double[] losses; // by shard
    private final AtomicInteger nextShard = new AtomicInteger();
    private final WorkerTeam.Job shardJob = this::takeShards;
    private final Pieces.Work sumWork = this::sumPiece;
    private long step;
    private int roundStart;
    private int roundEnd;
    private int firstSlab;

    /** What one worker owns. */
    private record Worker(Activations activations, Dropouts dropouts) {}

    /**
     * An engine on a team of workers; the team is the caller's to close.
     *
     * @param tokens the training tokens
     */
    public LocalEngine(Gpt model, Hyperparameters hyperparameters, int[] tokens, WorkerTeam team) {
        this(model, hyperparameters, tokens, team, SLAB_BUDGET);
    }

    /** An engine that goes through the shards in rounds if their gradients need more bytes than the budget. */
    LocalEngine(Gpt model, Hyperparameters hyperparameters, int[] tokens, WorkerTeam team, long slabBudget) {
        this.model = model;
        this.team = team;
        this.tokens = tokens;
        this.plan = new BatchPlan(hyperparameters, tokens.length);
        this.pieces = new Pieces(model.registry(), SlabLayout.TRAINED);
        int shards = plan.shards();
        int useful = Math.min(team.size(), shards);
        int slots = slots(model.registry().trainedSize(), shards, useful, slabBudget);
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
        this.losses = new double[shards];
    }

    /**
     * Bytes that the gradients and activations of an engine take, without allocating them.
     *
     * @param trainedSize floats of a gradient, {@link tinygpt.parameters.ParameterRegistry#trainedSize()}
     */
    public static long bytes(long trainedSize, Hyperparameters hyperparameters, int threads) {
        int shards = hyperparameters.data().shards();
        int useful = Math.min(threads, shards);
        int shardSize = hyperparameters.data().batchSize() / shards;
        int time = hyperparameters.model().contextLength();
        int rank = hyperparameters.adaptation().loraRank();
        return trainedSize * Float.BYTES * slots(trainedSize, shards, useful, SLAB_BUDGET)
                + useful * Activations.bytes(hyperparameters.model(), rank, shardSize, time, true);
    }

    /** How many gradient slabs an engine has. */
    private static int slots(long trainedSize, int shards, int useful, long slabBudget) {
        return trainedSize * Float.BYTES * shards <= slabBudget ? shards : Math.min(shards, useful + 1);
    }

    @Override
    public double compute(long step) {
        this.step = step;
        int shards = plan.shards();
        int done = 0;
        while (done < shards) {
            // In the first round slab 0 takes a shard; later it holds the running sum.
            firstSlab = done == 0 ? 0 : 1;
            roundStart = done;
            roundEnd = Math.min(shards, done + slabs.size() - firstSlab);
            nextShard.set(roundStart);
            team.run(shardJob);
            if (roundEnd - roundStart + firstSlab > 1) {
                pieces.sweep(team, sumWork);
            }
            done = roundEnd;
        }
        double loss = 0;
        for (double l : losses) {
            loss += l;
        }
        return loss / plan.batchTokens();
    }

    @Override
    public Slab gradients() {
        return slabs.get(0).slab();
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
        Gradients gradients = slabs.get(shard - roundStart + firstSlab);
        losses[shard] = model.lossAndGradients(workspace, a, 1f / plan.batchTokens(), gradients);
    }

    private void sumPiece(Workspace workspace, int piece) {
        int slots = roundEnd - roundStart + firstSlab;
        for (int slot = 1; slot < slots; slot++) {
            Slabs.add(
                    workspace, slabs.get(slot).slab(), slabs.get(0).slab(), pieces.offset[piece], pieces.length[piece]);
        }
    }

    @Override
    public void close() {
        workers.forEach(w -> w.activations().close());
        slabs.forEach(Gradients::close);
        workers.clear();
        slabs.clear();
    }
}
