package tinygpt.formats;

import java.util.List;
import tinygpt.hyperparameters.ModelShape;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterRegistry;

/**
 * GPT-2's computation as ONNX operators, with a key/value cache.
 *
 * <pre>
 * B texts, T tokens each, P tokens before them, S = P + T;   H heads of width D, width C, vocabulary V
 *
 * input_ids                     int64 (B, T)
 * attention_mask                int64 (B, S)          0 where a text has padding instead of a token
 * position_ids                  int64 (B, T)
 * past_key_values.N.key, value  float (B, H, P, D)    of layer N; P is 0 for a new text
 *
 * logits                        float (B, T, V)
 * present.N.key, value          float (B, H, S, D)    the past of the next call
 * </pre>
 *
 * <p>Names and shapes are those of Hugging Face's Optimum, which transformers.js and other programs look for. Mask and
 * positions are inputs, and not made inside from S alone, because texts of unequal length in one batch need them: padded
 * at the left, a text begins at position 0 behind its padding. Every matrix is stored as here, [in, out]; the head's
 * [V, C] is multiplied transposed by Gemm, so that a tied head is the embedding's own tensor, once in the file.
 */
final class OnnxGpt2 {
    private static final String BATCH = "batch_size";
    private static final String TIME = "sequence_length";
    private static final String PAST = "past_sequence_length";
    private static final String SEEN = "past_sequence_length + sequence_length";

    private final OnnxGraph graph;
    private final ParameterRegistry registry;
    private final ModelShape shape;

    private OnnxGpt2(ParameterRegistry registry) {
        this.registry = registry;
        this.shape = registry.shape();
        this.graph = new OnnxGraph("gpt2", "tinygpt");
    }

    /** The graph of a model without adapters. */
    static OnnxGraph of(ParameterRegistry registry) {
        OnnxGpt2 gpt = new OnnxGpt2(registry);
        gpt.interfaces();
        registry.owned().forEach(gpt.graph::weight);
        gpt.constants();
        gpt.visibility();
        String x = gpt.embeddings(); // (B, T, C)
        for (int layer = 0; layer < gpt.shape.layers(); layer++) {
            x = gpt.block(layer, x);
        }
        gpt.head(gpt.norm("ln_f", x));
        return gpt.graph;
    }

    private void interfaces() {
        graph.input("input_ids", OnnxGraph.Type.INT64, BATCH, TIME);
        graph.input("attention_mask", OnnxGraph.Type.INT64, BATCH, SEEN);
        graph.input("position_ids", OnnxGraph.Type.INT64, BATCH, TIME);
        graph.output("logits", OnnxGraph.Type.FLOAT, BATCH, TIME, shape.vocabularySize());
        for (int layer = 0; layer < shape.layers(); layer++) {
            for (String part : List.of("key", "value")) {
                Object[] past = {BATCH, shape.heads(), PAST, shape.headWidth()};
                Object[] present = {BATCH, shape.heads(), SEEN, shape.headWidth()};
                graph.input(past(layer, part), OnnxGraph.Type.FLOAT, past);
                graph.output(present(layer, part), OnnxGraph.Type.FLOAT, present);
            }
        }
    }

    private static String past(int layer, String part) {
        return "past_key_values." + layer + "." + part;
    }

    private static String present(int layer, String part) {
        return "present." + layer + "." + part;
    }

    private void constants() {
        graph.constant("zero", 0L);
        graph.constant("one", 1L);
        graph.constants("axis_0", 0);
        graph.constants("axis_1", 1);
        graph.constants("axes_1_2", 1, 2);
        graph.constants("vocabulary", shape.vocabularySize());
        graph.constants("rows", -1, shape.width());
        graph.constants("split_heads", 0, 0, shape.heads(), shape.headWidth()); // 0 keeps the size that is there
        graph.constants("join_heads", 0, 0, shape.width());
        graph.constant("attention_scale", (float) (1 / Math.sqrt(shape.headWidth())));
        // Not -infinity: a row of padding sees nothing, and its probabilities must not become NaN.
        graph.constant("unseen", -Float.MAX_VALUE);
    }

    /** {@code visible} (B, 1, T, S): whether a token may look at another one, which is a token and not after it. */
    private void visibility() {
        graph.node("Shape", "past_size", past(0, "key")).with("start", 2).with("end", 3); // (1)
        graph.node("Shape", "time_size", "input_ids").with("start", 1).with("end", 2);
        graph.node("Add", "seen_size", "past_size", "time_size");
        graph.node("Squeeze", "past", "past_size", "axis_0"); // ()
        graph.node("Squeeze", "seen", "seen_size", "axis_0");
        graph.node("Range", "query_places", "past", "seen", "one"); // (T)
        graph.node("Unsqueeze", "query_rows", "query_places", "axis_1"); // (T, 1)
        graph.node("Range", "key_places", "zero", "seen", "one"); // (S)
        graph.node("LessOrEqual", "causal", "key_places", "query_rows"); // (T, S)
        graph.node("Cast", "is_token", "attention_mask").with("to", OnnxGraph.Type.BOOL.number()); // (B, S)
        graph.node("Unsqueeze", "key_is_token", "is_token", "axes_1_2"); // (B, 1, 1, S)
        graph.node("And", "visible", "causal", "key_is_token"); // (B, 1, T, S)
    }

    private String embeddings() {
        graph.node("Gather", "token_vectors", "wte.weight", "input_ids"); // (B, T, C)
        graph.node("Gather", "position_vectors", "wpe.weight", "position_ids");
        graph.node("Add", "embedded", "token_vectors", "position_vectors");
        return "embedded";
    }

    private String block(int layer, String x) {
        String h = "h." + layer + ".";
        String attended = attention(layer, h + "attn.", norm(h + "ln_1", x));
        graph.node("Add", h + "middle", x, attended); // (B, T, C)
        String hidden = linear(h + "mlp.c_fc", norm(h + "ln_2", h + "middle")); // (B, T, F)
        graph.node("Gelu", h + "mlp.gelu", hidden).with("approximate", approximation());
        graph.node("Add", h + "out", h + "middle", linear(h + "mlp.c_proj", h + "mlp.gelu"));
        return h + "out";
    }

    private String approximation() {
        return switch (shape.activation()) {
            case GELU_TANH -> "tanh";
            case GELU_ERF -> "none";
        };
    }

    private String attention(int layer, String a, String x) {
        String qkv = linear(a + "c_attn", x); // (B, T, 3C)
        graph.node("Split", List.of(a + "query", a + "key", a + "value"), qkv)
                .with("axis", 2)
                .with("num_outputs", 3);
        String query = heads(a + "query"); // (B, H, T, D)
        String keys = present(layer, "key"); // (B, H, S, D)
        String values = present(layer, "value");
        graph.node("Concat", keys, past(layer, "key"), heads(a + "key")).with("axis", 2);
        graph.node("Concat", values, past(layer, "value"), heads(a + "value")).with("axis", 2);
        graph.node("Transpose", a + "keys", keys).with("perm", new long[] {0, 1, 3, 2}); // (B, H, D, S)
        graph.node("MatMul", a + "products", query, a + "keys"); // (B, H, T, S)
        graph.node("Mul", a + "scores", a + "products", "attention_scale");
        graph.node("Where", a + "masked", "visible", a + "scores", "unseen");
        graph.node("Softmax", a + "probabilities", a + "masked").with("axis", -1);
        graph.node("MatMul", a + "mixed", a + "probabilities", values); // (B, H, T, D)
        graph.node("Transpose", a + "mixed.by_token", a + "mixed").with("perm", new long[] {0, 2, 1, 3});
        graph.node("Reshape", a + "joined", a + "mixed.by_token", "join_heads"); // (B, T, C)
        return linear(a + "c_proj", a + "joined");
    }

    /** (B, T, C) to (B, H, T, D). */
    private String heads(String x) {
        graph.node("Reshape", x + ".split", x, "split_heads"); // (B, T, H, D)
        graph.node("Transpose", x + ".by_head", x + ".split").with("perm", new long[] {0, 2, 1, 3});
        return x + ".by_head";
    }

    private String linear(String name, String x) {
        String product = shape.biases() ? name + ".product" : name;
        graph.node("MatMul", product, x, name + ".weight");
        if (shape.biases()) {
            graph.node("Add", name, product, name + ".bias");
        }
        return name;
    }

    private String norm(String name, String x) {
        String[] inputs = shape.biases()
                ? new String[] {x, name + ".weight", name + ".bias"}
                : new String[] {x, name + ".weight"};
        graph.node("LayerNormalization", name, inputs).with("axis", -1).with("epsilon", (float)
                shape.layerNormEpsilon());
        return name;
    }

    private void head(String x) {
        Parameter head = registry.get("lm_head.weight");
        String weight = head.tiedTo() == null ? head.name() : head.tiedTo().name();
        graph.node("Reshape", "last_rows", x, "rows"); // (B T, C)
        graph.node("Gemm", "logit_rows", "last_rows", weight).with("transB", 1); // (B T, V)
        graph.node("Shape", "text_sizes", "input_ids"); // B, T
        graph.node("Concat", "logit_sizes", "text_sizes", "vocabulary").with("axis", 0);
        graph.node("Reshape", "logits", "logit_rows", "logit_sizes"); // (B, T, V)
    }
}
