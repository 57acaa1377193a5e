package tinygpt.formats;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.StringJoiner;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.parameters.ParameterKind;
import tinygpt.parameters.ParameterRegistry;

/**
 * The README.md that a model hub shows: what the model is, how to load it, what was set and what was learned. It begins with
 * the fields that the hub reads.
 *
 * @param name of the model
 * @param loading lines of code
 */
record ModelCard(ExportedModel model, String name, List<String> loading) {
    /** By which an export is known again. */
    static final String MARK = "<!-- written by tinygpt export -->";

    ModelCard {
        loading = List.copyOf(loading);
    }

    /** How transformers loads a folder, in three lines of Python. */
    static List<String> transformers(ExportedModel model, String folder) {
        String quoted =
                folder.replaceAll("\\p{Cntrl}", "?").replace("\\", "\\\\").replace("\"", "\\\"");
        return model.tokenizer().isPresent()
                ? List.of(
                        "from transformers import pipeline",
                        "generate = pipeline(\"text-generation\", model=\"" + quoted + "\")",
                        "print(generate(\"The \", max_new_tokens=100, do_sample=True)[0][\"generated_text\"])")
                : List.of(
                        "from transformers import AutoModelForCausalLM",
                        "model = AutoModelForCausalLM.from_pretrained(\"" + quoted + "\")",
                        "print(model.generate(max_new_tokens=100, do_sample=True))");
    }

    String text() {
        StringJoiner text = new StringJoiner("\n", "", "\n");
        text.add("---").add("library_name: transformers").add("pipeline_tag: text-generation");
        text.add("tags:").add("- gpt2").add("- tinygpt").add("---").add(MARK).add("");
        text.add("# " + inline(name)).add("");
        text.add("A GPT-2 style language model of " + count(model.registry().count())
                + " parameters, written by tinygpt.");
        text.add("").add("## Load it").add("").add("```");
        loading.forEach(text::add);
        text.add("```").add("").add("## Architecture").add("");
        architecture(text);
        text.add("").add("## Parameters").add("");
        parameters(text);
        training(text);
        return text.toString();
    }

    private void architecture(StringJoiner text) {
        table(text, "", "value");
        var shape = model.shape();
        row(text, "layers", count(shape.layers()));
        row(text, "heads", count(shape.heads()));
        row(text, "width", count(shape.width()));
        row(text, "feed-forward width", count(shape.feedForwardWidth()));
        row(text, "context length", count(shape.contextLength()) + " tokens");
        row(
                text,
                "vocabulary",
                count(shape.vocabularySize()) + " tokens"
                        + model.tokenizer().map(t -> " (" + t.kind() + ")").orElse(""));
        row(text, "activation", shape.activation().name().toLowerCase(Locale.ROOT));
        row(text, "biases", shape.biases() ? "yes" : "no (zeros in this file)");
        row(text, "output head", shape.tiedHead() ? "the token embedding" : "a matrix of its own");
    }

    private void parameters(StringJoiner text) {
        ParameterRegistry registry = model.registry();
        text.add("| kind | parameters | share |").add("|---|--:|--:|");
        for (ParameterKind kind : ParameterKind.values()) {
            long count = registry.count(kind);
            if (count > 0) {
                double share = 100.0 * count / registry.count();
                text.add("| " + kind.label() + " | " + count(count) + " | "
                        + String.format(Locale.ROOT, "%.1f %%", share) + " |");
            }
        }
        text.add("| all | " + count(registry.count()) + " | 100.0 % |");
    }

    private void training(StringJoiner text) {
        ModelFacts facts = model.facts();
        if (facts.hyperparameters().isEmpty()) {
            return;
        }
        text.add("").add("## Training").add("");
        table(text, "", "value");
        facts.data().ifPresent(data -> row(text, "data", inline(data)));
        facts.step().ifPresent(step -> row(text, "steps", count(step)));
        facts.tokensSeen().ifPresent(tokens -> row(text, "tokens seen", count(tokens)));
        facts.validationLoss()
                .ifPresent(loss -> row(text, "validation loss", String.format(Locale.ROOT, "%.4f nats a token", loss)));
        text.add("").add("## Hyperparameters").add("");
        table(text, "name", "value");
        Hyperparameters hyperparameters = facts.hyperparameters().get();
        for (Map.Entry<String, com.fasterxml.jackson.databind.JsonNode> group :
                hyperparameters.toJson().properties()) {
            if (group.getValue().isObject()) {
                group.getValue()
                        .properties()
                        .forEach(entry -> row(
                                text,
                                group.getKey() + "." + entry.getKey(),
                                inline(entry.getValue().asText())));
            } else {
                row(text, group.getKey(), inline(group.getValue().asText()));
            }
        }
    }

    private static void table(StringJoiner text, String first, String second) {
        text.add("| " + first + " | " + second + " |").add("|---|---|");
    }

    private static void row(StringJoiner text, String name, String value) {
        text.add("| " + name + " | " + value + " |");
    }

    private static String count(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }

    /** A name that may hold anything, as plain text of Markdown on one line. */
    private static String inline(String name) {
        StringBuilder plain = new StringBuilder();
        for (char c : BadFileException.quote(name).toCharArray()) {
            if ("\\`*_{}[]<>()#+!|~".indexOf(c) >= 0) {
                plain.append('\\');
            }
            plain.append(c);
        }
        return plain.toString();
    }
}
