package tinygpt.search;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tinygpt.formats.AtomicFile;
import tinygpt.formats.BadFileException;
import tinygpt.report.Figures;
import tinygpt.report.Html;
import tinygpt.report.PageParts;

/**
 * A search as one HTML file that needs no network: the table, the loss curves over each other, the loss against each
 * hyperparameter, against size and time, and what proves that the trials differ in nothing else. Without JavaScript all but
 * the curves is there.
 */
public final class SearchPage {
    private static final List<String> STYLES = List.of("vendor/uPlot.min.css", "page.css", "search.css");
    private static final List<String> SCRIPTS = List.of(
            "vendor/uPlot.iife.min.js", "dom.js", "numbers.js", "colors.js", "picture.js", "charts.js", "search.js");

    private final SearchPlan plan;
    private final TrialList trials;
    private final List<Result> results;
    private final Path folder;
    private final Result best;

    private SearchPage(Path folder, SearchPlan plan, TrialList trials, List<Result> results) {
        this.folder = folder;
        this.plan = plan;
        this.trials = trials;
        this.results = results;
        this.best = Result.best(results);
    }

    /**
     * Writes {@code report.html}.
     *
     * @param first HTML that stands before the table; may be empty
     */
    public static void write(SearchFolder folder, SearchPlan plan, TrialList trials, List<Result> results, String first)
            throws IOException {
        String html = new SearchPage(folder.path(), plan, trials, results).html(first);
        AtomicFile.write(folder.report(), html.getBytes(StandardCharsets.UTF_8));
    }

    private String html(String first) throws IOException {
        Map<String, String> parts = new HashMap<>();
        parts.put("title", Html.escape(folder.getFileName() + " – tinygpt search"));
        parts.put("masthead", masthead());
        parts.put("first", first);
        parts.put("results", table());
        parts.put("against", against());
        parts.put("cost", cost());
        parts.put("proof", proof());
        parts.put("base", base());
        parts.put("colophon", "");
        parts.put("credits", "Charts: uPlot 1.6.32, © 2022 Leon Sorokin, MIT licence.");
        return PageParts.page("panels-search.html", parts, STYLES, SCRIPTS, state().toString());
    }

    private String masthead() {
        StringBuilder out = new StringBuilder("<p class=\"eyebrow\">Hyperparameter search · tinygpt</p>\n");
        out.append("<h1>").append(Html.escape(folder.getFileName().toString())).append("</h1>\n<p class=\"lede\">");
        if (best == null) {
            out.append("No trial has a validation loss.");
        } else {
            out.append("Lowest validation loss <strong>")
                    .append(Figures.loss(best.loss()))
                    .append("</strong>, trial ")
                    .append(best.trial().name())
                    .append(": <strong>")
                    .append(Html.escape(best.trial().label()))
                    .append("</strong>.");
        }
        out.append("</p>\n<dl class=\"facts\">\n");
        for (TrialState state : TrialState.values()) {
            long n = results.stream().filter(r -> r.state() == state).count();
            if (n > 0) {
                fact(out, state.text(), Figures.count(n));
            }
        }
        fact(out, "left out", Figures.count(trials.skipped().size()));
        fact(
                out,
                "tokens",
                Figures.count(results.stream().mapToLong(Result::tokens).sum()));
        fact(
                out,
                "in steps",
                Figures.duration(results.stream().mapToDouble(Result::seconds).sum()));
        out.append("</dl>\n");
        List<String> edges = plan.method() == SearchPlan.Method.ZIP ? List.of() : EdgeWarnings.of(plan, results);
        edges.forEach(sentence -> out.append("<p class=\"warning\">")
                .append(Html.escape(sentence))
                .append(".</p>\n"));
        return out.toString();
    }

    private static void fact(StringBuilder out, String name, String value) {
        out.append("<div><dt>").append(name).append("</dt><dd>").append(value).append("</dd></div>\n");
    }

    private String table() {
        StringBuilder out = new StringBuilder();
        List<String> columns = new ArrayList<>(
                List.of("#rank", "#trial", "state", "#val loss", "#ppl", "#step", "#tokens", "#seconds"));
        columns.addAll(List.of("#attempts", "#parameters"));
        plan.space().axes().forEach(axis -> columns.add("#" + Html.escape(axis.name())));
        columns.add("what went wrong");
        head(out, "Trials", columns);
        int rank = 0;
        for (Result r : results) {
            List<String> cells = new ArrayList<>(List.of(
                    "#" + ++rank,
                    "#" + r.trial().name(),
                    r.state().text(),
                    "#" + (Double.isFinite(r.loss()) ? Figures.loss(r.loss()) : "n/a"),
                    "#" + (Double.isFinite(r.loss()) ? ResultFiles.fixed(r.perplexity(), 2) : "n/a"),
                    "#" + Figures.count(r.step()),
                    "#" + Figures.count(r.tokens()),
                    "#" + ResultFiles.fixed(r.seconds(), 1),
                    "#" + r.attempts(),
                    "#" + Figures.count(r.parameters())));
            r.trial().values().values().forEach(value -> cells.add("#" + Html.escape(Axis.text(value))));
            cells.add(Html.escape(r.message()));
            row(out, r.trial().name(), cells);
        }
        return out.append("</tbody></table></div>\n").toString();
    }

    /** The loss against each hyperparameter. */
    private String against() {
        StringBuilder out = new StringBuilder("<div class=\"scatters\">\n");
        for (Axis axis : plan.space().axes()) {
            boolean numeric = axis.values().isNumeric();
            List<String> categories = numeric
                    ? List.of()
                    : ((AxisValues.Choices) axis.values())
                            .all().stream().map(Axis::text).toList();
            ScatterPlot plot = new ScatterPlot(axis.name(), axis.values().isLogarithmic(), categories);
            for (Result r : results) {
                JsonNode value = r.trial().values().get(axis.name());
                add(plot, r, numeric ? value.doubleValue() : categories.indexOf(Axis.text(value)));
            }
            out.append(plot.svg());
        }
        return out.append("</div>\n").toString();
    }

    /** The loss against size and time. */
    private String cost() {
        ScatterPlot size = new ScatterPlot("parameters", true, List.of());
        ScatterPlot time = new ScatterPlot("seconds in steps", false, List.of());
        for (Result r : results) {
            add(size, r, r.parameters());
            add(time, r, r.seconds());
        }
        return "<div class=\"scatters\">\n" + size.svg() + time.svg() + "</div>\n";
    }

    private void add(ScatterPlot plot, Result r, double x) {
        String name = r.trial().name();
        String label = "trial " + name + ", " + r.state().text() + ", " + Figures.loss(r.loss()) + ": "
                + r.trial().label();
        plot.add(new ScatterPlot.Point(name, label, x, r.loss(), r == best));
    }

    /** What the files of each run say of its hyperparameters. */
    private String proof() {
        StringBuilder lines = new StringBuilder();
        List<String> columns =
                List.of("#trial", "differs from the base in", "follows from it", "#ledger lines", "verdict");
        head(lines, "Hyperparameters of each run", columns);
        int checked = 0;
        int broken = 0;
        for (Result r : results) {
            if (r.trial().folder(folder).checkpoints().isEmpty()) {
                continue;
            }
            TrialProof proof = TrialProof.of(plan, r.trial(), folder);
            checked++;
            broken += proof.holds() ? 0 : 1;
            List<String> searched = new ArrayList<>();
            List<String> following = new ArrayList<>();
            proof.differences()
                    .forEach(d -> (proof.following().containsKey(d.path()) ? following : searched).add(d.toString()));
            row(
                    lines,
                    r.trial().name(),
                    List.of(
                            "#" + r.trial().name(),
                            Html.escape(searched.isEmpty() ? "nothing" : String.join("; ", searched)),
                            Html.escape(String.join("; ", following)),
                            "#" + proof.ledgerLines(),
                            proof.holds() ? "fixed" : Html.escape(String.join("; ", proof.problems()))));
        }
        lines.append("</tbody></table></div>\n");
        String verdict = broken == 0
                ? "<p class=\"verdict sound\">" + checked
                        + " runs: each differs from the base in what was searched and in"
                        + " what follows from it, in nothing else, and its hyperparameters have one fingerprint from the"
                        + " first line of its ledger to the last"
                        + (plan.from() == null ? "" : "; each began with the weights of the same model")
                        + ".</p>\n"
                : "<p class=\"verdict broken\">" + broken + " of " + checked
                        + " runs are not what they should be.</p>\n";
        return verdict + "<details><summary>Run by run</summary>\n" + lines + "</details>\n";
    }

    private String base() {
        StringBuilder out = new StringBuilder("<h3>What was searched</h3>\n<ul>\n");
        plan.space()
                .specs()
                .forEach(spec ->
                        out.append("<li><code>").append(Html.escape(spec)).append("</code></li>\n"));
        out.append("</ul>\n");
        if (plan.from() != null) {
            out.append("<p>All trials begin with the weights of <code>")
                    .append(Html.escape(plan.from().path().toString()))
                    .append("</code>, SHA-256 <code>")
                    .append(Html.escape(plan.from().weightsSha256()))
                    .append("</code>.</p>\n");
        }
        out.append("<details><summary>All other hyperparameters</summary>\n<pre>")
                .append(Html.escape(plan.base().toJson().toPrettyString()))
                .append("</pre>\n</details>\n");
        if (!trials.skipped().isEmpty()) {
            head(out, "Left out", List.of("#trial", "values", "why"));
            trials.skipped()
                    .forEach(one -> row(
                            out, "", List.of("#" + one.index(), Html.escape(one.label()), Html.escape(one.reason()))));
            out.append("</tbody></table></div>\n");
        }
        return out.toString();
    }

    /** What the script draws: the evaluations of every trial. */
    private ObjectNode state() {
        ObjectNode state = JsonNodeFactory.instance.objectNode();
        state.put("best", best == null ? "" : best.trial().name());
        ArrayNode all = state.putArray("trials");
        for (Result r : results) {
            TrialLog log = log(r.trial());
            ObjectNode one = all.addObject();
            one.put("name", r.trial().name());
            one.put("label", r.trial().label());
            one.put("state", r.state().text());
            ArrayNode steps = one.putArray("step");
            ArrayNode tokens = one.putArray("tokens");
            ArrayNode seconds = one.putArray("seconds");
            ArrayNode losses = one.putArray("loss");
            log.evaluations().forEach(evaluation -> {
                steps.add(evaluation.step());
                tokens.add(evaluation.tokens());
                seconds.add(evaluation.seconds());
                losses.add(evaluation.loss());
            });
        }
        return state;
    }

    /** Of a trial that failed, the log may be unreadable too; the others have their curves all the same. */
    private TrialLog log(Trial trial) {
        try {
            return TrialLog.read(trial.folder(folder).path());
        } catch (IOException | BadFileException e) {
            return new TrialLog(List.of(), 0);
        }
    }

    /** A column that begins with # is one of numbers. */
    private static void head(StringBuilder out, String caption, List<String> columns) {
        out.append("<div class=\"scroll whole\" tabindex=\"0\" role=\"region\" aria-label=\"")
                .append(caption)
                .append("\"><table><caption>")
                .append(caption)
                .append("</caption><thead><tr>");
        for (String column : columns) {
            boolean number = column.startsWith("#");
            out.append("<th scope=\"col\"").append(number ? " class=\"n\">" : ">");
            out.append(number ? column.substring(1) : column).append("</th>");
        }
        out.append("</tr></thead><tbody>\n");
    }

    /** Cells are HTML. */
    private static void row(StringBuilder out, String trial, List<String> cells) {
        out.append(trial.isEmpty() ? "<tr>" : "<tr data-trial=\"" + trial + "\">");
        for (String cell : cells) {
            boolean number = cell.startsWith("#");
            out.append(number ? "<td class=\"n\">" : "<td>")
                    .append(number ? cell.substring(1) : cell)
                    .append("</td>");
        }
        out.append("</tr>\n");
    }
}
