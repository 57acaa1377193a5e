package tinygpt.tensor;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * GELU and its slope, with the hyperbolic tangent as in GPT-2 and with the error function. Constants are vectors for the
 * reason that {@link VectorKernels} gives.
 */
final class VectorGelu {
    private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
    private static final int LANES = FLOATS.length();

    // gelu_tanh(x) = x * sigmoid(2 sqrt(2/pi) (x + 0.044715 x^3))
    private static final float GELU_1 = (float) (2 * Math.sqrt(2 / Math.PI));
    private static final float GELU_3 = (float) (2 * Math.sqrt(2 / Math.PI) * 0.044715);

    // Phi(x) = sigmoid(x E(x^2)): E is the log-odds of the normal distribution over x, fitted by a polynomial of degree
    // 6 for |x| <= 5.6, beyond which Phi is 0 or 1. Error of x Phi(x): 7e-8; of its derivative: 4e-7.
    private static final float ERF_SQUARE_MAX = 5.6f * 5.6f;
    private static final float E0 = 1.5957685f;
    private static final float E1 = 0.07266857f;
    private static final float E2 = -6.6259985e-5f;
    private static final float E3 = -1.10480316e-4f;
    private static final float E4 = 7.938219e-6f;
    private static final float E5 = -2.668928e-7f;
    private static final float E6 = 3.6112326e-9f;

    private static final FloatVector ONE_V = vector(1);
    private static final FloatVector TANH_1_V = vector(-GELU_1);
    private static final FloatVector TANH_3_V = vector(-GELU_3);
    private static final FloatVector TANH_SLOPE_1_V = vector(GELU_1);
    private static final FloatVector TANH_SLOPE_3_V = vector(3 * GELU_3);
    private static final FloatVector ERF_SQUARE_MAX_V = vector(ERF_SQUARE_MAX);
    private static final FloatVector ERF_0_V = vector(-E0);
    private static final FloatVector ERF_1_V = vector(-E1);
    private static final FloatVector ERF_2_V = vector(-E2);
    private static final FloatVector ERF_3_V = vector(-E3);
    private static final FloatVector ERF_4_V = vector(-E4);
    private static final FloatVector ERF_5_V = vector(-E5);
    private static final FloatVector ERF_6_V = vector(-E6);
    private static final FloatVector ERF_SLOPE_0_V = vector(1 * E0);
    private static final FloatVector ERF_SLOPE_1_V = vector(3 * E1);
    private static final FloatVector ERF_SLOPE_2_V = vector(5 * E2);
    private static final FloatVector ERF_SLOPE_3_V = vector(7 * E3);
    private static final FloatVector ERF_SLOPE_4_V = vector(9 * E4);
    private static final FloatVector ERF_SLOPE_5_V = vector(11 * E5);
    private static final FloatVector ERF_SLOPE_6_V = vector(13 * E6);

    private VectorGelu() {}

    static void tanh(float[] x, int xAt, float[] y, int yAt, int n, boolean keepSlope) {
        int whole = keepSlope ? tanhWithSlope(x, xAt, y, yAt, n) : tanhVectors(x, xAt, y, yAt, n);
        for (int i = whole; i < n; i++) {
            float a = x[xAt + i];
            float s = sigmoid(Math.fma(a * a, -GELU_3, -GELU_1) * a);
            float gelu = a * s;
            if (keepSlope) {
                x[xAt + i] = Math.fma(gelu * (1 - s), Math.fma(a * a, 3 * GELU_3, GELU_1), s);
            }
            y[yAt + i] = gelu;
        }
    }

    private static int tanhVectors(float[] x, int xAt, float[] y, int yAt, int n) {
        int i = 0;
        for (; i <= n - LANES; i += LANES) {
            FloatVector a = load(x, xAt + i);
            a.mul(sigmoid(a.mul(a).fma(TANH_3_V, TANH_1_V).mul(a))).intoArray(y, yAt + i);
        }
        return i;
    }

    private static int tanhWithSlope(float[] x, int xAt, float[] y, int yAt, int n) {
        int i = 0;
        for (; i <= n - LANES; i += LANES) {
            FloatVector a = load(x, xAt + i);
            FloatVector square = a.mul(a);
            FloatVector s = sigmoid(square.fma(TANH_3_V, TANH_1_V).mul(a));
            FloatVector gelu = a.mul(s);
            gelu.intoArray(y, yAt + i);
            // d(a s) = s + a s (1 - s) u', where s = sigmoid(u)
            FloatVector slope = square.fma(TANH_SLOPE_3_V, TANH_SLOPE_1_V);
            gelu.mul(ONE_V.sub(s)).fma(slope, s).intoArray(x, xAt + i);
        }
        return i;
    }

    static void erf(float[] x, int xAt, float[] y, int yAt, int n, boolean keepSlope) {
        int whole = keepSlope ? erfWithSlope(x, xAt, y, yAt, n) : erfVectors(x, xAt, y, yAt, n);
        for (int i = whole; i < n; i++) {
            float a = x[xAt + i];
            float t = a * a;
            t = t > ERF_SQUARE_MAX ? ERF_SQUARE_MAX : t; // NaN stays NaN
            float e = Math.fma(t, -E6, -E5);
            e = Math.fma(Math.fma(Math.fma(e, t, -E4), t, -E3), t, -E2);
            e = Math.fma(Math.fma(e, t, -E1), t, -E0);
            float s = sigmoid(e * a);
            float gelu = a * s;
            if (keepSlope) {
                // The coefficient of a^2k in d(a E(a^2)) is 2k + 1 times that of E.
                float d = Math.fma(t, 13 * E6, 11 * E5);
                d = Math.fma(Math.fma(Math.fma(d, t, 9 * E4), t, 7 * E3), t, 5 * E2);
                d = Math.fma(Math.fma(d, t, 3 * E1), t, E0);
                x[xAt + i] = Math.fma(gelu * (1 - s), d, s);
            }
            y[yAt + i] = gelu;
        }
    }

    private static int erfVectors(float[] x, int xAt, float[] y, int yAt, int n) {
        int i = 0;
        for (; i <= n - LANES; i += LANES) {
            FloatVector a = load(x, xAt + i);
            a.mul(sigmoid(erfLogOdds(clampedSquare(a)).mul(a))).intoArray(y, yAt + i);
        }
        return i;
    }

    private static int erfWithSlope(float[] x, int xAt, float[] y, int yAt, int n) {
        int i = 0;
        for (; i <= n - LANES; i += LANES) {
            FloatVector a = load(x, xAt + i);
            FloatVector t = clampedSquare(a);
            FloatVector s = sigmoid(erfLogOdds(t).mul(a));
            FloatVector gelu = a.mul(s);
            gelu.intoArray(y, yAt + i);
            FloatVector d = t.fma(ERF_SLOPE_6_V, ERF_SLOPE_5_V)
                    .fma(t, ERF_SLOPE_4_V)
                    .fma(t, ERF_SLOPE_3_V)
                    .fma(t, ERF_SLOPE_2_V)
                    .fma(t, ERF_SLOPE_1_V)
                    .fma(t, ERF_SLOPE_0_V);
            gelu.mul(ONE_V.sub(s)).fma(d, s).intoArray(x, xAt + i);
        }
        return i;
    }

    private static FloatVector clampedSquare(FloatVector a) {
        FloatVector t = a.mul(a);
        return t.blend(ERF_SQUARE_MAX_V, t.compare(VectorOperators.GT, ERF_SQUARE_MAX_V));
    }

    /** -E(t): minus the log-odds of the normal distribution at a, over a, where t = a^2. */
    private static FloatVector erfLogOdds(FloatVector t) {
        return t.fma(ERF_6_V, ERF_5_V)
                .fma(t, ERF_4_V)
                .fma(t, ERF_3_V)
                .fma(t, ERF_2_V)
                .fma(t, ERF_1_V)
                .fma(t, ERF_0_V);
    }

    /** 1 / (1 + VectorExp.exp(u)), the sigmoid of -u. */
    private static FloatVector sigmoid(FloatVector u) {
        return ONE_V.div(VectorExp.exp(u).add(ONE_V));
    }

    private static float sigmoid(float u) {
        return 1 / (VectorExp.exp(u) + 1);
    }

    private static FloatVector load(float[] x, int at) {
        return FloatVector.fromArray(FLOATS, x, at);
    }

    private static FloatVector vector(float value) {
        return FloatVector.broadcast(FLOATS, value);
    }
}
