package tinygpt.search;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.DoubleUnaryOperator;
import tinygpt.report.Figures;
import tinygpt.report.Html;

/** Loss against size on two logarithmic axes, with the fitted laws and the published sizes of GPT-2, as part of a page. */
public final class ScaleChart {
    private static final int WIDTH = 860;
    private static final int HEIGHT = 420;
    private static final int LEFT = 60;
    private static final int RIGHT = 20;
    private static final int TOP = 16;
    private static final int BOTTOM = 46;
    private static final int CURVE_POINTS = 60;
    private static final double ROOM = 1.15;

    private final ScaleStudy study;
    private final double lowX;
    private final double highX;
    private final double lowY;
    private final double highY;

    private ScaleChart(ScaleStudy study) {
        this.study = study;
        List<Double> sizes = new ArrayList<>();
        List<Double> losses = new ArrayList<>();
        study.points().forEach(point -> {
            sizes.add((double) point.n());
            losses.add(point.loss());
        });
        ScaleStudy.gpt2().forEach(published -> {
            sizes.add((double) published.n());
            losses.add(published.loss());
        });
        lowX = sizes.stream().min(Double::compare).orElseThrow() / 2;
        highX = sizes.stream().max(Double::compare).orElseThrow() * 2;
        lowY = losses.stream().min(Double::compare).orElseThrow() / ROOM;
        highY = losses.stream().max(Double::compare).orElseThrow() * ROOM;
    }

    /** The panel of a page: chart, laws and tables; without JavaScript. */
    public static String panel(ScaleStudy study) {
        StringBuilder out = new StringBuilder("<section class=\"panel\" aria-labelledby=\"scale-title\">\n");
        out.append("<h2 id=\"scale-title\">Loss against size</h2>\n<p class=\"caption\">Each circle is a model that was"
                + " trained here; the line is a power law through them, dashed where it goes on beyond what was measured."
                + " Squares are the four published sizes of GPT-2: other text, other tokens, so compare how they fall, not"
                + " how high they lie.</p>\n");
        out.append(new ScaleChart(study).svg());
        laws(study).forEach(line -> out.append("<p>").append(Html.escape(line)).append("</p>\n"));
        table(out, study);
        return out.append("</section>\n").toString();
    }

    /** What was fitted, a sentence each. */
    public static List<String> laws(ScaleStudy study) {
        List<String> lines = new ArrayList<>();
        if (study.law() == null) {
            lines.add("A power law needs two sizes that were trained to their end.");
            return lines;
        }
        lines.add("L = " + law(study.law()) + " through " + study.points().size() + " sizes");
        if (study.law().b() < 0) {
            lines.add("The loss rises with size: the larger ones were trained too little, or their learning rate is too"
                    + " high. That is no law of size; give all more steps.");
        }
        if (study.floored() != null) {
            lines.add("L = " + law(study.floored()) + ", with a loss that no size removes");
        }
        lines.add("L = " + law(ScaleStudy.gpt2Law())
                + " through GPT-2's four sizes (WikiText-2, nats per word, Radford et al. 2019, table 3)");
        return lines;
    }

    private static String law(PowerLaw law) {
        return format("%.3f N^%+.4f", law.a(), -law.b())
                + (law.c() == 0 ? "" : format(" + %.3f", law.c()))
                + format(" (R\u00b2 %.3f)", law.rSquared());
    }

    private static void table(StringBuilder out, ScaleStudy study) {
        out.append(
                "<div class=\"scroll whole\" tabindex=\"0\" role=\"region\" aria-label=\"Sizes\"><table><caption>Sizes"
                        + "</caption><thead><tr><th scope=\"col\">model</th><th scope=\"col\" class=\"n\">N, without embeddings</th>"
                        + "<th scope=\"col\" class=\"n\">parameters</th><th scope=\"col\" class=\"n\">loss</th><th scope=\"col\""
                        + " class=\"n\">by the law</th></tr></thead><tbody>\n");
        for (ScaleStudy.Point point : study.points()) {
            row(
                    out,
                    "trial " + point.result().trial().name() + ": "
                            + Html.escape(point.result().trial().label()),
                    point.n(),
                    point.result().parameters(),
                    point.loss(),
                    study.best().map(law -> law.at(point.n())).orElse(Double.NaN));
        }
        PowerLaw published = ScaleStudy.gpt2Law();
        for (ScaleStudy.Published one : ScaleStudy.gpt2()) {
            row(out, one.name() + ", published", one.n(), one.parameters(), one.loss(), published.at(one.n()));
        }
        out.append("</tbody></table></div>\n");
    }

    private static void row(StringBuilder out, String name, long n, long parameters, double loss, double fitted) {
        out.append(format(
                "<tr><td>%s</td><td class=\"n\">%s</td><td class=\"n\">%s</td><td class=\"n\">%s</td><td"
                        + " class=\"n\">%s</td></tr>\n",
                name,
                Figures.count(n),
                Figures.count(parameters),
                Figures.loss(loss),
                Double.isNaN(fitted) ? "n/a" : Figures.loss(fitted)));
    }

    private String svg() {
        StringBuilder out = new StringBuilder(format(
                "<svg class=\"curve\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">\n",
                WIDTH,
                HEIGHT,
                Html.escape("Loss against parameters without embeddings, both logarithmic: "
                        + study.points().size() + " models of this study and the four published sizes of GPT-2. "
                        + laws(study).get(0))));
        for (int e = (int) Math.ceil(Math.log10(lowX)); e <= Math.log10(highX); e++) {
            double x = x(Math.pow(10, e));
            out.append(line(x, TOP, x, HEIGHT - BOTTOM)).append(text(x, HEIGHT - 26, "middle", "10^" + e));
        }
        for (double tick = 0.5; tick < highY; tick += tick < 2 ? 0.25 : tick < 5 ? 0.5 : 1) {
            if (tick > lowY) {
                out.append(line(LEFT, y(tick), WIDTH - RIGHT, y(tick)))
                        .append(text(LEFT - 6, y(tick) + 4, "end", format("%.2f", tick)));
            }
        }
        out.append(text((LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 6, "middle", "parameters without embeddings"));
        study.best().ifPresent(law -> {
            double from = study.points().get(0).n();
            double to = study.points().get(study.points().size() - 1).n();
            out.append(curve(law::at, from, to, "stroke=\"#0072b2\" stroke-width=\"2\""));
            out.append(curve(law::at, to, highX, "stroke=\"#0072b2\" stroke-width=\"1\" stroke-dasharray=\"5 5\""));
        });
        for (ScaleStudy.Point point : study.points()) {
            out.append(format(
                    "<circle class=\"dot\" data-trial=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"5\"><title>%s</title></circle>\n",
                    point.result().trial().name(),
                    x(point.n()),
                    y(point.loss()),
                    Html.escape(point.result().trial().label() + ": " + Figures.loss(point.loss()))));
        }
        for (ScaleStudy.Published one : ScaleStudy.gpt2()) {
            out.append(format(
                    "<rect x=\"%.1f\" y=\"%.1f\" width=\"9\" height=\"9\" fill=\"none\" stroke=\"#d55e00\""
                            + " stroke-width=\"2\"><title>%s</title></rect>\n",
                    x(one.n()) - 4.5, y(one.loss()) - 4.5, one.name() + ": " + Figures.loss(one.loss())));
            out.append(text(x(one.n()), y(one.loss()) - 10, "middle", one.name()));
        }
        return out.append("</svg>\n").toString();
    }

    private String curve(DoubleUnaryOperator law, double from, double to, String style) {
        StringBuilder path = new StringBuilder();
        for (int i = 0; i <= CURVE_POINTS; i++) {
            double n = from * Math.pow(to / from, (double) i / CURVE_POINTS);
            double loss = law.applyAsDouble(n);
            if (loss >= lowY && loss <= highY) {
                path.append(format("%s%.1f %.1f", path.isEmpty() ? "M" : "L", x(n), y(loss)));
            }
        }
        return path.isEmpty() ? "" : "<path d=\"" + path + "\" fill=\"none\" " + style + "/>\n";
    }

    private double x(double n) {
        return LEFT + Math.log(n / lowX) / Math.log(highX / lowX) * (WIDTH - LEFT - RIGHT);
    }

    private double y(double loss) {
        return HEIGHT - BOTTOM - Math.log(loss / lowY) / Math.log(highY / lowY) * (HEIGHT - TOP - BOTTOM);
    }

    private static String line(double x1, double y1, double x2, double y2) {
        return format(
                "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"currentColor\" stroke-opacity=\".15\"/>\n",
                x1, y1, x2, y2);
    }

    private static String text(double x, double y, String anchor, String content) {
        return format("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n", x, y, anchor, content);
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }
}
