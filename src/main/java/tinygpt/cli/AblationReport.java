package tinygpt.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import tinygpt.inspection.Ablation.Effect;
import tinygpt.training.Evaluation;

/**
 * What taking parts out of a model did.
 *
 * @param model where it is
 * @param step of its checkpoint, if it is one
 * @param data the text
 * @param before the loss of the model as it is
 * @param effects in the order to show them
 * @param together whether each was done on top of those before it, and not alone
 * @param seed of the texts
 * @param textBefore a text by the model as it is; empty for none
 * @param textAfter one by the model as it became
 */
record AblationReport(
        Path model,
        OptionalLong step,
        Path data,
        Evaluation.Result before,
        List<Effect> effects,
        boolean together,
        long seed,
        String textBefore,
        String textAfter) {

    String table(Glyphs glyphs) {
        StringBuilder out = new StringBuilder();
        out.append("model  ")
                .append(model)
                .append(step.isPresent() ? ", step " + Show.count(step.getAsLong()) : "")
                .append('\n');
        out.append("data   ").append(data).append(", validation split, ").append(Show.count(before.tokens()));
        out.append(" tokens predicted\n\n");
        String error = glyphs.text("± s.e.");
        TextTable table = new TextTable("lrrrrr", List.of("", "numbers set", "loss", error, "change", error));
        table.add(List.of("as it is", "", Show.loss(before.loss()), error(before), "", ""));
        boolean first = true;
        for (Effect effect : effects) {
            table.add(List.of(
                    (together && !first ? "and " : "") + effect.edit(),
                    Show.count(effect.edit().size()),
                    Show.loss(effect.loss().loss()),
                    error(effect.loss()),
                    signed(effect.change().loss()),
                    error(effect.change())));
            first = false;
        }
        out.append(table.text(""));
        out.append(together ? "" : "each alone, the most harmful first\n");
        if (!textBefore.isEmpty()) {
            out.append("\na text before, seed ").append(seed).append("\n");
            out.append(indented(textBefore));
            out.append("\na text after, same random numbers\n").append(indented(textAfter));
        }
        return out.toString();
    }

    private static String error(Evaluation.Result result) {
        return Double.isNaN(result.standardError()) ? Show.NONE : Show.loss(result.standardError());
    }

    private static String signed(double change) {
        return (change > 0 ? "+" : "") + Show.loss(change);
    }

    static String indented(String text) {
        return text.strip()
                .lines()
                .map(line -> ("  " + line).stripTrailing() + "\n")
                .reduce("", String::concat);
    }

    ObjectNode json() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("model", model.toString());
        step.ifPresent(number -> json.put("step", number));
        json.put("data", data.toString());
        json.put("tokens", before.tokens());
        json.put("together", together);
        json.set("before", measured(before));
        ArrayNode list = json.putArray("effects");
        for (Effect effect : effects) {
            ObjectNode one = list.addObject();
            one.put("edit", effect.edit().toString());
            one.put("numbers", effect.edit().size());
            one.set("after", measured(effect.loss()));
            one.set("change", measured(effect.change()));
        }
        if (!textBefore.isEmpty()) {
            json.put("seed", seed);
            json.put("text_before", textBefore);
            json.put("text_after", textAfter);
        }
        return json;
    }

    static ObjectNode measured(Evaluation.Result result) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        Json.put(json, "loss", result.loss());
        Json.put(json, "standard_error", result.standardError());
        return json;
    }
}
