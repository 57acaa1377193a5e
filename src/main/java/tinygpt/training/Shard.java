package tinygpt.training;

import java.io.Serializable;

/**
 * One part of a batch: all that a worker, here or on another machine, needs besides the weights and the text.
 *
 * @param step the training step, counted from 0
 * @param index position among the shards of the step, which is its place in the sum
 * @param firstSequence position of its first sequence in the batch
 * @param starts where each of its windows starts in the training tokens
 * @param batchTokens tokens in the whole batch: the gradient is that of the mean over these
 */
public record Shard(long step, int index, int firstSequence, int[] starts, long batchTokens) implements Serializable {}
