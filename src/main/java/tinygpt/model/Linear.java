package tinygpt.model;

import tinygpt.parameters.Parameter;
import tinygpt.tensor.Blas;
import tinygpt.tensor.Matrix;
import tinygpt.tensor.Rows;
import tinygpt.tensor.Workspace;

/**
 * y = x W + b.
 *
 * <pre>
 * x  (M, in)     W  (in, out), as GPT-2's Conv1D stores it     b  (out) or none     y  (M, out)
 * dx = dy W^T    dW = x^T dy                                   db = sum of the rows of dy
 * </pre>
 */
final class Linear {
    private final Parameter weight;
    private final Parameter bias;
    private final Matrix w;
    private final Matrix b;

    /**
     * A linear layer.
     *
     * @param bias null for none
     */
    Linear(Parameter weight, Parameter bias) {
        this.weight = weight;
        this.bias = bias;
        this.w = weight.matrix();
        this.b = bias == null ? null : bias.matrix();
    }

    void forward(Workspace space, Matrix x, Matrix y) {
        if (b == null) {
            Blas.multiply(space, 1, x, w, 0, y); // (M, out)
        } else {
            Rows.fill(space, b, y);
            Blas.multiply(space, 1, x, w, 1, y); // (M, out)
        }
    }

    /** Overwrites dx. */
    void backward(Workspace space, Matrix x, Matrix dy, Matrix dx, Gradients gradients) {
        Blas.multiplyTransposedB(space, 1, dy, w, 0, dx); // (M, in)
        Blas.multiplyTransposedA(space, 1, x, dy, 0, gradients.of(weight)); // (in, out)
        if (b != null) {
            Rows.sumInto(space, dy, gradients.of(bias)); // (out)
        }
    }

    /** One row: y = x W + b, for generation. */
    void row(Workspace space, Matrix x, Matrix y) {
        if (b == null) {
            Blas.multiplyRow(space, 1, x, w, 0, y); // (1, out)
        } else {
            Rows.copy(space, b, y);
            Blas.multiplyRow(space, 1, x, w, 1, y); // (1, out)
        }
    }
}
