package tinygpt.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import tinygpt.bench.LoggingCost;

/** What the logs of a run cost, for people and as JSON. */
final class LoggingReport {
    private final String title;
    private final LoggingCost.Result r;

    LoggingReport(String title, LoggingCost.Result result) {
        this.title = title;
        this.r = result;
    }

    String text() {
        String end = System.lineSeparator();
        StringBuilder text = new StringBuilder(title + ", " + r.threads() + (r.threads() == 1 ? " thread" : " threads")
                + ": training steps with and without logs, in turns" + end + end);
        BenchReport.line(
                text, "With logs", BenchReport.ms(r.logged().median()) + "   " + BenchReport.spread(r.logged()));
        BenchReport.line(text, "Without", BenchReport.ms(r.bare().median()) + "   " + BenchReport.spread(r.bare()));
        BenchReport.line(text, "Ratio", Show.decimals(r.ratio(), 4) + " of the medians");
        BenchReport.line(
                text,
                "Logs alone",
                Show.decimals(r.loggingMs(), 3) + " ms a step on average, " + Show.count(Math.round(r.bytesPerStep()))
                        + " bytes");
        BenchReport.line(
                text,
                "Evaluation",
                BenchReport.ms(r.evaluationMs()) + " for histograms of the weights, besides its own time");
        text.append(end)
                .append("Logs: metrics.jsonl, metrics.csv, tensors.jsonl and TensorBoard's file.")
                .append(end);
        return text.toString();
    }

    String json() {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.put("model", title);
        root.set("hyperparameters", r.hyperparameters().toJson());
        root.put("threads", r.threads());
        BenchReport.spread(root.putObject("step_with_logs"), r.logged(), "ms");
        BenchReport.spread(root.putObject("step_without_logs"), r.bare(), "ms");
        root.put("ratio_of_medians", r.ratio());
        root.put("logs_mean_ms", r.loggingMs());
        root.put("logs_bytes_per_step", r.bytesPerStep());
        root.put("logs_at_evaluation_median_ms", r.evaluationMs());
        BenchReport.machine(root.putObject("machine"), r.machine());
        return Json.pretty(root);
    }
}
