package tinygpt.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.transforms.custom.LayerNorm;
import org.nd4j.linalg.api.ops.impl.transforms.strict.GELU;
import org.nd4j.linalg.api.ops.impl.transforms.strict.PreciseGELU;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Why this room has kernels of its own: what ND4J 1.0.0-M2.1 computes under the names of a transformer's operations. If
 * one of these fails after an upgrade, ND4J was repaired, and this room may be simplified.
 */
class Nd4jPitfallsTest {
    private static final double GELU_TANH_OF_1 = 0.841192;

    @Test
    void preciseGelu_of1_isNotGelu() {
        INDArray x = Nd4j.createFromArray(1f);

        Nd4j.getExecutioner().exec(new PreciseGELU(x, x));

        // It cubes the factor too: x + (0.044715 x)^3 within the tanh, instead of x + 0.044715 x^3.
        double wrong = 0.5 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (1 + Math.pow(0.044715, 3))));
        assertEquals(wrong, x.getFloat(0), 1e-4);
        assertEquals(0.01, GELU_TANH_OF_1 - x.getFloat(0), 1e-3);
        assertEquals(GELU_TANH_OF_1, ours(1), 1e-6);
    }

    @Test
    void gelu_of1_isTheSigmoidForm() {
        INDArray x = Nd4j.createFromArray(1f);

        Nd4j.getExecutioner().exec(new GELU(x, x));

        assertEquals(1 / (1 + Math.exp(-1.702)), x.getFloat(0), 1e-5);
    }

    /** With the epsilon of 1e-5, a row with deviations of 1e-3 becomes 0.3 in size; without, 1. */
    @Test
    void layerNorm_hasNoEpsilon() {
        float[] row = {-1e-3f, 1e-3f, -1e-3f, 1e-3f};
        float[] gain = {1, 1, 1, 1};
        INDArray y = Nd4j.create(DataType.FLOAT, 1, 4);

        Nd4j.exec(new LayerNorm(Nd4j.createFromArray(new float[][] {row}), Nd4j.createFromArray(gain), y, true, 1));

        assertEquals(1, y.getFloat(0, 1), 1e-3);
        new ScalarKernels().layerNorm(row, 0, 4, 1e-5f, gain, null, row, 0, new float[2], 0);
        assertEquals(1e-3 / Math.sqrt(1e-6 + 1e-5), row[1], 1e-6);
    }

    private static float ours(float x) {
        float[] y = new float[1];
        new ScalarKernels().geluTanh(new float[] {x}, 0, y, 0, 1, false);
        return y[0];
    }
}
