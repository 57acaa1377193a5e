package tinygpt.model;

import tinygpt.parameters.Parameter;
import tinygpt.tensor.Matrix;
import tinygpt.tensor.Rows;
import tinygpt.tensor.Workspace;

/**
 * y = (x - mean) / sqrt(variance + epsilon) * gain + bias, over the C numbers of each row.
 *
 * <pre>
 * x  (M, C)     gain, bias  (C)     statistics  (1, 2 M): mean and reciprocal deviation of each row     y  (M, C)
 * xhat = (x - mean) rstd;   dxhat = dy gain
 * dx = rstd (dxhat - mean(dxhat) - xhat mean(dxhat xhat));   dgain = sum(dy xhat);   dbias = sum(dy)
 * </pre>
 *
 * <p>Source: Ba, Kiros and Hinton, "Layer normalization" (2016), equation 3; the derivative is the chain rule through mean
 * and variance.
 */
final class LayerNorm {
    private final Parameter gain;
    private final Parameter bias;
    private final Matrix g;
    private final Matrix b;
    private final float epsilon;

    /**
     * A norm.
     *
     * @param bias null for none
     */
    LayerNorm(Parameter gain, Parameter bias, double epsilon) {
        this.gain = gain;
        this.bias = bias;
        this.g = gain.matrix();
        this.b = bias == null ? null : bias.matrix();
        this.epsilon = (float) epsilon;
    }

    boolean trained() {
        return gain.trainable() || bias != null && bias.trainable();
    }

    void forward(Workspace space, Matrix x, Matrix y, Matrix statistics) {
        Rows.layerNorm(space, x, g, b, epsilon, y, statistics); // (M, C)
    }

    /** The residual stream of each text of a batch, normalized. */
    void rows(Workspace space, DecodeBatch batch) {
        for (int i = 0; i < batch.count(); i++) {
            forward(space, batch.x[i], batch.normed[i], batch.state(i).statistics);
        }
    }

    /** Adds to dx. */
    void backward(Workspace space, Matrix x, Matrix statistics, Matrix dy, Matrix dx, Gradients gradients) {
        Matrix dGain = gain.trainable() ? gradients.of(gain) : null;
        Matrix dBias = bias != null && bias.trainable() ? gradients.of(bias) : null;
        Rows.layerNormBackward(space, x, statistics, g, dy, dx, dGain, dBias);
    }
}
