package tinygpt.metrics;

import tinygpt.training.TrainingListener.EvaluationReport;
import tinygpt.training.TrainingListener.StepReport;

/**
 * One line about a training step or an evaluation, as JSON or as CSV with the same columns.
 *
 * <table>
 *   <caption>Columns</caption>
 *   <tr><td>step</td><td>steps done, counted from 1; an evaluation before the first is at 0</td></tr>
 *   <tr><td>wall</td><td>seconds since 1970 when the line was written</td></tr>
 *   <tr><td>tokens</td><td>tokens trained on so far</td></tr>
 *   <tr><td>loss</td><td>of the step's batch before the step, nats per token; reads back as the same double</td></tr>
 *   <tr><td>lr</td><td>learning rate used in the step; reads back as the same double</td></tr>
 *   <tr><td>grad_norm</td><td>2-norm of the whole gradient before clipping</td></tr>
 *   <tr><td>clipped</td><td>whether the gradient was scaled down</td></tr>
 *   <tr><td>update_ratio</td><td>2-norm of the step's real change / 2-norm of the weights after it</td></tr>
 *   <tr><td>step_ms</td><td>milliseconds of the step</td></tr>
 *   <tr><td>tok_s</td><td>tokens per second of the step</td></tr>
 *   <tr><td>val_loss</td><td>of the whole validation split, nats per token; reads back as the same double</td></tr>
 *   <tr><td>val_stderr</td><td>standard error of that mean</td></tr>
 *   <tr><td>best</td><td>whether no earlier evaluation of the run was better</td></tr>
 *   <tr><td>skipped</td><td>true in the line of a step that was a spike and was not taken</td></tr>
 * </table>
 *
 * <p>JSON leaves out what does not belong to the line, CSV leaves the cell empty. NaN and infinity, which JSON does not
 * know, are null there and an empty cell here.
 */
public final class MetricsRecord {
    /** The first line of a CSV file. */
    static final String CSV_HEADER =
            "step,wall,tokens,loss,lr,grad_norm,clipped,update_ratio,step_ms,tok_s,val_loss,val_stderr,best,skipped";

    private static final int COLUMNS_OF_A_STEP = 7;
    private static final int COLUMNS_OF_AN_EVALUATION = 3;

    private final LineBuffer line = new LineBuffer();
    private final long tokensPerStep;
    private final boolean json;

    private MetricsRecord(long tokensPerStep, boolean json) {
        this.tokensPerStep = tokensPerStep;
        this.json = json;
    }

    /** Lines of JSON, with a line feed at the end. */
    public static MetricsRecord json(long tokensPerStep) {
        return new MetricsRecord(tokensPerStep, true);
    }

    static MetricsRecord csv(long tokensPerStep) {
        return new MetricsRecord(tokensPerStep, false);
    }

    /** The line of a step. */
    public MetricsRecord step(StepReport report, long wallMilliseconds) {
        begin(report.step(), wallMilliseconds, report.tokensSeen());
        exact("loss", report.loss());
        exact("lr", report.learningRate());
        rounded("grad_norm", report.gradientNorm());
        flag("clipped", report.clipped());
        rounded("update_ratio", report.updateRatio());
        rounded("step_ms", report.nanoseconds() * 1e-6);
        rounded("tok_s", tokensPerStep / (report.nanoseconds() * 1e-9));
        absent(COLUMNS_OF_AN_EVALUATION);
        if (report.skipped()) {
            flag("skipped", true);
        } else {
            absent(1);
        }
        return end();
    }

    /** The line of an evaluation. */
    public MetricsRecord evaluation(EvaluationReport report, long wallMilliseconds) {
        begin(report.step(), wallMilliseconds, report.tokensSeen());
        absent(COLUMNS_OF_A_STEP);
        exact("val_loss", report.result().loss());
        rounded("val_stderr", report.result().standardError());
        flag("best", report.best());
        absent(1);
        return end();
    }

    LineBuffer line() {
        return line;
    }

    /** The line with its line feed. */
    @Override
    public String toString() {
        return line.toString();
    }

    private void begin(long step, long wallMilliseconds, long tokens) {
        line.clear().add(json ? "{\"step\":" : "").add(step);
        name("wall");
        long thousandths = wallMilliseconds % 1000;
        line.add(wallMilliseconds / 1000).add(thousandths < 10 ? ".00" : thousandths < 100 ? ".0" : ".");
        line.add(thousandths);
        name("tokens");
        line.add(tokens);
    }

    private MetricsRecord end() {
        line.add(json ? "}\n" : "\n");
        return this;
    }

    private void name(String column) {
        if (json) {
            line.add(",\"").add(column).add("\":");
        } else {
            line.add(',');
        }
    }

    private void exact(String column, double value) {
        name(column);
        if (Double.isFinite(value)) {
            line.addExact(value);
        } else {
            none();
        }
    }

    private void rounded(String column, double value) {
        name(column);
        if (Double.isFinite(value)) {
            line.addRounded(value);
        } else {
            none();
        }
    }

    private void flag(String column, boolean value) {
        name(column);
        line.add(value ? "true" : "false");
    }

    private void none() {
        line.add(json ? "null" : "");
    }

    private void absent(int columns) {
        for (int i = 0; !json && i < columns; i++) {
            line.add(',');
        }
    }
}
