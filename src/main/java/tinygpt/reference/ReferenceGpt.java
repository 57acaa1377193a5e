package tinygpt.reference;

import static tinygpt.reference.ReferenceLayers.gelu;
import static tinygpt.reference.ReferenceLayers.geluBackward;
import static tinygpt.reference.ReferenceLayers.head;
import static tinygpt.reference.ReferenceLayers.headBackward;
import static tinygpt.reference.ReferenceLayers.linear;
import static tinygpt.reference.ReferenceLayers.linearBackward;
import static tinygpt.reference.ReferenceLayers.norm;
import static tinygpt.reference.ReferenceLayers.normBackward;
import static tinygpt.reference.ReferenceLayers.plus;
import static tinygpt.reference.ReferenceLayers.times;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tinygpt.hyperparameters.ModelShape;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.random.Stream;

/**
 * GPT-2 in double precision: forward, loss and backward by hand. It is the definition of the model; it is slow.
 *
 * <p>B sequences, T tokens each (T at most the context length), C width, F feed-forward width, H heads, V vocabulary.
 * Arrays are flat and row-major; token b T + t is row t of sequence b.
 *
 * <pre>
 *   x = dropout(wte[id] + wpe[t])                             (B T, C)
 *   in each block:
 *     x = x + dropout(c_proj(attention(c_attn(ln_1(x)))))     (B T, C)
 *     x = x + dropout(c_proj(gelu(c_fc(ln_2(x)))))            (B T, C)
 *   logits = ln_f(x) . head                                   (B T, V)
 *   a linear layer with an adapter: y = x W + b + alpha/r (x A) B
 * </pre>
 *
 * <p>The dropout rates of the shape play no part: what is dropped is said by the {@link Masks}. Source: Radford et al.,
 * "Language models are unsupervised multitask learners", 2019, section 2.3.
 */
public final class ReferenceGpt {
    private static final String LORA_A = ".lora_A.weight";
    private static final String LORA_B = ".lora_B.weight";

    private final ModelShape shape;
    private final Map<String, double[]> weights;
    private final Masks masks;
    private final ParameterRegistry registry;

    /** A model without dropout. */
    public ReferenceGpt(ModelShape shape, Map<String, double[]> weights) {
        this(shape, weights, Masks.NONE);
    }

    /**
     * A model on these weights, which are shared, not copied: changing a number changes the model.
     *
     * @param weights an array for every registered parameter with numbers of its own: no {@code lm_head.weight} when tied
     * @throws IllegalArgumentException if a parameter is missing, is of another size, or is not part of the model
     */
    public ReferenceGpt(ModelShape shape, Map<String, double[]> weights, Masks masks) {
        this(ParameterRegistry.of(shape), weights, masks);
    }

    /** The same for a registry that may have adapters; what is frozen there has a gradient here all the same. */
    public ReferenceGpt(ParameterRegistry registry, Map<String, double[]> weights, Masks masks) {
        this.registry = registry;
        this.shape = registry.shape();
        this.weights = weights;
        this.masks = masks;
        for (Parameter parameter : registry.owned()) {
            double[] values = weights.get(parameter.name());
            if (values == null || values.length != parameter.size()) {
                throw new IllegalArgumentException(parameter.name() + " needs " + parameter.size() + " numbers, "
                        + (values == null ? "there is none" : values.length + " are given"));
            }
        }
        if (weights.size() != registry.owned().size()) {
            throw new IllegalArgumentException(
                    "the model has " + registry.owned().size() + " tensors of its own, " + weights.size()
                            + " are given: " + weights.keySet());
        }
    }

    /** What forward leaves for backward in one block. */
    private static final class BlockTrace {
        double[] input; // (B T, C)
        double[] norm1; // (B T, C)
        double[] qkv; // (B T, 3C)
        double[] probabilities; // (B, H, T, T)
        double[] mixed; // (B T, C)
        double[] middle; // (B T, C)
        double[] norm2; // (B T, C)
        double[] hidden; // (B T, F)
        double[] activated; // (B T, F)
    }

    /** What forward leaves for backward. */
    private static final class Trace {
        BlockTrace[] blocks;
        double[] last; // (B T, C)
        double[] normed; // (B T, C)
        double[] logits; // (B T, V)
    }

    /** The logits of every token, (B, T, V). */
    public double[] logits(int[][] ids) {
        return logits(embedding(ids), ids.length);
    }

    /** The sum of token and position embeddings, before dropout, (B, T, C). */
    public double[] embedding(int[][] ids) {
        int batch = ids.length;
        int time = ids[0].length;
        int width = shape.width();
        double[] x = new double[batch * time * width]; // (B T, C)
        for (int b = 0; b < batch; b++) {
            for (int t = 0; t < time; t++) {
                for (int c = 0; c < width; c++) {
                    x[(b * time + t) * width + c] =
                            weights.get("wte.weight")[ids[b][t] * width + c] + weights.get("wpe.weight")[t * width + c];
                }
            }
        }
        return x;
    }

    /** The logits, (B, T, V), as a function of the {@linkplain #embedding embedding sum} of a batch of B sequences. */
    public double[] logits(double[] embedding, int batch) {
        return forward(embedding, batch).logits;
    }

    /** The attention probabilities of each layer, before dropout, (B, H, T, T). */
    public List<double[]> attention(int[][] ids) {
        return Arrays.stream(forward(embedding(ids), ids.length).blocks)
                .map(block -> block.probabilities)
                .toList();
    }

    /** Cross-entropy in nats, the mean over all tokens of -ln softmax(logits)[target]. */
    public double loss(int[][] ids, int[][] targets) {
        double[] logits = logits(ids); // (B T, V)
        int time = ids[0].length;
        int vocabulary = shape.vocabularySize();
        int tokens = ids.length * time;
        double sum = 0;
        for (int n = 0; n < tokens; n++) {
            double[] p = softmax(logits, n * vocabulary, vocabulary);
            sum -= Math.log(p[targets[n / time][n % time]]);
        }
        return sum / tokens;
    }

    /** The gradient of {@link #loss} for every parameter, by name. */
    public Map<String, double[]> gradients(int[][] ids, int[][] targets) {
        return gradients(ids, lossGradient(ids, targets));
    }

    /** The gradient of the loss with respect to the logits, (softmax - one-hot) / (B T); (B, T, V). */
    public double[] lossGradient(int[][] ids, int[][] targets) {
        double[] logits = logits(ids); // (B T, V)
        int time = ids[0].length;
        int vocabulary = shape.vocabularySize();
        int tokens = ids.length * time;
        double[] d = new double[logits.length]; // (B T, V)
        for (int n = 0; n < tokens; n++) {
            double[] p = softmax(logits, n * vocabulary, vocabulary);
            for (int v = 0; v < vocabulary; v++) {
                double hit = v == targets[n / time][n % time] ? 1 : 0;
                d[n * vocabulary + v] = (p[v] - hit) / tokens;
            }
        }
        return d;
    }

    /**
     * The gradient for every parameter, by name, of any function of the logits.
     *
     * @param dLogits the function's gradient with respect to the logits, (B, T, V)
     */
    public Map<String, double[]> gradients(int[][] ids, double[] dLogits) {
        Map<String, double[]> gradients = zeros();
        double[] dx = backward(forward(embedding(ids), ids.length), dLogits, ids.length, gradients); // (B T, C)
        int width = shape.width();
        int time = ids[0].length;
        for (int i = 0; i < dx.length; i++) {
            int token = i / width;
            int t = token % time;
            gradients.get("wte.weight")[ids[token / time][t] * width + i % width] += dx[i];
            gradients.get("wpe.weight")[t * width + i % width] += dx[i];
        }
        return gradients;
    }

    /** The gradient with respect to the {@linkplain #embedding embedding sum}, (B, T, C), of any function of the logits. */
    public double[] embeddingGradient(double[] embedding, int batch, double[] dLogits) {
        return backward(forward(embedding, batch), dLogits, batch, zeros());
    }

    private Trace forward(double[] embedding, int batch) {
        int tokens = embedding.length / shape.width();
        double epsilon = shape.layerNormEpsilon();
        Trace trace = new Trace();
        trace.blocks = new BlockTrace[shape.layers()];
        double[] x = times(embedding, rowMask(Stream.EMBEDDING_DROPOUT, Parameter.NO_LAYER, tokens)); // (B T, C)
        for (int layer = 0; layer < shape.layers(); layer++) {
            trace.blocks[layer] = new BlockTrace();
            x = blockForward(trace.blocks[layer], layer, x, batch); // (B T, C)
        }
        trace.last = x;
        trace.normed = norm(x, weights.get("ln_f.weight"), weights.get("ln_f.bias"), epsilon); // (B T, C)
        trace.logits = head(trace.normed, weights.get(headName()), shape.width(), shape.vocabularySize()); // (B T, V)
        return trace;
    }

    private double[] blockForward(BlockTrace trace, int layer, double[] x, int batch) {
        int c = shape.width();
        int f = shape.feedForwardWidth();
        int tokens = x.length / c;
        double epsilon = shape.layerNormEpsilon();
        String h = "h." + layer + ".";
        ReferenceAttention attention = new ReferenceAttention(batch, tokens / batch, shape.heads(), c);

        trace.input = x;
        trace.norm1 = norm(x, weights.get(h + "ln_1.weight"), weights.get(h + "ln_1.bias"), epsilon); // (B T, C)
        trace.qkv = linear(h + "attn.c_attn", trace.norm1, c, 3 * c); // (B T, 3C)
        trace.probabilities = attention.probabilities(trace.qkv); // (B, H, T, T)
        double[] pairMask = pairMask(layer, batch, tokens / batch); // (B, H, T, T)
        trace.mixed = attention.forward(trace.qkv, trace.probabilities, pairMask); // (B T, C)
        double[] attended = linear(h + "attn.c_proj", trace.mixed, c, c); // (B T, C)
        trace.middle = plus(x, times(attended, rowMask(Stream.ATTENTION_RESIDUAL_DROPOUT, layer, tokens)));

        trace.norm2 = norm(trace.middle, weights.get(h + "ln_2.weight"), weights.get(h + "ln_2.bias"), epsilon);
        trace.hidden = linear(h + "mlp.c_fc", trace.norm2, c, f); // (B T, F)
        trace.activated = gelu(trace.hidden, shape.activation()); // (B T, F)
        double[] fed = linear(h + "mlp.c_proj", trace.activated, f, c); // (B T, C)
        return plus(trace.middle, times(fed, rowMask(Stream.FEED_FORWARD_RESIDUAL_DROPOUT, layer, tokens)));
    }

    /** Adds to the gradients of all parameters but the embeddings' look-up; returns that of the embedding sum, (B T, C). */
    private double[] backward(Trace trace, double[] dLogits, int batch, Map<String, double[]> gradients) {
        int c = shape.width();
        double[] dNormed = headBackward(
                dLogits,
                trace.normed,
                weights.get(headName()),
                gradients.get(headName()),
                c,
                shape.vocabularySize()); // (B T, C)
        double[] dx = normBackward("ln_f", dNormed, trace.last, gradients); // (B T, C)
        for (int layer = shape.layers() - 1; layer >= 0; layer--) {
            dx = blockBackward(trace.blocks[layer], layer, dx, batch, gradients); // (B T, C)
        }
        return times(dx, rowMask(Stream.EMBEDDING_DROPOUT, Parameter.NO_LAYER, dx.length / c));
    }

    private double[] blockBackward(
            BlockTrace trace, int layer, double[] dy, int batch, Map<String, double[]> gradients) {
        int c = shape.width();
        int f = shape.feedForwardWidth();
        int tokens = dy.length / c;
        String h = "h." + layer + ".";
        ReferenceAttention attention = new ReferenceAttention(batch, tokens / batch, shape.heads(), c);

        double[] dFed = times(dy, rowMask(Stream.FEED_FORWARD_RESIDUAL_DROPOUT, layer, tokens)); // (B T, C)
        double[] dActivated = linearBackward(h + "mlp.c_proj", dFed, trace.activated, f, c, gradients); // (B T, F)
        double[] dHidden = geluBackward(dActivated, trace.hidden, shape.activation()); // (B T, F)
        double[] dNorm2 = linearBackward(h + "mlp.c_fc", dHidden, trace.norm2, c, f, gradients); // (B T, C)
        double[] dMiddle = plus(dy, normBackward(h + "ln_2", dNorm2, trace.middle, gradients)); // (B T, C)

        double[] dAttended = times(dMiddle, rowMask(Stream.ATTENTION_RESIDUAL_DROPOUT, layer, tokens)); // (B T, C)
        double[] dMixed = linearBackward(h + "attn.c_proj", dAttended, trace.mixed, c, c, gradients); // (B T, C)
        double[] pairMask = pairMask(layer, batch, tokens / batch); // (B, H, T, T)
        double[] dQkv = attention.backward(dMixed, trace.qkv, trace.probabilities, pairMask); // (B T, 3C)
        double[] dNorm1 = linearBackward(h + "attn.c_attn", dQkv, trace.norm1, c, 3 * c, gradients); // (B T, C)
        return plus(dMiddle, normBackward(h + "ln_1", dNorm1, trace.input, gradients)); // (B T, C)
    }

    private double[] linear(String name, double[] x, int in, int out) {
        double[] y = ReferenceLayers.linear(x, weights.get(name + ".weight"), weights.get(name + ".bias"), in, out);
        double[] a = weights.get(name + LORA_A);
        if (a == null) {
            return y;
        }
        int rank = a.length / in;
        double[] u = ReferenceLayers.linear(x, a, null, in, rank); // (B T, r)
        return plus(y, scaled(ReferenceLayers.linear(u, weights.get(name + LORA_B), null, rank, out)));
    }

    private double[] linearBackward(
            String name, double[] dy, double[] x, int in, int out, Map<String, double[]> gradients) {
        double[] dw = gradients.get(name + ".weight");
        double[] db = gradients.get(name + ".bias");
        double[] dx = ReferenceLayers.linearBackward(dy, x, weights.get(name + ".weight"), dw, db, in, out);
        double[] a = weights.get(name + LORA_A);
        if (a == null) {
            return dx;
        }
        int rank = a.length / in;
        double[] u = ReferenceLayers.linear(x, a, null, in, rank); // (B T, r)
        double[] b = weights.get(name + LORA_B);
        double[] du = ReferenceLayers.linearBackward(scaled(dy), u, b, gradients.get(name + LORA_B), null, rank, out);
        return plus(dx, ReferenceLayers.linearBackward(du, x, a, gradients.get(name + LORA_A), null, in, rank));
    }

    /** Times alpha / r. */
    private double[] scaled(double[] x) {
        double scale = registry.adaptation().loraAlpha() / registry.adaptation().loraRank();
        return Arrays.stream(x).map(v -> scale * v).toArray();
    }

    private double[] normBackward(String name, double[] dy, double[] x, Map<String, double[]> gradients) {
        double[] dGain = gradients.get(name + ".weight");
        double[] dBias = gradients.get(name + ".bias");
        double[] gain = weights.get(name + ".weight");
        return ReferenceLayers.normBackward(dy, x, gain, dGain, dBias, shape.layerNormEpsilon());
    }

    private String headName() {
        return shape.tiedHead() ? "wte.weight" : "lm_head.weight";
    }

    /** Multipliers of (token, channel), (B T, C). */
    private double[] rowMask(Stream kind, int layer, int tokens) {
        double[] mask = new double[tokens * shape.width()];
        for (int i = 0; i < mask.length; i++) {
            mask[i] = masks.at(kind, layer, i / shape.width(), i % shape.width());
        }
        return mask;
    }

    /** Multipliers of the attention probabilities, (B, H, T, T). */
    private double[] pairMask(int layer, int batch, int time) {
        double[] mask = new double[batch * shape.heads() * time * time];
        int i = 0;
        for (int b = 0; b < batch; b++) {
            for (int h = 0; h < shape.heads(); h++) {
                for (int row = 0; row < time; row++) {
                    for (int column = 0; column < time; column++) {
                        mask[i++] = masks.at(Stream.ATTENTION_DROPOUT, layer, b, h, row, column);
                    }
                }
            }
        }
        return mask;
    }

    private static double[] softmax(double[] logits, int first, int count) {
        double max = Double.NEGATIVE_INFINITY;
        for (int v = 0; v < count; v++) {
            max = Math.max(max, logits[first + v]);
        }
        double[] p = new double[count];
        double sum = 0;
        for (int v = 0; v < count; v++) {
            p[v] = Math.exp(logits[first + v] - max);
            sum += p[v];
        }
        for (int v = 0; v < count; v++) {
            p[v] /= sum;
        }
        return p;
    }

    private Map<String, double[]> zeros() {
        Map<String, double[]> zeros = new LinkedHashMap<>();
        weights.forEach((name, values) -> zeros.put(name, new double[values.length]));
        return zeros;
    }
}
