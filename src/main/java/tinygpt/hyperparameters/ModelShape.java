package tinygpt.hyperparameters;

import static tinygpt.hyperparameters.InvalidHyperparameterException.require;

import java.util.Locale;

/**
 * The architecture: a GPT-2 style decoder-only transformer. Together with nothing else it determines the name, the kind
 * and the shape of every parameter.
 *
 * @param vocabularySize number of tokens, V
 * @param contextLength number of positions the model can see, the largest T
 * @param layers number of transformer blocks, L
 * @param heads attention heads in each block, H; each has width C / H
 * @param width size of a token's vector, C ({@code n_embd} in files)
 * @param feedForwardWidth hidden size of the feed-forward sublayer, 4 C unless said otherwise
 * @param biases whether linear layers and norms have biases
 * @param tiedHead whether the output head is the token embedding itself
 * @param activation nonlinearity of the feed-forward sublayer
 * @param layerNormEpsilon added to the variance in a norm
 * @param initialStd standard deviation of initial matrices; residual projections get it divided by sqrt(2 L)
 * @param embeddingDropout dropout rate after the embeddings
 * @param attentionDropout dropout rate on attention probabilities
 * @param residualDropout dropout rate on what a sublayer adds to the residual stream
 */
public record ModelShape(
        @Describe("number of tokens (how many BPE learns, 1024 unless given; other tokenizers set it)")
        int vocabularySize,

        @Describe("positions the model can see") int contextLength,
        @Describe("transformer blocks") int layers,

        @Describe("attention heads in each block; must divide the width")
        int heads,

        @Describe("size of a token's vector") int width,

        @Describe("hidden size of the feed-forward sublayer (4 x width unless given)")
        int feedForwardWidth,

        @Describe("biases in linear layers and norms") boolean biases,
        @Describe("output head = token embedding") boolean tiedHead,

        @Describe("nonlinearity of the feed-forward sublayer")
        Activation activation,

        @Describe("added to the variance in a norm") double layerNormEpsilon,
        @Describe("standard deviation of initial matrices") double initialStd,
        @Describe("dropout rate after the embeddings") double embeddingDropout,
        @Describe("dropout rate on attention probabilities") double attentionDropout,
        @Describe("dropout rate on what a sublayer adds") double residualDropout) {

    /** Limits far beyond any model there is, within which sizes fit an int and bytes for training a long. */
    private static final int MAX_LAYERS = 10_000;

    private static final int MAX_WIDTH = 1 << 20;
    private static final int MAX_ROWS = 1 << 28;

    public ModelShape {
        require(vocabularySize >= 1, "vocabulary_size is %d; a model needs at least one token", vocabularySize);
        requireSize("vocabulary_size", vocabularySize, MAX_ROWS);
        requireSize("context_length", contextLength, MAX_ROWS);
        requireSize("layers", layers, MAX_LAYERS);
        requireSize("heads", heads, MAX_WIDTH);
        requireSize("width", width, MAX_WIDTH);
        if (width % heads != 0) { // the hint costs a search, so it is not made for valid shapes
            throw new InvalidHyperparameterException(String.format(
                    Locale.ROOT,
                    "width %d cannot be divided into %d heads of equal size; use a width of %d, or %s heads",
                    width,
                    heads,
                    (width / heads + 1L) * heads,
                    divisorsAround(width, heads)));
        }
        requireSize("feed_forward_width", feedForwardWidth, 4 * MAX_WIDTH);
        require(
                layerNormEpsilon > 0 && layerNormEpsilon < 1,
                "layer_norm_epsilon is %s; it must lie between 0 and 1 (GPT-2 uses 1e-5)",
                layerNormEpsilon);
        require(
                initialStd > 0 && initialStd < 10,
                "initial_std is %s; it must be positive and below 10 (GPT-2 uses 0.02)",
                initialStd);
        requireRate("embedding_dropout", embeddingDropout);
        requireRate("attention_dropout", attentionDropout);
        requireRate("residual_dropout", residualDropout);
    }

    /** Width of one attention head, D = C / H. */
    public int headWidth() {
        return width / heads;
    }

    /** The same architecture for another vocabulary. */
    public ModelShape withVocabularySize(int size) {
        return new ModelShape(
                size,
                contextLength,
                layers,
                heads,
                width,
                feedForwardWidth,
                biases,
                tiedHead,
                activation,
                layerNormEpsilon,
                initialStd,
                embeddingDropout,
                attentionDropout,
                residualDropout);
    }

    private static void requireSize(String name, int size, int largest) {
        require(size >= 1, "%s is %d; it must be at least 1", name, size);
        require(size <= largest, "%s is %,d; the largest model that can be described has %,d", name, size, largest);
    }

    private static void requireRate(String name, double rate) {
        require(rate >= 0 && rate < 1, "%s is %s; a dropout rate lies in [0, 1)", name, rate);
    }

    private static String divisorsAround(int width, int heads) {
        int below = Math.min(heads, width);
        int floor = Math.max(1, below - 10_000);
        while (below > floor && width % below != 0) {
            below--;
        }
        below = width % below == 0 ? below : 1;
        int above = Math.min(heads, width);
        int limit = (int) Math.min(width, above + 10_000L); // a hint is not worth a long search
        while (above < limit && width % above != 0) {
            above++;
        }
        if (width % above != 0) {
            return String.valueOf(below);
        }
        return below == above ? String.valueOf(below) : below + " or " + above;
    }
}
