/**
 * The report of a run: one HTML file without a network, and the same page live.
 *
 * <p>{@link tinygpt.report.RunState} reads what a run left in its folder into one JSON object, without ND4J.
 * {@link tinygpt.report.ReportPage} puts that object, the styles and the scripts (resources beside this package, a file for
 * each idea) into one page; {@link tinygpt.report.ReportMarkdown} writes its tables for other places.
 */
package tinygpt.report;
