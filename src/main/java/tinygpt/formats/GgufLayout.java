package tinygpt.formats;

import java.util.ArrayList;
import java.util.List;
import tinygpt.hyperparameters.ModelShape;

/**
 * Which tensor of a GGUF file is which parameter of a GPT-2, in the order in which they are written.
 *
 * <p>E width, C context length, V vocabulary, I width of the feed-forward layers. Matrices of layers lie in a file as
 * [out, in], which GGUF writes as {in, out}: the transpose of a parameter's [in, out]. Embeddings and the head lie as they
 * are. llama.cpp's GPT-2 has a bias in every layer and norm.
 */
final class GgufLayout {
    static final String EMBEDDING = "token_embd.weight";
    static final String POSITIONS = "position_embd.weight";
    static final String HEAD = "output.weight";

    private GgufLayout() {}

    /**
     * A tensor and its parameter.
     *
     * @param name of the tensor
     * @param parameter name of the parameter
     * @param ne sizes of its dimensions, the fastest-varying first
     * @param transposed whether the tensor is the parameter's transpose
     */
    record Place(String name, String parameter, long[] ne, boolean transposed) {}

    static List<Place> of(ModelShape shape) {
        long e = shape.width();
        long i = shape.feedForwardWidth();
        long v = shape.vocabularySize();
        List<Place> places = new ArrayList<>();
        places.add(new Place(EMBEDDING, "wte.weight", new long[] {e, v}, false));
        places.add(new Place(POSITIONS, "wpe.weight", new long[] {e, shape.contextLength()}, false));
        for (int layer = 0; layer < shape.layers(); layer++) {
            String to = "blk." + layer + ".";
            String from = "h." + layer + ".";
            norm(places, to + "attn_norm", from + "ln_1", e);
            linear(places, to + "attn_qkv", from + "attn.c_attn", e, 3 * e);
            linear(places, to + "attn_output", from + "attn.c_proj", e, e);
            norm(places, to + "ffn_norm", from + "ln_2", e);
            linear(places, to + "ffn_up", from + "mlp.c_fc", e, i);
            linear(places, to + "ffn_down", from + "mlp.c_proj", i, e);
        }
        norm(places, "output_norm", "ln_f", e);
        places.add(new Place(HEAD, "lm_head.weight", new long[] {e, v}, false));
        return places;
    }

    private static void norm(List<Place> places, String name, String parameter, long width) {
        places.add(new Place(name + ".weight", parameter + ".weight", new long[] {width}, false));
        places.add(new Place(name + ".bias", parameter + ".bias", new long[] {width}, false));
    }

    private static void linear(List<Place> places, String name, String parameter, long in, long out) {
        places.add(new Place(name + ".weight", parameter + ".weight", new long[] {in, out}, true));
        places.add(new Place(name + ".bias", parameter + ".bias", new long[] {out}, false));
    }
}
