/**
 * Training on a cluster that Apache Spark manages. Nothing else imports Spark.
 *
 * <p>The driver, this process, holds weights, moments and step, and writes the same checkpoints as a local run. For each step
 * it broadcasts the weights; every executor computes the gradient of a block of shards, a pure function of (weights, block,
 * step); the driver adds the blocks up in the order that one machine would, and takes AdamW's step. So Spark's own retrying
 * of tasks is all that a lost machine needs, and the result has the same bits for any number of machines.
 *
 * <p>The trials of a search are jobs of one task, each with an executor for itself. Their state is in the search's folder, which
 * all machines share, so a task that is begun again goes on from the trial's last checkpoint.
 */
package tinygpt.spark;
