package tinygpt.model;

import tinygpt.hyperparameters.Activation;
import tinygpt.tensor.Matrix;
import tinygpt.tensor.Rows;
import tinygpt.tensor.Workspace;

/**
 * Two linear layers with a GELU between them.
 *
 * <pre>
 * x  (M, C)     h  (M, F) = x W_fc + b     g  (M, F) = GELU(h)     y  (M, C) = g W_proj + b
 * dg = dy W_proj^T;   dh = dg GELU'(h);   dx = dh W_fc^T
 * </pre>
 *
 * <p>Source: Hendrycks and Gimpel, "Gaussian error linear units" (2016). The forward pass of training leaves GELU'(h) where
 * h was, because both need the same exponential.
 */
final class FeedForward {
    private final int layer;
    private final boolean exactGelu;
    private final Linear up;
    private final Linear down;

    FeedForward(int layer, Activation activation, Linear up, Linear down) {
        this.layer = layer;
        this.exactGelu = activation == Activation.GELU_ERF;
        this.up = up;
        this.down = down;
    }

    boolean trained() {
        return up.trained() || down.trained();
    }

    void forward(Workspace space, Activations a, Matrix x, Matrix y) {
        Activations.Layer kept = a.layer(layer);
        up.forward(space, a, x, kept.hidden); // (M, F)
        Rows.gelu(space, exactGelu, a.training(), kept.hidden, kept.active); // (M, F)
        down.forward(space, a, kept.active, y); // (M, C)
    }

    /** Overwrites dx. */
    void backward(Workspace space, Activations a, Matrix x, Matrix dy, Matrix dx, Gradients gradients) {
        Activations.Layer kept = a.layer(layer);
        Matrix dh = a.backwardScratch().hidden; // (M, F)
        down.backward(space, a, kept.active, dy, dh, gradients);
        Rows.multiply(space, kept.hidden, dh); // dg GELU'(h)
        up.backward(space, a, x, dh, dx, gradients); // (M, C)
    }

    /** One position. */
    void step(Workspace space, DecodeState state, Matrix x, Matrix y) {
        up.row(space, state, x, state.hidden); // (1, F)
        Rows.gelu(space, exactGelu, false, state.hidden, state.hidden);
        down.row(space, state, state.hidden, y); // (1, C)
    }

    /** One position of each text of a batch. */
    void rows(Workspace space, DecodeBatch batch, Matrix[] x, Matrix[] y) {
        up.rows(space, batch, x, batch.hidden); // (1, F) each
        for (int i = 0; i < batch.count(); i++) {
            Rows.gelu(space, exactGelu, false, batch.hidden[i], batch.hidden[i]);
        }
        down.rows(space, batch, batch.hidden, y); // (1, C)
    }
}
