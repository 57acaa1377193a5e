package tinygpt.report;

import com.fasterxml.jackson.databind.JsonNode;

/** The parts of the page that Java writes as HTML: what is to be seen without JavaScript, on paper and by machines. */
final class StaticTables {
    private final JsonNode state;

    StaticTables(JsonNode state) {
        this.state = state;
    }

    /** Name, one sentence, and the facts of the run. */
    String masthead() {
        JsonNode run = state.path("run");
        JsonNode parameters = state.path("parameters");
        StringBuilder out = new StringBuilder("<div data-fresh=\"masthead\">\n");
        out.append("<p class=\"eyebrow\">Training run · ")
                .append(text(state.path("program")))
                .append("</p>\n");
        out.append("<h1>").append(text(state.path("name"))).append("</h1>\n");
        out.append("<p class=\"lede\"><strong>")
                .append(Figures.count(parameters.path("total")))
                .append("</strong> numbers, found by <strong id=\"run-done\">")
                .append(Figures.count(run.path("stepsDone")))
                .append("</strong> steps of training")
                .append(run.path("data").isTextual() ? " on " + text(run.path("data")) : "")
                .append(". Nobody typed them in.")
                .append(run.path("note").isTextual() ? " " + text(run.path("note")) : "")
                .append("</p>\n");
        out.append("<dl class=\"facts\">\n");
        fact(out, "Status", "run-status", text(run.path("status")), started(run));
        fact(
                out,
                "Steps",
                "run-steps",
                Figures.count(run.path("stepsDone")) + " of " + Figures.count(run.path("steps")),
                Figures.duration(run.path("seconds").doubleValue()) + " in steps");
        fact(out, "Tokens seen", "run-tokens", Figures.count(run.path("tokens")), vocabulary(run));
        JsonNode best = best();
        fact(
                out,
                "Best validation loss",
                "run-best",
                best.isMissingNode() ? "n/a" : Figures.loss(best.path("loss")),
                best.isMissingNode() ? "not evaluated" : "at step " + Figures.count(best.path("step")));
        fact(out, "Even guess", "run-uniform", Figures.loss(state.path("uniformLoss")), "ln of the vocabulary");
        out.append("</dl>\n");
        if ("diverged".equals(run.path("status").textValue())) {
            out.append("<p class=\"warning\">The loss stopped being a number: this run diverged. A lower learning rate,"
                    + " a longer warm-up or gradient clipping helps.</p>\n");
        }
        return out.append("</div>\n").toString();
    }

    private static String started(JsonNode run) {
        return run.path("started").isTextual()
                ? Html.escape(run.path("started").textValue().replace('T', ' ').replace("Z", " UTC"))
                : "";
    }

    private static String vocabulary(JsonNode run) {
        return text(run.path("tokenizer")) + " tokenizer, " + Figures.count(run.path("vocabulary")) + " tokens";
    }

    private JsonNode best() {
        for (JsonNode one : state.path("metrics").path("evaluations")) {
            if (one.path("best").booleanValue()) {
                return one;
            }
        }
        return com.fasterxml.jackson.databind.node.MissingNode.getInstance();
    }

    static void fact(StringBuilder out, String name, String id, String value, String small) {
        out.append("<div><dt>")
                .append(name)
                .append("</dt><dd><span id=\"")
                .append(id)
                .append("\">");
        out.append(value).append("</span>");
        out.append(small.isEmpty() ? "" : "<small>" + small + "</small>").append("</dd></div>\n");
    }

    /** What a person set, group by group, with the fingerprint of all of it. */
    String hyperparameters() {
        StringBuilder out = new StringBuilder("<h3>Set by you: hyperparameters</h3>\n");
        out.append("<p class=\"fingerprint\">SHA-256 <code>")
                .append(text(state.path("hyperparameters").path("sha256")))
                .append("</code></p>\n");
        for (JsonNode group : state.path("hyperparameters").path("groups")) {
            out.append("<table class=\"key-value\"><caption>")
                    .append(text(group.path("title")))
                    .append("</caption><tbody>\n");
            for (JsonNode value : group.path("values")) {
                out.append("<tr><th scope=\"row\">")
                        .append(text(value.path("key")).replace("_", "_<wbr>"))
                        .append("</th><td><b>")
                        .append(text(value.path("value")))
                        .append("</b></td><td>")
                        .append(text(value.path("about")))
                        .append("</td></tr>\n");
            }
            out.append("</tbody></table>\n");
        }
        return out.toString();
    }

    /** What training found: counts by kind, how far each kind has moved, and every tensor. */
    String parameters() {
        JsonNode parameters = state.path("parameters");
        StringBuilder out = new StringBuilder("<h3>Learned: parameters</h3>\n");
        out.append("<p class=\"fingerprint\">SHA-256 of all weights, first <code>")
                .append(Figures.shortHash(parameters.path("firstSha256")))
                .append("</code>, last <code>")
                .append(Figures.shortHash(parameters.path("lastSha256")))
                .append("</code></p>\n<p><strong>")
                .append(Figures.count(parameters.path("total")))
                .append("</strong> parameters in ")
                .append(Figures.count(parameters.path("tensors")))
                .append(" tensors, ")
                .append(Figures.count(parameters.path("trainable")))
                .append(" of them trainable.</p>\n");
        scroll(out, "Parameters by kind");
        head(out, "By kind", "kind", "#tensors", "#parameters", "#share", "#moved", "");
        for (JsonNode kind : parameters.path("kinds")) {
            row(
                    out,
                    text(kind.path("kind")),
                    "#" + Figures.count(kind.path("tensors")),
                    "#" + Figures.count(kind.path("count")),
                    "#" + Figures.percent(kind.path("share")),
                    "#" + Figures.ratio(kind.path("moved")),
                    "<span class=\"sharebar\" aria-hidden=\"true\"><span class=\"share\" style=\"width:"
                            + Figures.percent(kind.path("share")) + "\"></span></span>");
        }
        out.append("</tbody></table></div>\n");
        out.append("<p class=\"remark\">Moved = distance from the first checkpoint to the newest, relative to where it"
                + " started: ‖W − W₀‖ / ‖W₀‖.</p>\n");
        out.append("<details><summary>Every tensor</summary>\n");
        scroll(out, "Every tensor");
        head(out, "All tensors", "name", "kind", "#shape", "#parameters", "starts as", "decay", "trained");
        for (JsonNode one : parameters.path("list")) {
            row(
                    out,
                    "<code>" + text(one.path("name")) + "</code>"
                            + (one.path("tied").isTextual() ? " = " + text(one.path("tied")) : ""),
                    text(one.path("kind")),
                    "#" + shape(one.path("shape")),
                    "#" + Figures.count(one.path("count")),
                    text(one.path("initial")),
                    one.path("decayed").booleanValue() ? "yes" : "no",
                    one.path("trainable").booleanValue() ? "yes" : "🔒 frozen");
        }
        return out.append("</tbody></table></div>\n</details>\n").toString();
    }

    static String shape(JsonNode shape) {
        StringBuilder out = new StringBuilder();
        shape.forEach(size -> out.append(out.isEmpty() ? "" : " × ").append(Figures.count(size)));
        return out.toString();
    }

    /** The chain of fingerprints, and what it shows. */
    String ledger() {
        JsonNode ledger = state.path("ledger");
        StringBuilder out = new StringBuilder("<h3>Ledger</h3>\n");
        out.append("<p class=\"verdict ")
                .append(ledger.path("intact").booleanValue() ? "sound" : "broken")
                .append("\"><span id=\"ledger-verdict\">")
                .append(text(ledger.path("verdict")))
                .append("</span></p>\n");
        if (ledger.path("lines").isEmpty()) {
            return out.toString();
        }
        out.append("<div id=\"ledger\">");
        out.append("<div class=\"scroll whole\" tabindex=\"0\" role=\"region\" aria-label=\"Ledger\">");
        head(
                out,
                "A line for every checkpoint",
                "#step",
                "#tokens",
                "hyperparameters",
                "weights",
                "#tensors changed",
                "notes");
        boolean first = true;
        for (JsonNode line : ledger.path("lines")) {
            row(
                    out,
                    "#" + Figures.count(line.path("step")),
                    "#" + Figures.count(line.path("tokens")),
                    !first && line.path("sameConfig").booleanValue()
                            ? "same"
                            : "<code>" + Figures.shortHash(line.path("config")) + "</code>",
                    "<code>" + Figures.shortHash(line.path("weights")) + "</code>",
                    "#"
                            + (line.path("changed").isNumber()
                                    ? line.path("changed").asText() + " of "
                                            + line.path("of").asText()
                                    : "—"),
                    line.path("note").isTextual() ? text(line.path("note")) : "");
            first = false;
        }
        return out.append("</tbody></table></div></div>\n").toString();
    }

    /** The evaluations, for readers without JavaScript. */
    String metrics() {
        StringBuilder out = new StringBuilder("<div class=\"static-only\">\n");
        JsonNode evaluations = state.path("metrics").path("evaluations");
        if (evaluations.isEmpty()) {
            return out.append("<p>The run was not evaluated.</p>\n</div>\n").toString();
        }
        scroll(out, "Validation loss");
        head(out, "Validation loss", "#step", "#loss, nats per token", "");
        for (JsonNode one : evaluations) {
            row(
                    out,
                    "#" + Figures.count(one.path("step")),
                    "#" + Figures.loss(one.path("loss")),
                    one.path("best").booleanValue() ? "best" : "");
        }
        return out.append("</tbody></table></div>\n</div>\n").toString();
    }

    /** What is in this file and how it was made. */
    String colophon() {
        return "<p>Made by " + text(state.path("program")) + ", report format "
                + text(state.path("format")) + ". Training text"
                + (state.path("run").path("dataSha256").isTextual()
                        ? " SHA-256 <code>"
                                + Figures.shortHash(state.path("run").path("dataSha256")) + "</code>."
                        : " unknown.")
                + "</p>";
    }

    static void scroll(StringBuilder out, String label) {
        out.append("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"")
                .append(label)
                .append("\">");
    }

    /** A column that begins with # is one of numbers. */
    static void head(StringBuilder out, String caption, String... columns) {
        out.append("<table><caption>").append(caption).append("</caption><thead><tr>");
        for (String column : columns) {
            boolean number = column.startsWith("#");
            String tag = column.isEmpty() ? "td" : "th";
            out.append('<').append(tag).append(column.isEmpty() ? "" : " scope=\"col\"");
            out.append(number ? " class=\"n\">" : ">").append(number ? column.substring(1) : column);
            out.append("</").append(tag).append('>');
        }
        out.append("</tr></thead><tbody>\n");
    }

    /** Cells are HTML; the first is the head of its row. */
    static void row(StringBuilder out, String... cells) {
        out.append("<tr>");
        for (int i = 0; i < cells.length; i++) {
            boolean number = cells[i].startsWith("#");
            String tag = i == 0 ? "th" : "td";
            out.append('<').append(tag).append(i == 0 ? " scope=\"row\"" : "");
            out.append(number ? " class=\"n\">" : ">").append(number ? cells[i].substring(1) : cells[i]);
            out.append("</").append(tag).append('>');
        }
        out.append("</tr>\n");
    }

    private static String text(JsonNode node) {
        return Html.escape(node.asText());
    }
}
