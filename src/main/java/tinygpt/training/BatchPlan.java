package tinygpt.training;

import tinygpt.hyperparameters.DataPlan;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.text.Windows;

/** Which windows each step trains on: a pure function of (hyperparameters, length of the text, step). */
public final class BatchPlan {
    private final DataPlan data;
    private final long seed;
    private final int contextLength;
    private final int trainTokens;

    public BatchPlan(Hyperparameters hyperparameters, int trainTokens) {
        this.data = hyperparameters.data();
        this.seed = hyperparameters.seed();
        this.contextLength = hyperparameters.model().contextLength();
        this.trainTokens = trainTokens;
    }

    /** Where the window at a position of a step's batch starts in the training tokens. */
    public int start(long step, int position) {
        return Windows.start(data.order(), seed, step, data.batchSize(), position, trainTokens, contextLength);
    }

    /** One shard of a step. */
    public Shard shard(long step, int index) {
        int size = data.batchSize() / data.shards();
        int[] starts = new int[size];
        for (int i = 0; i < size; i++) {
            starts[i] = start(step, index * size + i);
        }
        return new Shard(step, index, index * size, starts, batchTokens());
    }

    public int shards() {
        return data.shards();
    }

    /** Sequences in a shard. */
    public int shardSize() {
        return data.batchSize() / data.shards();
    }

    /** Tokens in a batch. */
    public long batchTokens() {
        return (long) data.batchSize() * contextLength;
    }
}
