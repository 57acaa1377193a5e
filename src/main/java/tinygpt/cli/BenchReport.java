package tinygpt.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import tinygpt.bench.BenchmarkResult;
import tinygpt.bench.Machine;
import tinygpt.bench.Spread;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.ModelShape;

/** A benchmark for people and as JSON. */
final class BenchReport {
    private static final int LABEL = 16;
    private static final double GIGA = 1e9;

    private final String title;
    private final BenchmarkResult r;

    BenchReport(String title, BenchmarkResult result) {
        this.title = title;
        this.r = result;
    }

    void print(PrintWriter out, Glyphs glyphs) {
        StringBuilder text = new StringBuilder();
        Hyperparameters h = r.hyperparameters();
        ModelShape m = h.model();
        plain(
                text,
                title + ": " + Show.shortCount(r.parameters()) + " parameters · " + m.layers() + " layers, " + m.heads()
                        + " heads, width " + m.width() + ", vocabulary " + Show.count(m.vocabularySize()));
        plain(
                text,
                "batch of " + h.data().batchSize() + " × " + m.contextLength() + " tokens in "
                        + h.data().shards() + " shards · " + threads());
        plain(text, "");
        line(text, "Training step", ms(r.step().median()) + "   " + spread(r.step()));
        line(text, "  gradients", ms(r.gradientsMs()) + "   forward, backward, sum over shards");
        line(text, "  optimizer", ms(r.optimizerMs()) + "   norm, clip, AdamW");
        if (r.oneThreadStep().isPresent()) {
            Spread one = r.oneThreadStep().get();
            line(text, "  one thread", ms(one.median()) + "   " + spread(one));
            line(text, "  speed-up", Show.decimals(r.speedUp().orElseThrow(), 2) + " times with " + threads());
        } else if (r.threads() > 1) {
            line(text, "  one thread", "not measured; --compare-threads does, with memory of its own");
        }
        line(text, "  tokens", Show.count(Math.round(r.tokensPerSecond())) + " tokens/s");
        line(
                text,
                "  arithmetic",
                Show.decimals(r.stepFlops() / GIGA, 2) + " GFLOP a step, " + giga(r.achievedRate()) + " GFLOP/s");
        line(
                text,
                "Roofline",
                giga(r.roofline()) + " GFLOP/s = " + threads() + " × " + giga(r.productRate())
                        + ", what one thread reaches");
        line(text, "", "in products of " + r.productSize() + ", in turns with the steps");
        line(text, "  reached", Show.probability(r.fraction()));
        r.generation().ifPresent(g -> {
            line(text, "Generation", tokenRate(g.greedy()) + "   always the likeliest token");
            line(text, "  sampled", tokenRate(g.sampled()) + "   temperature 0.8, all tokens");
            line(text, "", "in turns, one text at a time, " + g.length() + " tokens, no prompt");
            if (g.length() == m.contextLength()) {
                line(text, "", "(all this model sees: --context-length sets it)");
            }
        });
        line(
                text,
                "Memory",
                r.peakResidentBytes().isPresent()
                        ? Show.bytes(r.peakResidentBytes().getAsLong()) + " resident at most"
                        : Show.NONE);
        Machine machine = r.machine();
        line(text, "Machine", machine.cpu() + ", " + machine.processors() + " processors, " + machine.system());
        line(text, "", "JDK " + machine.jdk());
        line(text, "", machine.kernels() + " · " + machine.blas());
        plain(text, "");
        plain(text, "Times are medians. GFLOP counts the matrix products that are done, in attention");
        plain(text, "up to the diagonal in blocks of 64. The roofline is the number of threads times");
        plain(text, "the rate of one: it leaves out memory, norms and the optimizer, so no step");
        plain(text, "reaches it.");
        out.print(glyphs.text(text.toString()));
    }

    /** The same values; what was not measured is null. */
    String json() {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.put("model", title);
        root.set("hyperparameters", r.hyperparameters().toJson());
        root.put("parameters", r.parameters());
        root.put("threads", r.threads());
        root.put("tokens_per_step", r.tokensPerStep());
        ObjectNode step = spread(root.putObject("step"), r.step(), "ms");
        step.put("gradients_median_ms", r.gradientsMs());
        step.put("optimizer_median_ms", r.optimizerMs());
        step.put("tokens_per_second", r.tokensPerSecond());
        step.put("gflop", r.stepFlops() / GIGA);
        step.put("gflop_per_second", r.achievedRate() / GIGA);
        if (r.oneThreadStep().isPresent()) {
            ObjectNode one =
                    spread(root.putObject("one_thread_step"), r.oneThreadStep().get(), "ms");
            one.put("speed_up", r.speedUp().orElseThrow());
        } else {
            root.putNull("one_thread_step");
        }
        ObjectNode roofline = root.putObject("roofline");
        roofline.put("product_rows_x_inner_x_columns", r.productSize());
        roofline.put("one_thread_gflop_per_second", r.productRate() / GIGA);
        roofline.put("gflop_per_second", r.roofline() / GIGA);
        roofline.put("fraction_reached", r.fraction());
        if (r.generation().isPresent()) {
            BenchmarkResult.Text text = r.generation().get();
            ObjectNode generation = root.putObject("generation");
            generation.put("tokens_per_text", text.length());
            generation.put("microseconds_per_token", 1e6 / text.greedy().median());
            spread(generation, text.greedy(), "tokens_per_second");
            ObjectNode sampled = generation.putObject("sampled");
            sampled.put("microseconds_per_token", 1e6 / text.sampled().median());
            spread(sampled, text.sampled(), "tokens_per_second");
        } else {
            root.putNull("generation");
        }
        if (r.peakResidentBytes().isPresent()) {
            root.put("peak_resident_bytes", r.peakResidentBytes().getAsLong());
        } else {
            root.putNull("peak_resident_bytes");
        }
        machine(root.putObject("machine"), r.machine());
        return Json.pretty(root);
    }

    static void machine(ObjectNode node, Machine machine) {
        node.put("cpu", machine.cpu());
        node.put("processors", machine.processors());
        node.put("system", machine.system());
        node.put("jdk", machine.jdk());
        node.put("kernels", machine.kernels());
        node.put("blas", machine.blas());
    }

    static ObjectNode spread(ObjectNode node, Spread spread, String unit) {
        node.put("count", spread.count());
        node.put("median_" + unit, spread.median());
        node.put("min_" + unit, spread.min());
        node.put("lower_quartile_" + unit, spread.lowerQuartile());
        node.put("upper_quartile_" + unit, spread.upperQuartile());
        node.put("max_" + unit, spread.max());
        return node;
    }

    private String threads() {
        return r.threads() == 1 ? "1 thread" : r.threads() + " threads";
    }

    static String ms(double value) {
        return Show.decimals(value, value < 100 ? 2 : 0) + " ms";
    }

    private static String tokenRate(Spread rates) {
        return Show.count(Math.round(rates.median())) + " tokens/s, " + Show.decimals(1e3 / rates.median(), 3)
                + " ms a token";
    }

    private static String giga(double flops) {
        return Show.decimals(flops / GIGA, 1);
    }

    static String spread(Spread s) {
        return "min " + ms(s.min()) + ", quartiles " + ms(s.lowerQuartile()) + " to " + ms(s.upperQuartile()) + ", "
                + s.count() + (s.count() == 1 ? " step" : " steps");
    }

    static void line(StringBuilder text, String label, String value) {
        plain(text, Text.left(label, LABEL) + value);
    }

    private static void plain(StringBuilder text, String value) {
        text.append(value).append(System.lineSeparator());
    }
}
