package tinygpt.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** The tables of the report as Markdown, for a repository or an issue. */
public final class ReportMarkdown {
    private final JsonNode state;
    private final StringBuilder out = new StringBuilder();

    private ReportMarkdown(JsonNode state) {
        this.state = state;
    }

    /**
     * The report.
     *
     * @param state as {@link RunState#read} gives it
     */
    public static String of(ObjectNode state) {
        return new ReportMarkdown(state).write();
    }

    private String write() {
        JsonNode run = state.path("run");
        out.append("# ").append(plain(state.path("name"))).append("\n\n");
        out.append(Figures.count(state.path("parameters").path("total")))
                .append(" parameters, ")
                .append(Figures.count(run.path("stepsDone")))
                .append(" of ")
                .append(Figures.count(run.path("steps")))
                .append(" steps, ")
                .append(Figures.count(run.path("tokens")))
                .append(" tokens; status: ")
                .append(plain(run.path("status")))
                .append(". An even guess has loss ")
                .append(Figures.loss(state.path("uniformLoss")))
                .append(".\n");
        hyperparameters();
        parameters();
        ledger();
        evaluations();
        samples();
        return out.toString();
    }

    private void hyperparameters() {
        JsonNode hyperparameters = state.path("hyperparameters");
        title("Set by you: hyperparameters");
        out.append("SHA-256 `").append(hyperparameters.path("sha256").asText()).append("`\n\n");
        row("group", "name", "value", "what it is");
        row("---", "---", "---:", "---");
        for (JsonNode group : hyperparameters.path("groups")) {
            for (JsonNode value : group.path("values")) {
                row(
                        plain(group.path("title")),
                        plain(value.path("key")),
                        plain(value.path("value")),
                        plain(value.path("about")));
            }
        }
    }

    private void parameters() {
        title("Learned: parameters");
        row("kind", "tensors", "parameters", "share", "moved");
        row("---", "---:", "---:", "---:", "---:");
        for (JsonNode kind : state.path("parameters").path("kinds")) {
            row(
                    plain(kind.path("kind")),
                    Figures.count(kind.path("tensors")),
                    Figures.count(kind.path("count")),
                    Figures.percent(kind.path("share")),
                    Figures.ratio(kind.path("moved")));
        }
    }

    private void ledger() {
        title("Ledger");
        out.append(plain(state.path("ledger").path("verdict"))).append("\n\n");
        row("step", "tokens", "hyperparameters", "weights", "tensors changed", "notes");
        row("---:", "---:", "---", "---", "---:", "---");
        for (JsonNode line : state.path("ledger").path("lines")) {
            row(
                    Figures.count(line.path("step")),
                    Figures.count(line.path("tokens")),
                    Figures.shortHash(line.path("config")),
                    Figures.shortHash(line.path("weights")),
                    line.path("changed").isNumber()
                            ? line.path("changed").asText() + " of "
                                    + line.path("of").asText()
                            : "-",
                    line.path("note").isTextual() ? plain(line.path("note")) : "");
        }
    }

    private void evaluations() {
        title("Validation loss");
        row("step", "nats per token", "");
        row("---:", "---:", "---");
        for (JsonNode one : state.path("metrics").path("evaluations")) {
            row(
                    Figures.count(one.path("step")),
                    Figures.loss(one.path("loss")),
                    one.path("best").booleanValue() ? "best" : "");
        }
    }

    /** The first and the last text that the model wrote, indented, so that nothing in them is markup. */
    private void samples() {
        JsonNode samples = state.path("samples");
        for (int i = 0; i < samples.size(); i += Math.max(1, samples.size() - 1)) {
            title("What the model writes at step "
                    + Figures.count(samples.get(i).path("step")));
            samples.get(i)
                    .path("text")
                    .asText()
                    .lines()
                    .forEach(line -> out.append("    ").append(line).append('\n'));
        }
    }

    private void title(String text) {
        out.append("\n## ").append(text).append("\n\n");
    }

    private void row(String... cells) {
        out.append("| ").append(String.join(" | ", cells)).append(" |\n");
    }

    private static String plain(JsonNode node) {
        return node.asText().replaceAll("\\R", " ").replaceAll("([\\\\`*_|<>\\[\\]])", "\\\\$1");
    }
}
