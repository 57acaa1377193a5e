/**
 * Training: shards, gradients, one ordered sum, clip, AdamW.
 *
 * <p>A batch is cut into a fixed number of shards, which is a hyperparameter. The gradient of a shard is a pure function of
 * (weights, shard), and the gradient of the step is the sum over shards in their order. Which thread or machine computes a
 * shard, and when, changes nothing: the same seed gives the same weights to the bit.
 */
package tinygpt.training;
