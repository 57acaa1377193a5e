package tinygpt.training;

import tinygpt.hyperparameters.DataPlan;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.model.Activations;
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

    /** Sets the tokens, the targets and the place in the batch of one shard of a step. Allocates nothing. */
    public void fill(long step, int shard, int[] tokens, Activations a) {
        int size = shardSize();
        a.startAt((long) shard * size);
        for (int i = 0; i < size; i++) {
            int start = start(step, shard * size + i);
            System.arraycopy(tokens, start, a.tokens(), i * contextLength, contextLength);
            System.arraycopy(tokens, start + 1, a.targets(), i * contextLength, contextLength);
        }
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
