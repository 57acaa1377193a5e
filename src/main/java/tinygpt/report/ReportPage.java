package tinygpt.report;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The report of a run as one HTML file that needs no network. Without JavaScript it still shows the tables and a loss curve,
 * which are written here.
 */
public final class ReportPage {
    private static final List<String> STYLES = List.of("vendor/uPlot.min.css", "page.css");

    private static final List<String> SCRIPTS = List.of(
            "vendor/uPlot.iife.min.js",
            "dom.js",
            "numbers.js",
            "colors.js",
            "picture.js",
            "charts.js",
            "transport.js",
            "panel-loss.js",
            "panel-health.js",
            "panel-histograms.js",
            "panel-weights.js",
            "panel-attention.js",
            "panel-embedding.js",
            "live.js",
            "start.js");

    private ReportPage() {}

    /**
     * The page.
     *
     * @param state as {@link RunState#read} gives it
     */
    public static String html(ObjectNode state) {
        StaticTables tables = new StaticTables(state);
        Map<String, String> parts = new HashMap<>();
        parts.put("title", Html.escape(state.path("name").asText() + " – tinygpt report"));
        parts.put("masthead", tables.masthead() + "<div id=\"live\" class=\"live\" hidden></div>");
        parts.put("hyperparameters", tables.hyperparameters());
        parts.put("parameters", tables.parameters());
        parts.put("ledger", tables.ledger());
        parts.put("lossCurve", "<div class=\"static-only\">\n" + LossCurve.of(state) + "</div>");
        parts.put("metrics", tables.metrics());
        parts.put("colophon", tables.colophon());
        parts.put(
                "credits",
                "Charts: uPlot 1.6.32, © 2022 Leon Sorokin, MIT licence. Colours: ColorBrewer PuOr, viridis, Okabe and Ito.");
        return PageParts.page("panels-run.html", parts, STYLES, SCRIPTS, state.toString());
    }
}
