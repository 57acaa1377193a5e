package tinygpt.model;

import java.util.Locale;
import java.util.Optional;
import tinygpt.tensor.Matrix;

/** Finds where a forward pass stopped being finite. Not fast: for the message of a training that failed. */
public final class NonFinite {
    private NonFinite() {}

    /**
     * The first output of a module that holds NaN or infinity, in the order of computation, in words: {@code the output of
     * h.3.attn.c_attn, where 12 of 24,576 numbers are NaN or infinite}.
     *
     * @param a memory of training, after a forward pass
     * @return empty if all is finite up to the logits
     */
    public static Optional<String> first(Activations a) {
        Optional<String> found = in(a.input(), "the sum of wte and wpe");
        for (int i = 0; found.isEmpty() && i < a.layers(); i++) {
            found = inLayer(a.layer(i), "h." + i + ".");
        }
        return found.or(() -> in(a.finalNormed(), "the output of ln_f"))
                .or(() -> in(a.logits(), "the logits, the output of lm_head"));
    }

    private static Optional<String> inLayer(Activations.Layer kept, String h) {
        return in(kept.normed1, "the output of " + h + "ln_1")
                .or(() -> in(kept.qkv, "the output of " + h + "attn.c_attn"))
                .or(() -> in(kept.attended, "the attention of " + h + "attn, the input of its c_proj"))
                .or(() -> in(kept.x1, "the residual stream after " + h + "attn.c_proj"))
                .or(() -> in(kept.normed2, "the output of " + h + "ln_2"))
                .or(() -> in(kept.active, "the output of " + h + "mlp.c_fc and its GELU"))
                .or(() -> in(kept.x2, "the residual stream after " + h + "mlp.c_proj"));
    }

    private static Optional<String> in(Matrix matrix, String name) {
        float[] row = new float[matrix.columns()];
        long bad = 0;
        for (int i = 0; i < matrix.rows(); i++) {
            matrix.readRow(i, row, 0);
            for (float x : row) {
                bad += Float.isFinite(x) ? 0 : 1;
            }
        }
        return bad == 0
                ? Optional.empty()
                : Optional.of(String.format(
                        Locale.ROOT,
                        "%s, where %,d of %,d numbers are NaN or infinite",
                        name,
                        bad,
                        (long) matrix.rows() * matrix.columns()));
    }
}
