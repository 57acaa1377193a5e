package tinygpt.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Locale;

/** The loss curve as SVG, for readers without JavaScript and for paper: running mean, validation, even guess. */
final class LossCurve {
    private static final int WIDTH = 800;
    private static final int HEIGHT = 300;
    private static final int LEFT = 50;
    private static final int RIGHT = 10;
    private static final int TOP = 14;
    private static final int BOTTOM = 30;
    private static final int GRID_LINES = 4;

    private final JsonNode metrics;
    private final float[] mean;
    private final double uniform;
    private double firstStep = Double.POSITIVE_INFINITY;
    private double lastStep = Double.NEGATIVE_INFINITY;
    private double low = Double.POSITIVE_INFINITY;
    private double high;

    private LossCurve(JsonNode state) {
        metrics = state.path("metrics");
        mean = BinaryArray.readF32(metrics.path("loss_mean"));
        uniform = state.path("uniformLoss").doubleValue();
        high = uniform;
        for (int i = 0; i < mean.length; i++) {
            see(metrics.path("step").get(i).doubleValue(), mean[i]);
        }
        for (JsonNode one : metrics.path("evaluations")) {
            see(one.path("step").doubleValue(), one.path("loss").asDouble(Double.NaN));
        }
        if (!(lastStep > firstStep)) {
            lastStep = firstStep + 1;
        }
        low = Math.min(low, high - 0.1);
    }

    /** The picture; empty if nothing was measured. */
    static String of(JsonNode state) {
        LossCurve curve = new LossCurve(state);
        return Double.isInfinite(curve.firstStep) ? "" : curve.svg();
    }

    private void see(double step, double loss) {
        firstStep = Math.min(firstStep, step);
        lastStep = Math.max(lastStep, step);
        if (Double.isFinite(loss)) {
            low = Math.min(low, loss);
            high = Math.max(high, loss);
        }
    }

    private String svg() {
        StringBuilder out = new StringBuilder();
        out.append(format(
                "<svg class=\"curve\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"Loss from step %s to %s, between %s"
                        + " and %s; an even guess is %s\">\n",
                WIDTH,
                HEIGHT,
                Figures.count((long) firstStep),
                Figures.count((long) lastStep),
                Figures.loss(low),
                Figures.loss(high),
                Figures.loss(uniform)));
        for (int i = 0; i <= GRID_LINES; i++) {
            double value = low + (high - low) * i / GRID_LINES;
            out.append(line(LEFT, y(value), WIDTH - RIGHT, y(value), "stroke=\"currentColor\" stroke-opacity=\".15\""));
            out.append(text(LEFT - 6, y(value) + 4, "end", format("%.2f", value)));
        }
        out.append(
                line(LEFT, y(uniform), WIDTH - RIGHT, y(uniform), "stroke=\"currentColor\" stroke-dasharray=\"6 5\""));
        out.append(text(WIDTH - RIGHT, y(uniform) + 15, "end", "even guess " + Figures.loss(uniform)));
        out.append(text(LEFT, HEIGHT - 8, "start", "step " + Figures.count((long) firstStep)));
        out.append(text(WIDTH - RIGHT, HEIGHT - 8, "end", Figures.count((long) lastStep)));
        out.append(meanPath());
        for (JsonNode one : metrics.path("evaluations")) {
            if (one.path("loss").isNumber()) {
                out.append(format(
                        "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\" fill=\"none\" stroke=\"#d55e00\""
                                + " stroke-width=\"2\"/>\n",
                        x(one.path("step").doubleValue()), y(one.path("loss").doubleValue())));
            }
        }
        return out.append("</svg>\n").toString();
    }

    /** The running mean; a value that is no number is a gap. */
    private String meanPath() {
        StringBuilder path = new StringBuilder();
        boolean drawing = false;
        for (int i = 0; i < mean.length; i++) {
            if (Float.isFinite(mean[i])) {
                path.append(format(
                        "%s%.1f %.1f",
                        drawing ? "L" : "M", x(metrics.path("step").get(i).doubleValue()), y(mean[i])));
            }
            drawing = Float.isFinite(mean[i]);
        }
        return path.isEmpty() ? "" : "<path d=\"" + path + "\" fill=\"none\" stroke=\"#0072b2\" stroke-width=\"2\"/>\n";
    }

    private double x(double step) {
        return LEFT + (step - firstStep) / (lastStep - firstStep) * (WIDTH - LEFT - RIGHT);
    }

    private double y(double loss) {
        return TOP + (high - loss) / (high - low) * (HEIGHT - TOP - BOTTOM);
    }

    private static String line(double x1, double y1, double x2, double y2, String style) {
        return format("<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" %s/>\n", x1, y1, x2, y2, style);
    }

    private static String text(double x, double y, String anchor, String content) {
        return format("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n", x, y, anchor, content);
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }
}
