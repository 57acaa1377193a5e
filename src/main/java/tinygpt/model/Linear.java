package tinygpt.model;

import tinygpt.parameters.Adapter;
import tinygpt.parameters.Parameter;
import tinygpt.tensor.Blas;
import tinygpt.tensor.Matrix;
import tinygpt.tensor.PackedMatrix;
import tinygpt.tensor.PackedProducts;
import tinygpt.tensor.Rows;
import tinygpt.tensor.Workspace;

/**
 * y = x W + b, and with a low-rank adapter y = x W + b + s (x A) B.
 *
 * <pre>
 * x  (M, in)     W  (in, out), as GPT-2's Conv1D stores it     b  (out) or none     y  (M, out)
 * A  (in, r)     B  (r, out)     u  (M, r) = x A               s = alpha / r
 * dx = dy W^T    dW = x^T dy                                   db = sum of the rows of dy
 * du = s dy B^T  dA = x^T du     dB = s u^T dy                 dx += du A^T
 * </pre>
 *
 * <p>Source of the adapter: {@link Adapter}; its derivative is the product rule. u is computed again on the way back: r is
 * small, and then one scratch matrix serves every layer. What is frozen gets no product for its gradient.
 *
 * <p>A weight of 8 bits is multiplied as it is when there is one row, and widened piece by piece when there are several; it
 * has no way back.
 */
final class Linear {
    private final Parameter weight;
    private final Parameter bias;
    private final Adapter adapter;
    private final Matrix w; // null where the weight is packed
    private final PackedMatrix packed; // null where it is float32
    private final Matrix b;
    private final Matrix loraA;
    private final Matrix loraB;

    /**
     * A linear layer.
     *
     * @param bias null for none
     * @param adapter null for none
     */
    Linear(Parameter weight, Parameter bias, Adapter adapter) {
        this.weight = weight;
        this.bias = bias;
        this.adapter = adapter;
        this.packed = weight.packed();
        this.w = packed == null ? weight.matrix() : null;
        this.b = bias == null ? null : bias.matrix();
        this.loraA = adapter == null ? null : adapter.a().matrix();
        this.loraB = adapter == null ? null : adapter.b().matrix();
    }

    /** Whether anything here is trained. */
    boolean trained() {
        return weight.trainable()
                || bias != null && bias.trainable()
                || adapter != null && (adapter.a().trainable() || adapter.b().trainable());
    }

    void forward(Workspace space, Activations a, Matrix x, Matrix y) {
        if (b != null) {
            Rows.fill(space, b, y);
        }
        float keep = b == null ? 0 : 1;
        if (packed == null) {
            Blas.multiply(space, 1, x, w, keep, y); // (M, out)
        } else {
            PackedProducts.multiply(space, x, packed, keep, y); // (M, out)
        }
        if (adapter != null) {
            Blas.multiply(space, 1, x, loraA, 0, a.adapted()); // (M, r)
            Blas.multiply(space, adapter.scale(), a.adapted(), loraB, 1, y); // (M, out)
        }
    }

    /** Overwrites dx. */
    void backward(Workspace space, Activations a, Matrix x, Matrix dy, Matrix dx, Gradients gradients) {
        Blas.multiplyTransposedB(space, 1, dy, w, 0, dx); // (M, in)
        if (weight.trainable()) {
            Blas.multiplyTransposedA(space, 1, x, dy, 0, gradients.of(weight)); // (in, out)
        }
        if (b != null && bias.trainable()) {
            Rows.sumInto(space, dy, gradients.of(bias)); // (out)
        }
        if (adapter != null) {
            adapterBackward(space, a, x, dy, dx, gradients);
        }
    }

    /** Adds to dx. */
    private void adapterBackward(Workspace space, Activations a, Matrix x, Matrix dy, Matrix dx, Gradients gradients) {
        if (adapter.b().trainable()) {
            Blas.multiply(space, 1, x, loraA, 0, a.adapted()); // (M, r)
            Blas.multiplyTransposedA(space, adapter.scale(), a.adapted(), dy, 0, gradients.of(adapter.b())); // (r, out)
        }
        Matrix du = a.backwardScratch().adapted; // (M, r)
        Blas.multiplyTransposedB(space, adapter.scale(), dy, loraB, 0, du);
        if (adapter.a().trainable()) {
            Blas.multiplyTransposedA(space, 1, x, du, 0, gradients.of(adapter.a())); // (in, r)
        }
        Blas.multiplyTransposedB(space, 1, du, loraA, 1, dx); // (M, in)
    }

    /** One row, for generation. */
    void row(Workspace space, DecodeState state, Matrix x, Matrix y) {
        if (b != null) {
            Rows.copy(space, b, y);
        }
        float keep = b == null ? 0 : 1;
        if (packed == null) {
            Blas.multiplyRow(space, 1, x, w, keep, y); // (1, out)
        } else {
            PackedProducts.multiplyRow(space, x, packed, keep, y); // (1, out)
        }
        if (adapter != null) {
            Blas.multiplyRow(space, 1, x, loraA, 0, state.adapted); // (1, r)
            Blas.multiplyRow(space, adapter.scale(), state.adapted, loraB, 1, y); // (1, out)
        }
    }
}
