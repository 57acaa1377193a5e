package tinygpt.search;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import tinygpt.report.Figures;
import tinygpt.report.Html;

/** Validation losses against something else, as SVG: a circle for each trial, which the page can light up. */
final class ScatterPlot {
    private static final int WIDTH = 360;
    private static final int HEIGHT = 230;
    private static final int LEFT = 52;
    private static final int RIGHT = 14;
    private static final int TOP = 12;
    private static final int BOTTOM = 40;
    private static final int GRID_LINES = 4;
    private static final double MARGIN = 0.06;

    private final String title;
    private final boolean logarithmic;
    private final List<String> categories;
    private final List<Point> points = new ArrayList<>();

    /**
     * A circle.
     *
     * @param trial its name
     * @param label for those who point at it
     * @param best whether it is the best trial
     */
    record Point(String trial, String label, double x, double loss, boolean best) {}

    /**
     * A plot without points.
     *
     * @param title what stands below
     * @param logarithmic whether the axis is
     * @param categories what stands at x = 0, 1, 2, ... where those are no numbers; else empty
     */
    ScatterPlot(String title, boolean logarithmic, List<String> categories) {
        this.title = title;
        this.logarithmic = logarithmic;
        this.categories = List.copyOf(categories);
    }

    void add(Point point) {
        if (Double.isFinite(point.loss()) && Double.isFinite(scaled(point.x()))) {
            points.add(point);
        }
    }

    /** The picture; empty without points. */
    String svg() {
        if (points.isEmpty()) {
            return "";
        }
        Span x = Span.of(points.stream().mapToDouble(p -> scaled(p.x())).toArray());
        Span y = Span.of(points.stream().mapToDouble(Point::loss).toArray());
        StringBuilder out = new StringBuilder();
        out.append(format(
                "<figure><svg class=\"curve scatter\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">\n",
                WIDTH,
                HEIGHT,
                Html.escape("Validation loss against " + title + ": " + points.size() + " trials, from "
                        + Figures.loss(y.low()) + " to " + Figures.loss(y.high()))));
        for (int i = 0; i <= GRID_LINES; i++) {
            double loss = y.low() + (y.high() - y.low()) * i / GRID_LINES;
            double at = py(y, loss);
            out.append(format(
                    "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"currentColor\" stroke-opacity=\".15\"/>\n",
                    LEFT, WIDTH - RIGHT, at, at));
            out.append(text(LEFT - 6, at + 4, "end", format("%.3f", loss)));
        }
        ticks(out, x);
        out.append(text((LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 6, "middle", Html.escape(title)));
        for (Point p : points) {
            out.append(format(
                    "<circle class=\"dot%s\" data-trial=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"5\"><title>%s</title></circle>\n",
                    p.best() ? " best" : "", p.trial(), px(x, scaled(p.x())), py(y, p.loss()), Html.escape(p.label())));
        }
        return out.append("</svg></figure>\n").toString();
    }

    private void ticks(StringBuilder out, Span x) {
        if (!categories.isEmpty()) {
            for (int i = 0; i < categories.size(); i++) {
                out.append(text(px(x, i), HEIGHT - 24, "middle", Html.escape(categories.get(i))));
            }
            return;
        }
        double[] places = x.low() == x.high()
                ? new double[] {x.low()}
                : new double[] {x.low(), (x.low() + x.high()) / 2, x.high()};
        for (double place : places) {
            double value = logarithmic ? Math.pow(10, place) : place;
            out.append(text(px(x, place), HEIGHT - 24, "middle", number(value)));
        }
    }

    /** Three digits, in the shortest form. */
    private static String number(double value) {
        if (value == 0) {
            return "0";
        }
        double size = Math.abs(value);
        return size >= 1e5 || size < 1e-3
                ? format("%.1e", value)
                : new java.math.BigDecimal(value)
                        .round(new java.math.MathContext(3))
                        .stripTrailingZeros()
                        .toPlainString();
    }

    private double scaled(double x) {
        return logarithmic ? Math.log10(x) : x;
    }

    private static double px(Span span, double x) {
        return LEFT + span.share(x) * (WIDTH - LEFT - RIGHT);
    }

    private static double py(Span span, double loss) {
        return HEIGHT - BOTTOM - span.share(loss) * (HEIGHT - TOP - BOTTOM);
    }

    /** From the lowest to the highest of some numbers. */
    private record Span(double low, double high) {
        static Span of(double[] numbers) {
            double low = numbers[0];
            double high = numbers[0];
            for (double number : numbers) {
                low = Math.min(low, number);
                high = Math.max(high, number);
            }
            return new Span(low, high);
        }

        /** Where a number lies between the two, with a margin on both sides. */
        double share(double number) {
            return low == high ? 0.5 : MARGIN + (1 - 2 * MARGIN) * (number - low) / (high - low);
        }
    }

    private static String text(double x, double y, String anchor, String content) {
        return format("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n", x, y, anchor, content);
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }
}
