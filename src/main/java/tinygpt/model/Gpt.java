package tinygpt.model;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;
import tinygpt.hyperparameters.ModelShape;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.tensor.Matrix;
import tinygpt.tensor.Rows;
import tinygpt.tensor.Workspace;

/**
 * A GPT-2 style decoder-only transformer over the parameters of a registry.
 *
 * <pre>
 * tokens (B, T) -> embeddings -> L blocks -> ln_f -> head -> logits (M, V)
 * </pre>
 *
 * <p>Source: Radford et al., "Language models are unsupervised multitask learners" (2019). The model has no state of its
 * own: any number of threads may use it at once, each with its workspace and activations.
 */
public final class Gpt {
    private static final IntConsumer NOBODY = depth -> {};

    private final ParameterRegistry registry;
    private final Embeddings embeddings;
    private final List<Block> blocks = new ArrayList<>();
    private final LayerNorm finalNorm;
    private final OutputHead head;
    private final int lowestTrained;

    /**
     * A model over the weights of a registry.
     *
     * @throws IllegalStateException if the registry holds shapes only
     */
    public Gpt(ParameterRegistry registry) {
        this.registry = registry;
        ModelShape shape = registry.shape();
        embeddings = new Embeddings(registry.get("wte.weight"), registry.get("wpe.weight"), shape.tiedHead());
        for (int layer = 0; layer < shape.layers(); layer++) {
            String h = "h." + layer + ".";
            CausalSelfAttention attention = new CausalSelfAttention(
                    layer, shape.heads(), shape.headWidth(), linear(h + "attn.c_attn"), linear(h + "attn.c_proj"));
            FeedForward feedForward =
                    new FeedForward(layer, shape.activation(), linear(h + "mlp.c_fc"), linear(h + "mlp.c_proj"));
            blocks.add(new Block(layer, norm(h + "ln_1"), attention, norm(h + "ln_2"), feedForward));
        }
        finalNorm = norm("ln_f");
        head = new OutputHead(registry.get("lm_head.weight"));
        lowestTrained = lowestTrained();
    }

    public ParameterRegistry registry() {
        return registry;
    }

    public ModelShape shape() {
        return registry.shape();
    }

    /** Rank of the low-rank adapters, 0 if there are none. */
    int adapterRank() {
        return registry.adaptation().loraRank();
    }

    /** The longest row that a workspace for this model meets. */
    public static int longestRow(ModelShape shape) {
        int wide = Math.max(shape.feedForwardWidth(), 3 * shape.width());
        return Math.max(Math.max(wide, shape.contextLength()), shape.vocabularySize());
    }

    /**
     * Computes {@link Activations#logits} from {@link Activations#tokens}.
     *
     * @throws IllegalStateException if the model or the activations were closed
     */
    public void forward(Workspace space, Activations a) {
        forward(space, a, NOBODY);
    }

    /**
     * The same, showing the pass to somebody on its way.
     *
     * @param observer called with 0 after the embeddings and with n after n blocks; may read {@link Activations#attention}
     *     of the block just done and call {@link #readOut}
     */
    public void forward(Workspace space, Activations a, IntConsumer observer) {
        registry.checkOpen();
        embeddings.forward(space, a, a.input());
        observer.accept(0);
        for (int layer = 0; layer < blocks.size(); layer++) {
            blocks.get(layer).forward(space, a);
            observer.accept(layer + 1);
        }
        readOut(space, a, blocks.size());
    }

    /**
     * The final norm and the head, applied to the residual stream after so many blocks: {@link Activations#logits} become
     * what the model would say if it ended there.
     *
     * @param depth 0 for the embeddings alone, at most the number of layers; a depth that the forward pass has just reached
     */
    public void readOut(Workspace space, Activations a, int depth) {
        finalNorm.forward(space, a.residual(depth), a.finalNormed(), a.finalStatistics());
        head.forward(space, a.finalNormed(), a.logits()); // (M, V)
    }

    /** Fills a cache with the keys and values of one sequence, without computing logits. */
    void fill(Workspace space, Activations a, KeyValueCache cache) {
        registry.checkOpen();
        embeddings.forward(space, a, a.input());
        for (int layer = 0; layer < blocks.size(); layer++) {
            blocks.get(layer).forward(space, a);
            cache.fill(space, layer, a.layer(layer).qkv); // before the next layer reuses the memory
        }
        cache.setLength(a.time());
    }

    /**
     * Sum of the cross-entropy of one sequence's tokens, in nats, from the logits of the last forward pass, which stay.
     */
    public double loss(Workspace space, Activations a, int sequence) {
        return Rows.crossEntropy(space, a.logits(sequence), a.targets(), sequence * a.time(), 0);
    }

    /**
     * Sum of the cross-entropy of all tokens, in nats, and the gradient of {@code scale} times that sum, from the last
     * forward pass. Overwrites the gradient of everything that is trained.
     *
     * @param scale usually 1 / (tokens in the whole batch), so that shards add up to the gradient of the mean
     */
    public double lossAndGradients(Workspace space, Activations a, float scale, Gradients gradients) {
        registry.weights(); // float32: matrices in 8 bits cannot be trained
        double loss = Rows.crossEntropy(space, a.logits(), a.targets(), 0, scale);
        backward(space, a, gradients);
        return loss;
    }

    private void backward(Workspace space, Activations a, Gradients gradients) {
        BackwardScratch d = a.backwardScratch();
        head.backward(space, a.finalNormed(), a.logits(), d.normed, gradients);
        Rows.clear(space, d.residual);
        finalNorm.backward(space, a.output(), a.finalStatistics(), d.normed, d.residual, gradients);
        for (int layer = blocks.size() - 1; layer >= lowestTrained; layer--) {
            blocks.get(layer).backward(space, a, gradients);
        }
        if (embeddings.trained()) {
            embeddings.backward(space, a, d.residual, gradients);
        }
    }

    /** The lowest block that the backward pass must reach. */
    private int lowestTrained() {
        int layer = 0;
        while (!embeddings.trained()
                && layer < blocks.size()
                && !blocks.get(layer).trained()) {
            layer++;
        }
        return layer;
    }

    /**
     * The logits that follow one more token, (1, V), reading earlier positions from the state's cache and adding this one.
     *
     * @throws IllegalStateException if the cache is full, or the model or the state was closed
     */
    public Matrix step(Workspace space, DecodeState state, int token) {
        registry.checkOpen();
        embeddings.step(space, state.token(token), state.cache().length(), state.x);
        for (Block block : blocks) {
            block.step(space, state);
        }
        state.cache().advance();
        finalNorm.forward(space, state.x, state.normed, state.statistics);
        head.row(space, state.normed, state.logits); // (1, V)
        return state.logits;
    }

    private Linear linear(String name) {
        Parameter weight = registry.get(name + ".weight");
        return new Linear(weight, bias(name), registry.adapterOf(weight));
    }

    private LayerNorm norm(String name) {
        return new LayerNorm(registry.get(name + ".weight"), bias(name), shape().layerNormEpsilon());
    }

    private Parameter bias(String name) {
        return shape().biases() ? registry.get(name + ".bias") : null;
    }
}
