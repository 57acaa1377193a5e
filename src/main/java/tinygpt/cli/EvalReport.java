package tinygpt.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import tinygpt.text.NgramLadder;
import tinygpt.training.Evaluation;

/**
 * What {@code eval} measured, as a table and as JSON.
 *
 * @param step training steps behind the model, if it says so
 * @param data the text, or the file of token ids
 * @param text what is known of a text only; empty for token ids
 */
record EvalReport(
        Path model, OptionalLong step, Path data, Evaluation.Result result, int vocabularySize, Optional<OfText> text) {

    /**
     * What a text has and token ids have not.
     *
     * @param split which part of it
     * @param tokenizer its kind
     * @param characters that the predicted tokens stand for
     * @param ladder models that only count
     */
    record OfText(String split, String tokenizer, long characters, NgramLadder ladder) {
        /** NaN where no predicted token begins a character. */
        double bitsPerCharacter(Evaluation.Result result) {
            return characters == 0 ? Double.NaN : result.loss() * result.tokens() / Math.log(2) / characters;
        }
    }

    void printTable(Output output) {
        PrintWriter out = output.out();
        Glyphs glyphs = output.glyphs();
        String dot = glyphs.text(" · ");
        String error =
                Double.isNaN(result.standardError()) ? "" : glyphs.text(" ± ") + Show.loss(result.standardError());
        line(out, "model", model + (step.isPresent() ? ", step " + Show.count(step.getAsLong()) : ""));
        line(out, "data", data + ", " + text.map(t -> t.split() + " split").orElse("token ids"));
        line(
                out,
                "tokens",
                Show.count(result.tokens()) + " predicted"
                        + text.map(t -> dot + Show.count(t.characters()) + " characters")
                                .orElse(""));
        line(
                out,
                "vocabulary",
                Show.count(vocabularySize) + " tokens"
                        + text.map(t -> " (" + t.tokenizer() + ")" + dot
                                        + Show.count(t.ladder().vocabulary()) + " occur in the data")
                                .orElse(""));
        line(out, "loss", Show.loss(result.loss()) + error + " nats/token");
        line(out, "perplexity", Show.perplexity(result.perplexity()));
        text.ifPresent(t -> printTextLines(out, t));
    }

    private void printTextLines(PrintWriter out, OfText t) {
        double bits = t.bitsPerCharacter(result);
        NgramLadder ladder = t.ladder();
        line(out, "bits/character", Double.isNaN(bits) ? Show.NONE : Show.loss(bits));
        out.print("\nlosses to compare with (counted on the training split, vocabulary " + ladder.vocabulary() + ")\n");
        line(out, "uniform", Show.loss(ladder.uniform()));
        line(out, "unigram", Show.loss(ladder.unigram()));
        line(out, "bigram", Show.loss(ladder.bigram()));
        line(out, "this model", Show.loss(result.loss()));
    }

    /** The same values; what token ids cannot tell is null. */
    String json() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("model", model.toString());
        json.put("step", step.isPresent() ? Long.valueOf(step.getAsLong()) : null);
        json.put("data", data.toString());
        json.put("split", text.map(OfText::split).orElse(null));
        json.put("tokens", result.tokens());
        json.put("characters", text.map(OfText::characters).orElse(null));
        json.put("tokenizer", text.map(OfText::tokenizer).orElse(null));
        json.put("vocabulary_size", vocabularySize);
        Json.put(json, "loss", result.loss());
        Json.put(json, "standard_error", result.standardError());
        Json.put(json, "perplexity", result.perplexity());
        Json.put(
                json,
                "bits_per_character",
                text.map(t -> t.bitsPerCharacter(result)).orElse(Double.NaN));
        if (text.isEmpty()) {
            json.putNull("ladder");
            return Json.pretty(json);
        }
        NgramLadder counted = text.get().ladder();
        ObjectNode ladder = json.putObject("ladder");
        ladder.put("vocabulary", counted.vocabulary());
        Json.put(ladder, "uniform", counted.uniform());
        Json.put(ladder, "unigram", counted.unigram());
        Json.put(ladder, "bigram", counted.bigram());
        return Json.pretty(json);
    }

    private static void line(PrintWriter out, String label, String value) {
        out.print(Text.left(label, 16) + value + "\n");
    }
}
