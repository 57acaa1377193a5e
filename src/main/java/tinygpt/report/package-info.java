/**
 * What a run looks like: snapshots of its weights while it trains, and the report that shows them: one HTML file without a
 * network, and the same page live.
 *
 * <p>{@link tinygpt.report.SnapshotRecorder} looks on while a model is trained and appends to {@code snapshots.jsonl} and
 * {@code probe.jsonl} of the run's folder; {@link tinygpt.report.SnapshotState} reads them back as the data of a page. Both
 * files are cut back when a run is resumed, as the logs in {@link tinygpt.metrics} are.
 *
 * <p>{@link tinygpt.report.RunState} reads all that a run left in its folder into one JSON object, without ND4J.
 * {@link tinygpt.report.ReportPage} puts that object, the styles and the scripts (resources beside this package, a file for
 * each idea) into one page; {@link tinygpt.report.ReportMarkdown} writes its tables for other places.
 *
 * <p>{@link tinygpt.report.DifferencePage} is such a page about two models, with the panel of weights and what changed.
 *
 * <p>{@link tinygpt.report.LiveServer} shows the page while the run goes on. It follows the files of the run as they grow, so
 * that training knows nothing of it: tail -> ring of the newest events -> a stream for each page.
 */
package tinygpt.report;
