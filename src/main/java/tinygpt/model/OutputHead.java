package tinygpt.model;

import tinygpt.parameters.Parameter;
import tinygpt.tensor.Blas;
import tinygpt.tensor.Matrix;
import tinygpt.tensor.PackedMatrix;
import tinygpt.tensor.PackedProducts;
import tinygpt.tensor.Workspace;

/**
 * logits = x W^T, where W is the token embedding itself if the head is tied.
 *
 * <pre>
 * x  (M, C)     W  (V, C)     logits  (M, V)
 * dx = dlogits W;   dW = dlogits^T x
 * </pre>
 *
 * <p>Source of the tie: Press and Wolf, "Using the output embedding to improve language models" (2017).
 */
final class OutputHead {
    private final Parameter weight;
    private final Matrix w; // null where the weight is packed
    private final PackedMatrix packed; // null where it is float32

    OutputHead(Parameter weight) {
        this.weight = weight;
        this.packed = weight.packed();
        this.w = packed == null ? weight.matrix() : null;
    }

    void forward(Workspace space, Matrix x, Matrix logits) {
        if (packed == null) {
            Blas.multiplyTransposedB(space, 1, x, w, 0, logits); // (M, V)
        } else {
            PackedProducts.multiplyTransposedB(space, x, packed, logits); // (M, V)
        }
    }

    /** Overwrites dx. */
    void backward(Workspace space, Matrix x, Matrix dLogits, Matrix dx, Gradients gradients) {
        Blas.multiply(space, 1, dLogits, w, 0, dx); // (M, C)
        if (weight.trainable()) {
            Blas.multiplyTransposedA(space, 1, dLogits, x, 0, gradients.of(weight)); // (V, C)
        }
    }

    /** One row. */
    void row(Workspace space, Matrix x, Matrix logits) {
        if (packed == null) {
            Blas.multiplyRowTransposed(space, 1, x, w, 0, logits); // (1, V)
        } else {
            PackedProducts.multiplyRowTransposed(space, x, packed, logits); // (1, V)
        }
    }
}
