package tinygpt.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tinygpt.reference.ModelFixtures;
import tinygpt.tensor.KernelRows.Row;

/** Softmax and cross-entropy of both sets of kernels against the same in double precision. */
class SoftmaxKernelsTest {
    @ParameterizedTest
    @MethodSource("tinygpt.tensor.KernelRows#kernelsAndSizes")
    void softmax_isThatInDouble(Kernels k, int n) {
        for (float scale : new float[] {1, 0.125f}) {
            Row x = new Row(n, 5, 1, 6);
            double[] expected = softmax(x.values(), scale);

            k.softmax(x.array, x.at, n, scale);

            double[] got = x.values();
            for (int i = 0; i < n; i++) {
                assertEquals(expected[i], got[i], expected[i] * (3e-6 + n * KernelRows.ULP) + 1e-30);
            }
            assertEquals(1, KernelRows.sum(got), 2e-6);
        }
    }

    @ParameterizedTest
    @MethodSource("tinygpt.tensor.KernelRows#both")
    void softmax_ofScoresFarApart_isFiniteAndExactWhereItMatters(Kernels k) {
        int n = 37;
        for (float low : new float[] {-200, -1e4f, -1e30f}) {
            Row x = new Row(n, 5, 1, 0);
            Arrays.fill(x.array, x.at, x.at + n, low);
            x.array[x.at + 20] = 0;
            k.softmax(x.array, x.at, n, 1);
            for (int i = 0; i < n; i++) {
                assertEquals(i == 20 ? 1 : 0, x.values()[i], 1e-36);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("tinygpt.tensor.KernelRows#kernelsAndSizes")
    void softmax_ofEqualScores_isUniform(Kernels k, int n) {
        Row x = new Row(n, 5, 1, 0);
        Arrays.fill(x.array, x.at, x.at + n, -1e4f);
        k.softmax(x.array, x.at, n, 1);
        for (double p : x.values()) {
            assertEquals(1.0 / n, p, 1e-7 / n * 2);
        }
    }

    @ParameterizedTest
    @MethodSource("tinygpt.tensor.KernelRows#kernelsAndSizes")
    void softmaxBackward_isTheFormula(Kernels k, int n) {
        Row p = new Row(n, 2, 1, 2);
        System.arraycopy(KernelRows.floats(softmax(p.values(), 1)), 0, p.array, p.at, n);
        Row d = new Row(n, 7, 2, 1);
        double[] probabilities = p.values();
        double[] gradient = d.values();
        double dot = 0;
        for (int i = 0; i < n; i++) {
            dot += probabilities[i] * gradient[i];
        }

        k.softmaxBackward(p.array, p.at, d.array, d.at, n, 0.25f);

        assertArrayEquals(probabilities, p.values());
        double[] got = d.values();
        for (int i = 0; i < n; i++) {
            double expected = probabilities[i] * (gradient[i] - dot) * 0.25;
            assertEquals(expected, got[i], 3e-6 * probabilities[i]);
        }
    }

    @ParameterizedTest
    @MethodSource("tinygpt.tensor.KernelRows#kernelsAndSizes")
    void crossEntropy_andItsGradient_areTheFormula(Kernels k, int n) {
        for (int target : new int[] {0, n / 2, n - 1}) {
            for (float scale : new float[] {0, 0.125f}) {
                Row x = new Row(n, 5, 1, 3);
                double[] logits = x.values();
                double[] p = softmax(logits, 1);

                float loss = k.crossEntropy(x.array, x.at, n, target, scale);

                assertEquals(-Math.log(p[target]), loss, 2e-6 * Math.max(1, loss));
                double[] expected = logits;
                if (scale != 0) {
                    for (int i = 0; i < n; i++) {
                        expected[i] = scale * (p[i] - (i == target ? 1 : 0));
                    }
                }
                ModelFixtures.assertWithin("row", expected, x.values(), scale == 0 ? 0 : 2e-7);
            }
        }
    }

    /** ND4J's own operation gives Infinity here. */
    @ParameterizedTest
    @MethodSource("tinygpt.tensor.KernelRows#both")
    void crossEntropy_ofLogitGapOf200_is200(Kernels k) {
        for (int n : new int[] {2, 8, 37}) {
            Row x = new Row(n, 5, 1, 0);
            x.array[x.at] = 200;

            assertEquals(200f, k.crossEntropy(x.array, x.at, n, 1, 1), 1e-4f);
            assertEquals(1, x.values()[0], 1e-6);
            assertEquals(-1, x.values()[1], 1e-6);
        }
    }

    @ParameterizedTest
    @MethodSource("tinygpt.tensor.KernelRows#kernelsAndSizes")
    void crossEntropy_ofEqualLogits_isLogOfTheirNumber(Kernels k, int n) {
        Row x = new Row(n, 5, 1, 0);
        Arrays.fill(x.array, x.at, x.at + n, -1e4f);
        assertEquals(Math.log(n), k.crossEntropy(x.array, x.at, n, n - 1, 0), 1e-3 * KernelRows.ULP + 2e-6);
    }

    private static double[] softmax(double[] x, double scale) {
        double max = Double.NEGATIVE_INFINITY;
        for (double a : x) {
            max = Math.max(max, a);
        }
        double[] p = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            p[i] = Math.exp((x[i] - max) * scale);
        }
        double sum = KernelRows.sum(p);
        for (int i = 0; i < x.length; i++) {
            p[i] /= sum;
        }
        return p;
    }
}
