package tinygpt.model;

import tinygpt.hyperparameters.ModelShape;
import tinygpt.random.Stream;
import tinygpt.tensor.DropoutMask;

/**
 * The four dropout layers of a training step. Places are numbered over the whole batch, not over a shard, so that cutting
 * a batch otherwise does not change a mask.
 */
public final class Dropouts {
    final DropoutMask embedding;
    final DropoutMask attention;
    final DropoutMask attentionResidual;
    final DropoutMask feedForwardResidual;
    private final ModelShape shape;

    public Dropouts(ModelShape shape, long seed) {
        this.shape = shape;
        embedding = new DropoutMask(seed, Stream.EMBEDDING_DROPOUT, shape.embeddingDropout());
        attention = new DropoutMask(seed, Stream.ATTENTION_DROPOUT, shape.attentionDropout());
        attentionResidual = new DropoutMask(seed, Stream.ATTENTION_RESIDUAL_DROPOUT, shape.residualDropout());
        feedForwardResidual = new DropoutMask(seed, Stream.FEED_FORWARD_RESIDUAL_DROPOUT, shape.residualDropout());
    }

    /** Goes to a training step. */
    public void atStep(long step) {
        embedding.atStep(step);
        attention.atStep(step);
        attentionResidual.atStep(step);
        feedForwardResidual.atStep(step);
    }

    /**
     * What one number is multiplied by, 0 or 1 / (1 - rate): the definition of the masks, for whoever computes a step in
     * another way.
     *
     * @param layer the block, counted from 0; not looked at for the embeddings
     * @param index (token, channel), for attention (sequence, head, row, column); counted over the whole batch
     * @throws IllegalArgumentException if the stream is none of the four of dropout
     */
    public float multiplier(Stream kind, int layer, int... index) {
        return switch (kind) {
            case EMBEDDING_DROPOUT -> embedding.multiplier(index[0], index[1]);
            case ATTENTION_DROPOUT ->
                attention.multiplier(attentionPlace(layer, index[0], index[1]) + index[2], index[3]);
            case ATTENTION_RESIDUAL_DROPOUT -> attentionResidual.multiplier(residualPlace(layer, index[0]), index[1]);
            case FEED_FORWARD_RESIDUAL_DROPOUT ->
                feedForwardResidual.multiplier(residualPlace(layer, index[0]), index[1]);
            case INITIAL_WEIGHTS, BATCH, SHUFFLE, SAMPLING, SEARCH ->
                throw new IllegalArgumentException(kind + " drops nothing");
        };
    }

    /** Whether anything is dropped. */
    public boolean active() {
        return embedding.active() || attention.active() || attentionResidual.active() || feedForwardResidual.active();
    }

    /** Place of a token's row in a residual mask. */
    long residualPlace(int layer, long firstToken) {
        // Layers lie far apart: no batch has 2^40 tokens.
        return ((long) layer << 40) + firstToken;
    }

    /** Place of the first row of one head's attention in the attention mask. */
    long attentionPlace(int layer, long sequence, int head) {
        return ((long) layer << 48) + (sequence * shape.heads() + head) * shape.contextLength();
    }
}
