package tinygpt.model;

import tinygpt.model.HeadViews.RowBlock;
import tinygpt.tensor.Blas;
import tinygpt.tensor.Matrix;
import tinygpt.tensor.Rows;
import tinygpt.tensor.Workspace;

/**
 * Multi-head attention in which a position sees itself and those before it.
 *
 * <pre>
 * x    (M, C)
 * qkv  (M, 3 C) = x W_attn + b        columns: queries, keys, values; head h has columns h D to (h + 1) D of each
 * P    (T, T)   = softmax(Q K^T / sqrt(D)), 0 above the diagonal      for every sequence and head
 * O    (T, D)   = dropout(P) V        side by side again: o (M, C)
 * y    (M, C)   = o W_proj + b
 *
 * dV = dropout(P)^T dO;   dP = dropout'(dO V^T);   dS = P (dP - sum(P dP)) / sqrt(D);   dQ = dS K;   dK = dS^T Q
 * </pre>
 *
 * <p>Source: Vaswani et al., "Attention is all you need" (2017), section 3.2. Heads are multiplied where they lie in qkv
 * (leading dimension 3 C); nothing is transposed or copied.
 */
final class CausalSelfAttention {
    private final int layer;
    private final int heads;
    private final float scale;
    private final Linear attention;
    private final Linear projection;

    CausalSelfAttention(int layer, int heads, int headWidth, Linear attention, Linear projection) {
        this.layer = layer;
        this.heads = heads;
        this.scale = (float) (1 / Math.sqrt(headWidth));
        this.attention = attention;
        this.projection = projection;
    }

    boolean trained() {
        return attention.trained() || projection.trained();
    }

    void forward(Workspace space, Activations a, Matrix x, Matrix y) {
        Activations.Layer kept = a.layer(layer);
        attention.forward(space, a, x, kept.qkv); // (M, 3C)
        for (int sequence = 0; sequence < a.sequences(); sequence++) {
            for (int head = 0; head < heads; head++) {
                for (RowBlock block : kept.head(sequence, head)) {
                    Matrix p = block.probabilities(); // (R, E)
                    Blas.multiplyTransposedB(space, 1, block.query(), block.keys(), 0, p);
                    Rows.causalSoftmax(space, p, block.start() + 1, scale);
                    Matrix dropped = dropped(space, a, p, sequence, head, block.start());
                    Blas.multiply(space, 1, dropped, block.values(), 0, block.output()); // (R, D)
                }
            }
        }
        projection.forward(space, a, kept.attended, y); // (M, C)
    }

    /** Overwrites dx. */
    void backward(Workspace space, Activations a, Matrix x, Matrix dy, Matrix dx, Gradients gradients) {
        Activations.Layer kept = a.layer(layer);
        BackwardScratch d = a.backwardScratch();
        projection.backward(space, a, kept.attended, dy, d.attended, gradients); // (M, C)
        for (int sequence = 0; sequence < a.sequences(); sequence++) {
            for (int head = 0; head < heads; head++) {
                var blocks = kept.head(sequence, head);
                var dBlocks = d.head(sequence, head);
                // The last block sees all keys: going backwards, it overwrites their gradients and the others add.
                for (int i = blocks.size() - 1; i >= 0; i--) {
                    float keep = i == blocks.size() - 1 ? 0 : 1;
                    backward(space, a, blocks.get(i), dBlocks.get(i), sequence, head, keep);
                }
            }
        }
        attention.backward(space, a, x, d.qkv, dx, gradients); // (M, C)
    }

    private void backward(
            Workspace space, Activations a, RowBlock block, RowBlock d, int sequence, int head, float keep) {
        Matrix p = block.probabilities(); // (R, E)
        Matrix dp = d.probabilities(); // (R, E)
        Matrix dropped = dropped(space, a, p, sequence, head, block.start());
        Blas.multiplyTransposedA(space, 1, dropped, d.output(), keep, d.values()); // (E, D)
        Blas.multiplyTransposedB(space, 1, d.output(), block.values(), 0, dp);
        if (a.dropsAttention()) {
            long place = a.dropouts().attentionPlace(layer, a.firstSequence() + sequence, head);
            Rows.dropout(space, a.dropouts().attention, place + block.start(), dp, dp);
        }
        Rows.causalSoftmaxBackward(space, p, dp, block.start() + 1, scale);
        Blas.multiply(space, 1, dp, block.keys(), 0, d.query()); // (R, D)
        Blas.multiplyTransposedA(space, 1, dp, block.query(), keep, d.keys()); // (E, D)
    }

    /** The probabilities after dropout, in scratch memory; the probabilities themselves if nothing is dropped. */
    private Matrix dropped(Workspace space, Activations a, Matrix p, int sequence, int head, int start) {
        if (!a.dropsAttention()) {
            return p;
        }
        Matrix dropped = a.droppedAttention(start); // (R, E)
        long place = a.dropouts().attentionPlace(layer, a.firstSequence() + sequence, head);
        Rows.dropout(space, a.dropouts().attention, place + start, p, dropped);
        return dropped;
    }

    /** One position, with the keys and values before it taken from the cache. */
    void step(Workspace space, DecodeState state, Matrix x, Matrix y) {
        attention.row(space, state, x, state.qkv); // (1, 3C)
        attend(space, state);
        projection.row(space, state, state.attended, y); // (1, C)
    }

    /** One position of each text of a batch, each with its own cache. */
    void rows(Workspace space, DecodeBatch batch, Matrix[] x, Matrix[] y) {
        attention.rows(space, batch, x, batch.qkv); // (1, 3C) each
        for (int i = 0; i < batch.count(); i++) {
            attend(space, batch.state(i));
        }
        projection.rows(space, batch, batch.attended, y); // (1, C)
    }

    /** From qkv to what the heads read out, for one position. */
    private void attend(Workspace space, DecodeState state) {
        KeyValueCache cache = state.cache();
        int seen = cache.append(space, layer, state.qkv); // keys and values (seen, D) for each head
        for (int head = 0; head < heads; head++) {
            Matrix p = state.scores(seen); // (1, seen)
            Blas.multiplyRowTransposed(space, 1, state.query(head), cache.keys(layer, head, seen), 0, p);
            Rows.causalSoftmax(space, p, seen, scale);
            Blas.multiplyRow(space, 1, p, cache.values(layer, head, seen), 0, state.attended(head)); // (1, D)
        }
    }
}
