package tinygpt.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tinygpt.inspection.BatchStep;
import tinygpt.inspection.NudgedGradient;
import tinygpt.inspection.WeightStep;
import tinygpt.text.Tokenizer;
import tinygpt.training.Trainer;

/** One training step as text or JSON, from its text to the loss afterwards. */
final class StepReport {
    private static final int SHOWN_TOKENS = 16;
    private static final String INDENT = "   ";

    private final BatchStep step;
    private final WeightStep weight;
    private final Tokenizer tokenizer;
    private final Trainer trainer;
    private final WeightStepReport arithmetic;
    private final Glyphs glyphs;

    StepReport(BatchStep step, Trainer trainer, Optional<NudgedGradient> nudged, Glyphs glyphs) {
        this.step = step;
        this.weight = step.weight();
        this.trainer = trainer;
        this.tokenizer = trainer.corpus().tokenizer();
        this.arithmetic = new WeightStepReport(weight, trainer.hyperparameters(), nudged);
        this.glyphs = glyphs;
    }

    /** Loss before and after in one line. */
    String summary() {
        double fall = weight.loss() - step.lossAfter();
        String change =
                fall > 0 ? "lower by " + Show.value(fall) : fall == 0 ? "NOT LOWER" : "HIGHER by " + Show.value(-fall);
        return "loss " + Show.loss(weight.loss()) + " before, " + Show.loss(step.lossAfter()) + " after: " + change;
    }

    List<String> lines(String what) {
        List<String> lines = new ArrayList<>();
        lines.add("step " + Show.count(weight.step()) + " of " + what);
        textAndIds(lines);
        targets(lines);
        loss(lines);
        gradient(lines);
        heading(lines, 6, "one weight", weight.element().label() + owner());
        arithmetic.lines().forEach(line -> lines.add(line.isEmpty() ? "" : INDENT + line));
        lines.add("");
        lines.add(INDENT + arithmetic.verdict());
        heading(lines, 7, "the same batch again", summary());
        return lines.stream().map(glyphs::text).toList();
    }

    private static void heading(List<String> lines, int number, String title, String text) {
        lines.add("");
        lines.add(number + "  " + title + (text.isEmpty() ? "" : ": " + text));
    }

    private void textAndIds(List<String> lines) {
        int length = step.ids().size();
        heading(
                lines,
                1,
                "text",
                step.sequences() + " sequences of " + length + " tokens; the first one begins at token "
                        + Show.count(step.start()) + " of the training text");
        lines.addAll(Text.wrap(INDENT, pieces(step.ids(), false), " "));
        heading(lines, 2, "token ids", "each token is a number from 0 to " + (tokenizer.vocabularySize() - 1));
        lines.addAll(Text.wrap(INDENT, pieces(step.ids(), true), "  "));
    }

    private List<String> pieces(List<Integer> ids, boolean numbers) {
        List<String> pieces = new ArrayList<>();
        for (int id : ids.subList(0, Math.min(SHOWN_TOKENS, ids.size()))) {
            pieces.add(piece(id) + (numbers ? " " + id : ""));
        }
        if (ids.size() > SHOWN_TOKENS) {
            pieces.add("...");
        }
        return pieces;
    }

    private String piece(int id) {
        String shown = tokenizer.show(id);
        return glyphs.canShow(shown) ? shown : "?";
    }

    private void targets(List<String> lines) {
        heading(lines, 3, "targets", "after each token, the model is to predict the next");
        List<String> pairs = new ArrayList<>();
        for (int i = 0; i < Math.min(SHOWN_TOKENS, step.ids().size()); i++) {
            pairs.add(
                    piece(step.ids().get(i)) + " \u2192 " + piece(step.targets().get(i)));
        }
        lines.addAll(Text.wrap(INDENT, pairs, "   "));
    }

    private void loss(List<String> lines) {
        int vocabulary = tokenizer.vocabularySize();
        heading(
                lines,
                4,
                "loss",
                Show.loss(weight.loss()) + " nats a token, the mean of -ln(probability of the target) over "
                        + Show.count((long) step.sequences() * step.ids().size()) + " targets");
        lines.add(INDENT + "guessing evenly would give ln " + vocabulary + " = " + Show.loss(Math.log(vocabulary)));
    }

    private void gradient(List<String> lines) {
        heading(
                lines,
                5,
                "gradient",
                "how the loss changes with each of the "
                        + Show.count(trainer.registry().trainedCount()) + " weights that are trained");
        TextTable table = new TextTable("lrr", List.of(INDENT + "kind", "weights", "|g|"));
        step.gradients()
                .forEach((kind, g) ->
                        table.add(List.of(INDENT + kind.label(), Show.count(g.trained()), Show.value(g.norm()))));
        table.add(List.of(
                INDENT + (step.clipped() ? "all, to be clipped" : "all"),
                Show.count(trainer.registry().trainedCount()),
                Show.value(weight.gradientNorm())));
        lines.addAll(table.lines());
    }

    private String owner() {
        return weight.element().parameter().name().equals("wte.weight")
                ? ", in the vector of " + piece(weight.element().row())
                : "";
    }

    ObjectNode json() {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.put("sequences", step.sequences()).put("first_token", step.start());
        ArrayNode ids = root.putArray("ids");
        step.ids().forEach(ids::add);
        ArrayNode targets = root.putArray("targets");
        step.targets().forEach(targets::add);
        root.put("loss_of_even_guess", Math.log(tokenizer.vocabularySize()));
        StatisticsData.number(root, "loss_before", weight.loss());
        StatisticsData.number(root, "loss_after", step.lossAfter());
        StatisticsData.number(root, "gradient_norm", weight.gradientNorm());
        StatisticsData.number(root, "update_ratio", step.updateRatio());
        ObjectNode kinds = root.putObject("gradient_norm_by_kind");
        step.gradients().forEach((kind, g) -> StatisticsData.number(kinds, kind.label(), g.norm()));
        arithmetic.json(root.putObject("weight"));
        return root;
    }
}
