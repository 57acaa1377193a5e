package tinygpt.report;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
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

    /** What the page may do: run what is part of it, and ask where it came from. */
    static final String CSP =
            "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; connect-src 'self'";

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
        parts.put("styles", joined(STYLES, "", "\n"));
        parts.put("masthead", tables.masthead());
        parts.put("hyperparameters", tables.hyperparameters());
        parts.put("parameters", tables.parameters());
        parts.put("ledger", tables.ledger());
        parts.put("lossCurve", "<div class=\"static-only\">\n" + LossCurve.of(state) + "</div>");
        parts.put("metrics", tables.metrics());
        parts.put("colophon", tables.colophon());
        parts.put("state", Html.json(state.toString()));
        parts.put("scripts", joined(SCRIPTS, "<script>\n", "\n</script>\n"));
        return fill(resource("page.html"), parts);
    }

    /** Puts the parts into their places; what a part says is not searched for places again. */
    private static String fill(String template, Map<String, String> parts) {
        StringBuilder out = new StringBuilder();
        int at = 0;
        for (int open = template.indexOf("{{"); open >= 0; open = template.indexOf("{{", at)) {
            int close = template.indexOf("}}", open);
            String part = parts.get(template.substring(open + 2, close));
            if (part == null) {
                throw new IllegalStateException("nothing belongs into " + template.substring(open, close + 2));
            }
            out.append(template, at, open).append(part);
            at = close + 2;
        }
        return out.append(template, at, template.length()).toString();
    }

    private static String joined(List<String> names, String before, String after) {
        StringBuilder out = new StringBuilder();
        names.forEach(name -> out.append(before).append(resource(name)).append(after));
        return out.toString();
    }

    /** A file beside this class, as text. */
    static String resource(String name) {
        try (InputStream in = ReportPage.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException("the program lacks its resource " + name);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
