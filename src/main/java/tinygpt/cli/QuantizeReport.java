package tinygpt.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import tinygpt.inspection.Ablation;
import tinygpt.inspection.BlockMap;
import tinygpt.inspection.RoundingError;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterKind;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.parameters.Quantization;
import tinygpt.training.Evaluation;

/**
 * What fewer bits save and cost.
 *
 * @param model where it is
 * @param step of its checkpoint; empty for a Hugging Face folder
 * @param quantization how its matrices are rounded
 * @param registry its parameters
 * @param fileBytes of the file it was read from
 * @param out what was written; empty for nothing
 * @param outBytes size of that
 * @param all the rounding error of all matrices together
 * @param kinds that of each kind
 * @param effect on a text; empty for a model without a tokenizer
 */
record QuantizeReport(
        Path model,
        OptionalLong step,
        Quantization quantization,
        ParameterRegistry registry,
        long fileBytes,
        Optional<Path> out,
        OptionalLong outBytes,
        RoundingError all,
        Map<ParameterKind, RoundingError> kinds,
        Optional<Effect> effect) {
    private static final int BAR = 16;

    /**
     * What it did to the model.
     *
     * @param data the text
     * @param before loss of the model as it was
     * @param after the loss then
     * @param seed of the texts
     * @param textBefore a text by the model as it was; empty for none
     * @param textAfter one with the same random numbers then
     */
    record Effect(
            Path data,
            Evaluation.Result before,
            Ablation.Effect after,
            long seed,
            String textBefore,
            String textAfter) {}

    /** Numbers that are rounded, and those that are not, and the bytes of each part. */
    private record Bytes(long rounded, long codes, long scales, long rest) {
        long after() {
            return codes + Float.BYTES * (scales + rest);
        }

        long before() {
            return Float.BYTES * (rounded + rest);
        }
    }

    private Bytes bytes() {
        long rounded = 0;
        long codes = 0;
        long scales = 0;
        long rest = 0;
        for (Parameter parameter : registry.owned()) {
            if (Quantization.covers(parameter)) {
                int[] shape = parameter.shape();
                rounded += parameter.size();
                codes += (long) shape[0] * quantization.codeBytes(shape[1]);
                scales += (long) shape[0] * quantization.groups(shape[1]);
            } else {
                rest += parameter.size();
            }
        }
        return new Bytes(rounded, codes, scales, rest);
    }

    String text(Glyphs glyphs) {
        StringBuilder text = new StringBuilder();
        text.append("model   ").append(model);
        step.ifPresent(s -> text.append(", step ").append(Show.count(s)));
        text.append("\nbits    ")
                .append(quantization.bits())
                .append(" a weight: a whole number from -")
                .append(quantization.largest())
                .append(" to ")
                .append(quantization.largest())
                .append(", times the float32 scale\n        that ")
                .append(quantization.group())
                .append(" of a row share\n\n");
        appendBytes(text);
        effect.ifPresent(e -> appendLoss(text, e, glyphs));
        appendErrors(text, glyphs);
        effect.filter(e -> !e.textBefore().isEmpty()).ifPresent(e -> {
            text.append("\na text before, seed ").append(e.seed()).append('\n');
            text.append(AblationReport.indented(e.textBefore()));
            text.append("\na text after, same random numbers\n");
            text.append(AblationReport.indented(e.textAfter()));
        });
        return glyphs.text(text.toString());
    }

    private void appendBytes(StringBuilder text) {
        Bytes b = bytes();
        String n = Show.count(b.rounded());
        String rest = Show.count(b.rest());
        text.append("weights before  4 × (")
                .append(n)
                .append(" + ")
                .append(rest)
                .append(") = ");
        text.append(Show.count(b.before())).append(" bytes\n");
        text.append("weights after   ")
                .append(n)
                .append(" × ")
                .append(quantization.bits())
                .append(" / 8");
        long padding = b.codes() - b.rounded() * quantization.bits() / 8;
        text.append(padding == 0 ? "" : " + " + Show.count(padding) + " to end rows with a byte");
        text.append(" + 4 × ")
                .append(Show.count(b.scales()))
                .append(" scales + 4 × ")
                .append(rest)
                .append("\n                = ");
        text.append(Show.count(b.after())).append(" bytes, ");
        text.append(Show.share(b.after(), b.before())).append("\n");
        text.append("                rounded are the matrices, ").append(n).append(" numbers;\n");
        text.append("                positions, norms and biases, ")
                .append(rest)
                .append(", stay float32\n");
        text.append("file before     ").append(Show.count(fileBytes)).append(" bytes, with whatever else is in it\n");
        text.append("file after      ");
        if (outBytes.isPresent()) {
            text.append(Show.count(outBytes.getAsLong()))
                    .append(" bytes, ")
                    .append(out.orElseThrow())
                    .append('\n');
        } else {
            text.append("none: --out FILE writes it\n");
        }
    }

    private static void appendLoss(StringBuilder text, Effect e, Glyphs glyphs) {
        text.append("\nloss on ").append(e.data()).append(", validation split, ");
        text.append(Show.count(e.before().tokens())).append(" tokens predicted\n");
        Evaluation.Result change = e.after().change();
        TextTable table = new TextTable("rrrr", List.of("before", "after", "change", glyphs.text("± s.e.")));
        table.add(List.of(
                Show.loss(e.before().loss()),
                Show.loss(e.after().loss().loss()),
                (change.loss() > 0 ? "+" : "") + Show.loss(change.loss()),
                Double.isNaN(change.standardError()) ? Show.NONE : Show.loss(change.standardError())));
        text.append(table.text(""));
    }

    private void appendErrors(StringBuilder text, Glyphs glyphs) {
        text.append("\nrounding error |W' - W| / |W|, and (w' - w) / scale from -1/2 to 1/2\n");
        boolean blocks = glyphs.canShow("█");
        double most = kinds.values().stream()
                .mapToDouble(RoundingError::relative)
                .max()
                .orElse(0);
        TextTable table = new TextTable("lrrll", List.of("kind", "numbers", "error", "", ""));
        Sparkline sparkline = new Sparkline(glyphs);
        kinds.forEach((kind, error) -> {
            int length = most == 0 ? 0 : (int) Math.round(error.relative() / most * BAR);
            table.add(cells(kind.label(), error, (blocks ? "█" : "#").repeat(length), sparkline));
        });
        table.add(cells("all", all, "", sparkline));
        text.append(table.text(""));
    }

    private static List<String> cells(String label, RoundingError error, String bar, Sparkline sparkline) {
        return List.of(
                label,
                Show.count(error.numbers()),
                Show.probability(error.relative()),
                bar,
                "|" + sparkline.of(error.histogram()) + "|");
    }

    /** The histograms as cells, a line for each kind; 1 is the fullest bin of a line. */
    BlockMap map() {
        List<float[]> lines = new ArrayList<>();
        for (RoundingError error : kinds.values()) {
            long[] histogram = error.histogram();
            long most = 1;
            for (long count : histogram) {
                most = Math.max(most, count);
            }
            float[] line = new float[histogram.length];
            for (int bin = 0; bin < line.length; bin++) {
                line[bin] = (float) histogram[bin] / most;
            }
            lines.add(line);
        }
        return new BlockMap(lines.toArray(float[][]::new), 1, 1, 1);
    }

    ObjectNode json() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("model", model.toString());
        step.ifPresent(s -> json.put("step", s));
        json.put("bits", quantization.bits());
        json.put("group", quantization.group());
        Bytes b = bytes();
        ObjectNode weights = json.putObject("weights");
        weights.put("rounded_numbers", b.rounded());
        weights.put("float32_numbers", b.rest());
        weights.put("scales", b.scales());
        weights.put("bytes_before", b.before());
        weights.put("bytes_after", b.after());
        json.put("file_bytes_before", fileBytes);
        out.ifPresent(file -> json.put("out", file.toString()));
        outBytes.ifPresent(bytes -> json.put("file_bytes_after", bytes));
        effect.ifPresent(e -> {
            json.put("data", e.data().toString());
            json.put("tokens", e.before().tokens());
            json.set("before", AblationReport.measured(e.before()));
            json.set("after", AblationReport.measured(e.after().loss()));
            json.set("change", AblationReport.measured(e.after().change()));
            if (!e.textBefore().isEmpty()) {
                json.put("seed", e.seed());
                json.put("text_before", e.textBefore());
                json.put("text_after", e.textAfter());
            }
        });
        ObjectNode errors = json.putObject("errors");
        kinds.forEach((kind, error) -> errors.set(kind.label(), json(error)));
        errors.set("all", json(all));
        return json;
    }

    private static ObjectNode json(RoundingError error) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("numbers", error.numbers());
        Json.put(json, "relative", error.relative());
        Json.put(json, "largest", error.largest());
        ArrayNode histogram = json.putArray("histogram");
        for (long count : error.histogram()) {
            histogram.add(count);
        }
        return json;
    }
}
