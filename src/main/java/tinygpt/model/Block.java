package tinygpt.model;

import tinygpt.tensor.DropoutMask;
import tinygpt.tensor.Matrix;
import tinygpt.tensor.Rows;
import tinygpt.tensor.Workspace;

/**
 * One transformer block, pre-norm as in GPT-2: each sublayer reads a normalized copy of the residual stream and adds to it.
 *
 * <pre>
 * x1 = x0 + dropout(attention(ln_1(x0)))
 * x2 = x1 + dropout(feedForward(ln_2(x1)))          all (M, C)
 * </pre>
 */
final class Block {
    private final int layer;
    private final LayerNorm norm1;
    private final CausalSelfAttention attention;
    private final LayerNorm norm2;
    private final FeedForward feedForward;

    Block(int layer, LayerNorm norm1, CausalSelfAttention attention, LayerNorm norm2, FeedForward feedForward) {
        this.layer = layer;
        this.norm1 = norm1;
        this.attention = attention;
        this.norm2 = norm2;
        this.feedForward = feedForward;
    }

    /** Whether anything in this block is trained. */
    boolean trained() {
        return norm1.trained() || attention.trained() || norm2.trained() || feedForward.trained();
    }

    void forward(Workspace space, Activations a) {
        Activations.Layer kept = a.layer(layer);
        norm1.forward(space, kept.x0, kept.normed1, kept.statistics1);
        attention.forward(space, a, kept.normed1, a.sublayer());
        residual(space, a, a.training() ? a.dropouts().attentionResidual : null, kept.x0, kept.x1);
        norm2.forward(space, kept.x1, kept.normed2, kept.statistics2);
        feedForward.forward(space, a, kept.normed2, a.sublayer());
        residual(space, a, a.training() ? a.dropouts().feedForwardResidual : null, kept.x1, kept.x2);
    }

    /** Turns the gradient of x2, in the scratch's residual, into that of x0. */
    void backward(Workspace space, Activations a, Gradients gradients) {
        Activations.Layer kept = a.layer(layer);
        BackwardScratch d = a.backwardScratch();
        Matrix dy = dropped(space, a, a.dropouts().feedForwardResidual, d);
        feedForward.backward(space, a, kept.normed2, dy, d.normed, gradients);
        norm2.backward(space, kept.x1, kept.statistics2, d.normed, d.residual, gradients);
        dy = dropped(space, a, a.dropouts().attentionResidual, d);
        attention.backward(space, a, kept.normed1, dy, d.normed, gradients);
        norm1.backward(space, kept.x0, kept.statistics1, d.normed, d.residual, gradients);
    }

    /** One position: x becomes x2. */
    void step(Workspace space, DecodeState state) {
        norm1.forward(space, state.x, state.normed, state.statistics);
        attention.step(space, state, state.normed, state.sublayer);
        Rows.add(space, state.sublayer, state.x, state.x);
        norm2.forward(space, state.x, state.normed, state.statistics);
        feedForward.step(space, state, state.normed, state.sublayer);
        Rows.add(space, state.sublayer, state.x, state.x);
    }

    /** One position of each text of a batch: every x becomes x2. */
    void rows(Workspace space, DecodeBatch batch) {
        norm1.rows(space, batch);
        attention.rows(space, batch, batch.normed, batch.sublayer);
        batch.addSublayer(space);
        norm2.rows(space, batch);
        feedForward.rows(space, batch, batch.normed, batch.sublayer);
        batch.addSublayer(space);
    }

    private void residual(Workspace space, Activations a, DropoutMask mask, Matrix x, Matrix sum) {
        if (mask != null && mask.active()) {
            long place = a.dropouts().residualPlace(layer, a.firstToken());
            Rows.dropout(space, mask, place, a.sublayer(), a.sublayer());
        }
        Rows.add(space, x, a.sublayer(), sum); // (M, C)
    }

    /** The gradient of a sublayer's output: that of the stream, with the same elements dropped. */
    private Matrix dropped(Workspace space, Activations a, DropoutMask mask, BackwardScratch d) {
        if (!mask.active()) {
            return d.residual;
        }
        Rows.dropout(space, mask, a.dropouts().residualPlace(layer, a.firstToken()), d.residual, d.sublayer);
        return d.sublayer; // (M, C)
    }
}
