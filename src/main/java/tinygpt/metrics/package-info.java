/**
 * What a run writes down while it trains, for other tools to read: {@code metrics.jsonl} and {@code metrics.csv},
 * {@code tensors.jsonl} with the norms of every tensor, {@code samples.txt}, and TensorBoard's event files in {@code tb/}.
 *
 * <p>{@link tinygpt.metrics.RunMetrics} is the door; other rooms append to logs of their own in the same way. Every record is appended by one write, so that a run that was
 * killed still reads. A resumed run first cuts its logs back to the steps of the state it continues from, torn ends too,
 * and goes on in the same files: they then read as if the run had never stopped.
 *
 * <p>Nothing here may cost what training would notice: a line is made in a buffer that is used again, without
 * {@code String.format} and without trees.
 */
package tinygpt.metrics;
