package tinygpt.report;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The report of a run as one HTML file that needs no network: the template, the styles, the scripts, and the state as JSON.
 * Without JavaScript it still shows the tables and a loss curve, which are written here.
 *
 * <p>The page's parts are resources beside this class, a file for each idea; the scripts are put into the page one by one in
 * the order below, and each may use those before it.
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

    /** What the page may do. */
    static final String CSP = PageParts.CSP;

    private ReportPage() {}

    /**
     * The page.
     *
     * @param state as {@link RunState#read} gives it
     */
    public static String html(ObjectNode state) {
        StaticTables tables = new StaticTables(state);
        Map<String, String> parts = new HashMap<>();
        parts.put("policy", CSP);
        parts.put("title", Html.escape(state.path("name").asText() + " – tinygpt report"));
        parts.put("styles", PageParts.joined(STYLES, "", "\n"));
        parts.put("masthead", tables.masthead());
        parts.put("hyperparameters", tables.hyperparameters());
        parts.put("parameters", tables.parameters());
        parts.put("ledger", tables.ledger());
        parts.put("lossCurve", "<div class=\"static-only\">\n" + LossCurve.of(state) + "</div>");
        parts.put("metrics", tables.metrics());
        parts.put("colophon", tables.colophon());
        parts.put("state", Html.json(state.toString()));
        parts.put("scripts", PageParts.joined(SCRIPTS, "<script>\n", "\n</script>\n"));
        return PageParts.fill(PageParts.resource("page.html"), parts);
    }
}
