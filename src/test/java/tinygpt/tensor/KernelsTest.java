package tinygpt.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.function.BiConsumer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tinygpt.reference.Erf;
import tinygpt.reference.ModelFixtures;
import tinygpt.tensor.KernelRows.Row;

/** Both sets of kernels against formulas in double precision, and against each other, at sizes that break lanes. */
class KernelsTest {
    private static final float EPSILON = 1e-5f;

    @ParameterizedTest
    @MethodSource("tinygpt.tensor.KernelRows#kernelsAndSizes")
    void add_isTheSum(Kernels k, int n) {
        Row x = new Row(n, 5, 1, 1);
        Row y = new Row(n, 2, 2, 1);
        double[] a = x.values();
        double[] b = y.values();

        k.add(x.array, x.at, y.array, y.at, n);

        assertArrayEquals(a, x.values());
        double[] got = y.values();
        for (int i = 0; i < n; i++) {
            assertEquals((float) a[i] + (float) b[i], got[i]);
        }
    }

    @ParameterizedTest
    @MethodSource("tinygpt.tensor.KernelRows#kernelsAndSizes")
    void multiply_isTheProduct(Kernels k, int n) {
        Row x = new Row(n, 1, 1, 1);
        Row y = new Row(n, 6, 2, 1);
        double[] a = x.values();
        double[] b = y.values();

        k.multiply(x.array, x.at, y.array, y.at, n);

        assertArrayEquals(a, x.values());
        double[] got = y.values();
        for (int i = 0; i < n; i++) {
            assertEquals((float) a[i] * (float) b[i], got[i]);
        }
    }

    @ParameterizedTest
    @MethodSource("tinygpt.tensor.KernelRows#kernelsAndSizes")
    void sumOfSquares_isThatInDouble(Kernels k, int n) {
        Row x = new Row(n, 7, 1, 3);
        double expected = 0;
        for (double a : x.values()) {
            expected += a * a;
        }

        assertEquals(expected, k.sumOfSquares(x.array, x.at, n), expected * 8 * KernelRows.ULP);
    }

    @ParameterizedTest
    @MethodSource("tinygpt.tensor.KernelRows#kernelsAndSizes")
    void layerNorm_isTheFormula(Kernels k, int n) {
        for (boolean biased : new boolean[] {true, false}) {
            for (boolean inPlace : new boolean[] {true, false}) {
                Row x = new Row(n, 5, 1, 2);
                Row y = inPlace ? x : new Row(n, 9, 2, 1);
                float[] gain = floats(n, 3);
                float[] bias = biased ? floats(n, 4) : null;
                Row statistics = new Row(2, 4, 5, 1);
                double[] a = x.values();
                double mean = KernelRows.sum(a) / n;
                double variance = 0;
                for (double value : a) {
                    variance += (value - mean) * (value - mean) / n;
                }
                double rstd = 1 / Math.sqrt(variance + EPSILON);

                k.layerNorm(x.array, x.at, n, EPSILON, gain, bias, y.array, y.at, statistics.array, statistics.at);

                double[] expected = new double[n];
                for (int i = 0; i < n; i++) {
                    expected[i] = (a[i] - mean) * rstd * gain[i] + (biased ? bias[i] : 0);
                }
                // A row of one is 0 / sqrt(epsilon): only the rounding of the mean is left.
                ModelFixtures.assertWithin("y", expected, y.values(), 2e-5);
                ModelFixtures.assertWithin(
                        "mean", new double[] {mean}, new double[] {statistics.values()[0]}, 2e-6);
                assertEquals(rstd, statistics.values()[1], rstd * 3e-6);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("tinygpt.tensor.KernelRows#kernelsAndSizes")
    void layerNorm_ofConstantRow_isTheBias(Kernels k, int n) {
        for (float constant : new float[] {0, 1, -3}) {
            Row x = new Row(n, 5, 1, 0);
            java.util.Arrays.fill(x.array, x.at, x.at + n, constant);
            float[] gain = floats(n, 3);
            float[] bias = floats(n, 4);
            float[] statistics = new float[2];

            k.layerNorm(x.array, x.at, n, EPSILON, gain, bias, x.array, x.at, statistics, 0);

            assertArrayEquals(ModelFixtures.widen(bias), x.values());
            assertEquals(constant, statistics[0]);
            assertEquals(1 / Math.sqrt(EPSILON), statistics[1], 1e-4);
        }
    }

    @ParameterizedTest
    @MethodSource("tinygpt.tensor.KernelRows#kernelsAndSizes")
    void layerNormBackward_isTheFormula_andAdds(Kernels k, int n) {
        for (boolean biased : new boolean[] {true, false}) {
            Row x = new Row(n, 5, 1, 2);
            Row dy = new Row(n, 3, 2, 1);
            Row dx = new Row(n, 8, 3, 1);
            float[] gain = floats(n, 4);
            float[] dGain = floats(n + 1, 5);
            float[] dBias = biased ? floats(n + 1, 6) : null;
            float mean = 0.25f;
            float rstd = 0.75f;
            double[] a = x.values();
            double[] d = dy.values();
            double[] expectedX = dx.values();
            double[] expectedGain = ModelFixtures.widen(dGain);
            double[] expectedBias = biased ? ModelFixtures.widen(dBias) : null;
            double sum = 0;
            double sumWithXhat = 0;
            for (int i = 0; i < n; i++) {
                double xhat = (a[i] - mean) * rstd;
                sum += d[i] * gain[i];
                sumWithXhat += d[i] * gain[i] * xhat;
                expectedGain[i] += d[i] * xhat;
                if (biased) {
                    expectedBias[i] += d[i];
                }
            }
            for (int i = 0; i < n; i++) {
                double xhat = (a[i] - mean) * rstd;
                expectedX[i] += (d[i] * gain[i] - sum / n - xhat * sumWithXhat / n) * rstd;
            }

            k.layerNormBackward(x.array, x.at, n, mean, rstd, gain, dy.array, dy.at, dx.array, dx.at, dGain, dBias);

            assertArrayEquals(a, x.values());
            assertArrayEquals(d, dy.values());
            ModelFixtures.assertWithin("dx", expectedX, dx.values(), 5e-6);
            ModelFixtures.assertWithin("dGain", expectedGain, ModelFixtures.widen(dGain), 5e-6);
            if (biased) {
                ModelFixtures.assertWithin("dBias", expectedBias, ModelFixtures.widen(dBias), 5e-6);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("tinygpt.tensor.KernelRows#kernelsAndSizes")
    void geluTanh_andItsSlope_areTheFormula(Kernels k, int n) {
        double c = Math.sqrt(2 / Math.PI);
        gelu(k::geluTanh, n, (a, out) -> {
            double t = Math.tanh(c * (a + 0.044715 * a * a * a));
            out[0] = 0.5 * a * (1 + t);
            out[1] = 0.5 * (1 + t) + 0.5 * a * (1 - t * t) * c * (1 + 3 * 0.044715 * a * a);
        });
    }

    @ParameterizedTest
    @MethodSource("tinygpt.tensor.KernelRows#kernelsAndSizes")
    void geluErf_andItsSlope_areTheFormula(Kernels k, int n) {
        gelu(k::geluErf, n, (a, out) -> {
            double phi = 0.5 * (1 + Erf.erf(a / Math.sqrt(2)));
            out[0] = a * phi;
            out[1] = phi + a * Math.exp(-a * a / 2) / Math.sqrt(2 * Math.PI);
        });
    }

    private interface Gelu {
        void apply(float[] x, int xAt, float[] y, int yAt, int n, boolean keepSlope);
    }

    private static void gelu(Gelu kernel, int n, BiConsumer<Double, double[]> formula) {
        for (boolean keepSlope : new boolean[] {true, false}) {
            Row x = new Row(n, 6, 1, 2.5);
            if (n > 64) {
                float[] tails = {0, -0f, 1, -1, 8, -8, 30, -30, 1000, -1000};
                System.arraycopy(tails, 0, x.array, x.at + 11, tails.length);
            }
            Row y = new Row(n, 1, 2, 1);
            double[] a = x.values();
            double[] value = new double[n];
            double[] slope = new double[n];
            double[] out = new double[2];
            for (int i = 0; i < n; i++) {
                formula.accept(a[i], out);
                value[i] = out[0];
                slope[i] = out[1];
            }

            kernel.apply(x.array, x.at, y.array, y.at, n, keepSlope);

            double[] got = y.values();
            for (int i = 0; i < n; i++) {
                assertEquals(value[i], got[i], 1e-6 * Math.max(1, Math.abs(a[i])), "of " + a[i]);
            }
            ModelFixtures.assertWithin("x", keepSlope ? slope : a, x.values(), keepSlope ? 2e-6 : 0);
        }
    }

    /** A NaN anywhere in a row, in a whole vector or in the tail, must not be lost in a maximum. */
    @ParameterizedTest
    @MethodSource("tinygpt.tensor.KernelRows#kernelsAndSizes")
    void nan_staysVisible(Kernels k, int n) {
        for (int place : new int[] {0, n / 2, n - 1}) {
            Row x = new Row(n, 5, 1, 1);
            x.array[x.at + place] = Float.NaN;
            assertTrue(Float.isNaN(k.crossEntropy(x.array, x.at, n, 0, 0)), "loss");
            assertTrue(Double.isNaN(k.sumOfSquares(x.array, x.at, n)), "sum of squares");

            Row y = new Row(n, 2, 2, 1);
            k.geluTanh(x.array, x.at, y.array, y.at, n, false);
            assertTrue(Float.isNaN(y.array[y.at + place]), "geluTanh");
            y = new Row(n, 2, 2, 1);
            k.geluErf(x.array, x.at, y.array, y.at, n, false);
            assertTrue(Float.isNaN(y.array[y.at + place]), "geluErf");
            y = new Row(n, 2, 2, 1);
            k.layerNorm(x.array, x.at, n, EPSILON, floats(n, 3), null, y.array, y.at, new float[2], 0);
            assertTrue(Float.isNaN(y.array[y.at]), "layerNorm");
            k.softmax(x.array, x.at, n, 1);
            assertTrue(Float.isNaN(x.array[x.at]), "softmax");
        }
    }

    @ParameterizedTest
    @MethodSource("tinygpt.tensor.KernelRows#kernelsAndSizes")
    void dropout_isThatOfDropoutBits(Kernels k, int n) {
        for (long key : new long[] {0, -1, 0x123456789ABCDEFL, Long.MIN_VALUE}) {
            int threshold = 1 << 22;
            Row x = new Row(n, 5, 1, 1);
            double[] a = x.values();

            k.dropout(key, x.array, x.at, n, threshold, 4f / 3);

            double[] got = x.values();
            for (int i = 0; i < n; i++) {
                boolean kept = Kernels.dropoutBits((int) key, (int) (key >>> 32), i) >= threshold;
                assertEquals(kept ? (float) a[i] * (4f / 3) : 0, got[i]);
            }
        }
    }

    /** The share of dropped elements over many rows and over many columns, to five standard deviations. */
    @ParameterizedTest
    @MethodSource("tinygpt.tensor.KernelRows#both")
    void dropout_dropsItsRate_inRowsAndInColumns(Kernels k) {
        int rows = 1000;
        int n = 100;
        double rate = 0.2;
        DropoutMask mask = new DropoutMask(42, tinygpt.random.Stream.EMBEDDING_DROPOUT, rate);
        mask.atStep(3);
        int dropped = 0;
        int neighbours = 0; // both of two in a row
        int[] byColumn = new int[n];
        for (int row = 0; row < rows; row++) {
            float[] x = new float[n];
            java.util.Arrays.fill(x, 1);
            k.dropout(mask.key(row), x, 0, n, mask.threshold(), mask.keptScale());
            for (int i = 0; i < n; i++) {
                assertEquals(mask.multiplier(row, i), x[i]);
                dropped += x[i] == 0 ? 1 : 0;
                byColumn[i] += x[i] == 0 ? 1 : 0;
                neighbours += i > 0 && x[i] == 0 && x[i - 1] == 0 ? 1 : 0;
            }
        }
        assertBinomial(rows * n, rate, dropped);
        assertBinomial(rows * (n - 1), rate * rate, neighbours);
        for (int count : byColumn) {
            assertBinomial(rows, rate, count);
        }
        assertEquals(1.25f, mask.keptScale());
    }

    private static void assertBinomial(int trials, double probability, int count) {
        double deviation = Math.sqrt(trials * probability * (1 - probability));
        assertEquals(trials * probability, count, 5 * deviation);
    }

    @ParameterizedTest
    @MethodSource("tinygpt.tensor.KernelRows#kernelsAndSizes")
    void adamW_isTheFormula(Kernels k, int n) {
        for (boolean decayed : new boolean[] {true, false}) {
            AdamWStep step = new AdamWStep();
            step.set(3, 1e-2, 0.1, 0.9, 0.99, 1e-8, 0.5);
            float[] w = floats(n + 3, 1);
            float[] g = floats(n + 3, 2);
            float[] m = floats(n + 3, 3);
            float[] v = floats(n + 3, 4);
            for (int i = 0; i < v.length; i++) {
                v[i] = Math.abs(v[i]) + 0.1f;
            }
            double[] ew = ModelFixtures.widen(w);
            double[] eg = ModelFixtures.widen(g);
            double[] em = ModelFixtures.widen(m);
            double[] ev = ModelFixtures.widen(v);
            double weightSquares = 0;
            double changeSquares = 0;
            double weightSizes = 0;
            double changeSizes = 0;
            for (int i = 0; i < n; i++) {
                double before = ew[i];
                eg[i] *= 0.5;
                em[i] = 0.9 * em[i] + 0.1 * eg[i];
                ev[i] = 0.99 * ev[i] + 0.01 * eg[i] * eg[i];
                ew[i] -= decayed ? 1e-2 * 0.1 * ew[i] : 0;
                double mean = em[i] / (1 - Math.pow(0.9, 3));
                double square = ev[i] / (1 - Math.pow(0.99, 3));
                ew[i] -= 1e-2 * mean / (Math.sqrt(square) + 1e-8);
                weightSquares += ew[i] * ew[i];
                changeSquares += (ew[i] - before) * (ew[i] - before);
                weightSizes += Math.abs(ew[i]);
                changeSizes += Math.abs(ew[i] - before);
            }
            double[] sums = {KernelRows.GUARD, KernelRows.GUARD, KernelRows.GUARD, KernelRows.GUARD};

            k.adamW(step, decayed, w, g, m, v, n, sums);

            // Elements from n on are as they were: the expected arrays are longer than n.
            ModelFixtures.assertWithin("g", eg, ModelFixtures.widen(g), 0);
            ModelFixtures.assertWithin("m", em, ModelFixtures.widen(m), 1e-6);
            ModelFixtures.assertWithin("v", ev, ModelFixtures.widen(v), 1e-6);
            ModelFixtures.assertWithin("w", ew, ModelFixtures.widen(w), 1e-6);
            assertEquals(weightSquares, sums[0], weightSquares * 1e-5);
            // A change is a difference of nearby floats: each is known to an ulp of the weight only.
            assertEquals(changeSquares, sums[1], changeSquares * 1e-4);
            assertEquals(weightSizes, sums[2], weightSizes * 1e-5);
            assertEquals(changeSizes, sums[3], changeSizes * 1e-4);
        }
    }

    @ParameterizedTest
    @MethodSource("tinygpt.tensor.KernelRows#both")
    void adamW_ofGradientZero_leavesWeightsFinite(Kernels k) {
        AdamWStep step = new AdamWStep();
        step.set(1, 1e-2, 0, 0.9, 0.99, 1e-8, 1);
        int n = 21;
        float[] w = floats(n, 1);
        float[] before = w.clone();
        double[] sums = new double[4];
        k.adamW(step, false, w, new float[n], new float[n], new float[n], n, sums);
        assertArrayEquals(before, w);
        assertEquals(0, sums[1]);
        assertEquals(0, sums[3]);
    }

    @ParameterizedTest
    @MethodSource("tinygpt.tensor.KernelRows#kernelsAndSizes")
    void layerNorm_ofRowFarFromZero_findsItsMean(Kernels k, int n) {
        Row x = new Row(n, 5, 1, 0.1);
        for (int i = 0; i < n; i++) {
            x.array[x.at + i] += 100; // a mean far from 0, where float sums lose digits
        }
        double[] a = x.values();
        double mean = KernelRows.sum(a) / n;
        float[] gain = new float[n];
        java.util.Arrays.fill(gain, 1);
        float[] statistics = new float[2];
        Row y = new Row(n, 2, 2, 1);

        k.layerNorm(x.array, x.at, n, EPSILON, gain, null, y.array, y.at, statistics, 0);

        assertEquals(mean, statistics[0], 1e-4);
    }

    private static float[] floats(int n, long seed) {
        return KernelRows.floats(ModelFixtures.randomNormals(n, seed));
    }
}
