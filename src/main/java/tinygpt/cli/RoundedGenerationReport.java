package tinygpt.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import tinygpt.bench.RoundedGeneration;
import tinygpt.bench.Spread;

/** How fast generation is with float32 weights and with fewer bits, for people and as JSON. */
final class RoundedGenerationReport {
    private final String title;
    private final RoundedGeneration.Result r;

    RoundedGenerationReport(String title, RoundedGeneration.Result result) {
        this.title = title;
        this.r = result;
    }

    String text() {
        String end = System.lineSeparator();
        StringBuilder text = new StringBuilder(title + ", " + Show.shortCount(r.parameters())
                + " parameters: texts of " + r.length() + " tokens with float32 weights and with matrices of "
                + r.quantization().bits() + " bits, in turns, one thread" + end + end);
        BenchReport.line(text, "Float32", line(r.floats(), r.floatBytes()));
        BenchReport.line(text, r.quantization().bits() + " bits", line(r.packed(), r.packedBytes()));
        BenchReport.line(
                text,
                "Ratio",
                Show.decimals(r.ratio(), 2) + " times the tokens/s, with "
                        + Show.decimals((double) r.packedBytes() / r.floatBytes(), 2) + " times the bytes");
        text.append(end)
                .append("Medians. A code takes 8 bits in memory, and ")
                .append(r.quantization().group())
                .append(" share a float32 scale; embedding and head are one")
                .append(end)
                .append("matrix where they are tied. Positions, norms and biases are float32.")
                .append(end);
        return text.toString();
    }

    private static String line(Spread rates, long bytes) {
        return Show.decimals(rates.median(), 1) + " tokens/s, " + Show.decimals(1e3 / rates.median(), 2)
                + " ms a token (" + Show.decimals(rates.min(), 1) + " to " + Show.decimals(rates.max(), 1)
                + " tokens/s in " + Show.counted(rates.count(), "text") + ")   weights " + Show.bytes(bytes);
    }

    String json() {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.put("model", title);
        root.set("hyperparameters", r.hyperparameters().toJson());
        root.put("parameters", r.parameters());
        root.put("bits", r.quantization().bits());
        root.put("group", r.quantization().group());
        root.put("tokens_per_text", r.length());
        BenchReport.spread(root.putObject("float32"), r.floats(), "tokens_per_second")
                .put("weight_bytes", r.floatBytes());
        BenchReport.spread(root.putObject("rounded"), r.packed(), "tokens_per_second")
                .put("weight_bytes", r.packedBytes());
        root.put("ratio_of_medians", r.ratio());
        r.peakResidentBytes().ifPresent(bytes -> root.put("peak_resident_bytes", bytes));
        BenchReport.machine(root.putObject("machine"), r.machine());
        return Json.pretty(root) + System.lineSeparator();
    }
}
