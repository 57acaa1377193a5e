package tinygpt.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;

/** The parts of the page about two models that Java writes as HTML: what is to be seen without JavaScript and on paper. */
final class DifferenceTables {
    private final JsonNode state;
    private final JsonNode difference;

    DifferenceTables(JsonNode state) {
        this.state = state;
        this.difference = state.path("difference");
    }

    String title() {
        return name("a") + " → " + name("b");
    }

    private String name(String of) {
        return state.path(of).path("name").asText();
    }

    /** Names of both, one sentence, and the facts. */
    String masthead() {
        JsonNode all = state.path("all");
        StringBuilder out = new StringBuilder("<p class=\"eyebrow\">Difference of two models · ")
                .append(text(state.path("program")))
                .append("</p>\n<h1>")
                .append(Html.escape(title()))
                .append("</h1>\n<p class=\"lede\">")
                .append(sentence())
                .append("</p>\n<dl class=\"facts\">\n");
        model(out, "A", state.path("a"));
        model(out, "B", state.path("b"));
        StaticTables.fact(
                out,
                "Tensors that differ",
                "differing",
                Figures.count(state.path("differing")),
                "of " + Figures.count(state.path("tensors")));
        StaticTables.fact(out, "|B − A| / |A|", "relative", Figures.relative(all), "of all that both have");
        StaticTables.fact(
                out,
                "Weights that changed",
                "changed",
                Figures.count(all.path("changed")),
                "of " + Figures.count(all.path("compared")));
        return out.append("</dl>\n").toString();
    }

    private String sentence() {
        if (difference.path("same").booleanValue()) {
            return "They are <strong>the same</strong> to the bit.";
        }
        long differing = state.path("differing").longValue();
        if (differing == 0) {
            return "All numbers are <strong>the same</strong> to the bit; only what a person set differs.";
        }
        boolean all = differing == state.path("tensors").longValue();
        return "<strong>" + Figures.count(differing) + "</strong> of "
                + Figures.count(state.path("tensors"))
                + (differing == 1 ? " tensors differs." : " tensors differ.")
                + (all ? "" : " The rest is the same to the bit.");
    }

    private static void model(StringBuilder out, String letter, JsonNode model) {
        StaticTables.fact(
                out,
                letter,
                "model-" + letter.toLowerCase(java.util.Locale.ROOT),
                text(model.path("name")),
                (model.path("step").isNumber() ? "step " + Figures.count(model.path("step")) + ", " : "")
                        + Figures.count(model.path("parameters")) + " parameters");
    }

    /** What a person set and that differs. */
    String hyperparameters() {
        JsonNode changes = difference.path("hyperparameters");
        if (changes.isEmpty()) {
            return "";
        }
        StringBuilder out = new StringBuilder();
        StaticTables.scroll(out, "Hyperparameters that differ");
        StaticTables.head(out, "Hyperparameters that differ", "key", "A", "B");
        for (Map.Entry<String, JsonNode> change : changes.properties()) {
            StaticTables.row(
                    out,
                    Html.escape(change.getKey()).replace("_", "_<wbr>"),
                    text(change.getValue().path("a")),
                    text(change.getValue().path("b")));
        }
        return out.append("</tbody></table></div>\n<p class=\"fingerprint\">SHA-256 of all of them: A <code>")
                .append(Figures.shortHash(difference.path("config_sha256_a")))
                .append("</code>, B <code>")
                .append(Figures.shortHash(difference.path("config_sha256_b")))
                .append("</code></p>\n")
                .toString();
    }

    /** The sums over the tensors of each kind. */
    String kinds() {
        StringBuilder out = new StringBuilder();
        StaticTables.scroll(out, "By kind");
        StaticTables.head(out, "By kind", "kind", "#compared", "#|B−A| / |A|", "#cosine", "#max |Δ|", "#changed");
        for (Map.Entry<String, JsonNode> kind : difference.path("by_kind").properties()) {
            JsonNode n = kind.getValue();
            StaticTables.row(
                    out,
                    Html.escape(kind.getKey()),
                    "#" + Figures.count(n.path("compared")),
                    "#" + Figures.relative(n),
                    "#" + Figures.cosine(n),
                    "#" + Figures.largest(n),
                    "#" + Figures.changedShare(n));
        }
        return out.append("</tbody></table></div>\n").toString();
    }

    /** Tensor by tensor. What a cell is sorted by is beside what it shows. */
    String tensors() {
        StringBuilder out = new StringBuilder("<div id=\"tensors\">\n");
        StaticTables.scroll(out, "Tensors");
        StaticTables.head(
                out,
                "Tensor by tensor",
                "name",
                "#|B−A| / |A|",
                "#cosine",
                "#max |Δ|",
                "#changed",
                "#parameters",
                "kind",
                "remark");
        for (JsonNode tensor : difference.path("tensors")) {
            boolean compared = tensor.path("compared").longValue() > 0;
            double share = tensor.path("changed").doubleValue()
                    / Math.max(1, tensor.path("compared").longValue());
            out.append("<tr><th scope=\"row\"><code>")
                    .append(text(tensor.path("name")))
                    .append("</code></th>");
            number(out, compared, value(tensor, "relative_change", 0), Figures.relative(tensor));
            number(out, compared, value(tensor, "cosine", 1), Figures.cosine(tensor));
            number(out, compared, value(tensor, "largest_change", 0), Figures.largest(tensor));
            number(out, compared, share, Figures.changedShare(tensor));
            number(out, compared, tensor.path("compared").doubleValue(), Figures.count(tensor.path("compared")));
            out.append("<td>").append(text(tensor.path("kind"))).append("</td>");
            out.append("<td>").append(remark(tensor)).append("</td></tr>\n");
        }
        out.append("</tbody></table></div>\n");
        long unlisted = state.path("unlisted").longValue();
        if (unlisted > 0) {
            out.append("<p class=\"remark\">")
                    .append(Figures.count(unlisted))
                    .append(unlisted == 1 ? " tensor is" : " tensors are")
                    .append(" not listed.</p>\n");
        }
        return out.append("</div>\n").toString();
    }

    /** The number that a cell is sorted by; NaN where there is none. */
    private static double value(JsonNode tensor, String key, double ofTheSame) {
        return tensor.path("changed").longValue() == 0
                ? ofTheSame
                : tensor.path(key).isNumber() ? tensor.path(key).doubleValue() : Double.NaN;
    }

    private static void number(StringBuilder out, boolean compared, double value, String shown) {
        out.append("<td class=\"n\"");
        if (compared && Double.isFinite(value)) {
            out.append(" data-value=\"").append(value).append('"');
        }
        out.append('>').append(compared ? shown : "").append("</td>");
    }

    private static String remark(JsonNode tensor) {
        return switch (tensor.path("state").asText()) {
            case "same" -> "🔒 same hash";
            case "added" -> "only in B, " + StaticTables.shape(tensor.path("shape_b"));
            case "removed" -> "only in A, " + StaticTables.shape(tensor.path("shape_a"));
            case "reshaped" ->
                "reshaped, " + StaticTables.shape(tensor.path("shape_a")) + " → "
                        + StaticTables.shape(tensor.path("shape_b"));
            default -> "";
        };
    }

    /** How the file was made. */
    String colophon() {
        return "<p>Made by " + text(state.path("program")) + ". The optimizer's moments are not compared.</p>";
    }

    private static String text(JsonNode node) {
        return Html.escape(node.asText());
    }
}
