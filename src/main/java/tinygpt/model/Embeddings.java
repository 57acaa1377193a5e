package tinygpt.model;

import tinygpt.parameters.Parameter;
import tinygpt.tensor.Matrix;
import tinygpt.tensor.PackedMatrix;
import tinygpt.tensor.PackedProducts;
import tinygpt.tensor.Rows;
import tinygpt.tensor.Workspace;

/**
 * x[b, t] = dropout(wte[token[b, t]] + wpe[t]).
 *
 * <pre>
 * tokens  (B, T)     wte  (V, C)     wpe  (context, C)     x  (M, C)
 * dwte[token] += dx;   dwpe[t] += dx, summed over sequences
 * </pre>
 */
final class Embeddings {
    private final Parameter tokens;
    private final Parameter positions;
    private final boolean tied;
    private final Matrix wte; // null where it is packed
    private final PackedMatrix packed; // null where it is float32
    private final Matrix wpe;

    Embeddings(Parameter tokens, Parameter positions, boolean tied) {
        this.tokens = tokens;
        this.positions = positions;
        this.tied = tied;
        this.packed = tokens.packed();
        this.wte = packed == null ? tokens.matrix() : null;
        this.wpe = positions.matrix();
    }

    boolean trained() {
        return tokens.trainable() || positions.trainable();
    }

    void forward(Workspace space, Activations a, Matrix x) {
        embed(space, a.tokens(), 0, a.time(), x); // (M, C)
        if (a.training() && a.dropouts().embedding.active()) {
            Rows.dropout(space, a.dropouts().embedding, a.firstToken(), x, x);
        }
    }

    /** Changes dx where dropout acted. Adds to the gradient of wte if the head, which is tied to it, has written it. */
    void backward(Workspace space, Activations a, Matrix dx, Gradients gradients) {
        if (a.dropouts().embedding.active()) {
            Rows.dropout(space, a.dropouts().embedding, a.firstToken(), dx, dx);
        }
        Matrix dwte = tokens.trainable() ? gradients.of(tokens) : null;
        Matrix dwpe = positions.trainable() ? gradients.of(positions) : null;
        if (dwte != null && !tied) {
            Rows.clear(space, dwte);
        }
        if (dwpe != null) {
            Rows.clear(space, dwpe);
        }
        Rows.embedBackward(space, dx, a.tokens(), 0, dwte, dwpe, a.time());
    }

    /** One token at one position. */
    void step(Workspace space, int[] token, int position, Matrix x) {
        embed(space, token, position, position + 1, x); // (1, C)
    }

    private void embed(Workspace space, int[] ids, int start, int period, Matrix x) {
        if (packed == null) {
            Rows.embed(space, wte, ids, 0, wpe, start, period, x);
        } else {
            PackedProducts.embed(space, packed, ids, wpe, start, period, x);
        }
    }
}
