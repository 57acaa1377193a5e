/**
 * What a run looks like: snapshots of its weights while it trains, and the report that shows them.
 *
 * <p>{@link tinygpt.report.SnapshotRecorder} looks on while a model is trained and appends to {@code snapshots.jsonl} and
 * {@code probe.jsonl} of the run's folder; {@link tinygpt.report.SnapshotState} reads them back as the data of a page. Both
 * files are cut back when a run is resumed, as the logs in {@link tinygpt.metrics} are.
 */
package tinygpt.report;
