package tinygpt.tensor;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * The kernels in the Vector API.
 *
 * <p>Whole vectors first, then the tail of a row with scalar code of the same formulas. Two rules keep the result the same
 * to the bit whether a method is interpreted or compiled: sums over lanes are taken in a fixed order ({@link
 * #sumOfLanes}; {@code reduceLanes(ADD)} leaves the order open), and every fused multiply-add is written as one.
 */
final class VectorKernels implements Kernels {
    private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Integer> INTS =
            FLOATS.withLanes(int.class).check(int.class);
    private static final int LANES = FLOATS.length();

    // exp(x) = 2^n exp(r), n = round(x / ln 2), |r| <= ln 2 / 2; ln 2 is split in two so that n * LN2_HIGH is exact.
    // The polynomial of degree 6 was fitted for this interval: relative error 3e-9 before rounding.
    private static final float LOG2_E = 1.442695041f;
    private static final float LN2_HIGH = 0.693359375f;
    private static final float LN2_LOW = -2.12194440e-4f;
    private static final float ROUNDER = 12582912f; // 1.5 * 2^23: adding it leaves the integer in the low bits
    private static final float P2 = 0.49999994f;
    private static final float P3 = 0.16666521f;
    private static final float P4 = 0.04166839f;
    private static final float P5 = 0.008368717f;
    private static final float P6 = 0.0013814599f;
    private static final float EXP_MIN = -87.3f; // below, the result would be subnormal
    private static final float EXP_MAX = 88.3f;

    // gelu_tanh(x) = x * sigmoid(2 sqrt(2/pi) (x + 0.044715 x^3))
    private static final float GELU_1 = (float) (2 * Math.sqrt(2 / Math.PI));
    private static final float GELU_3 = (float) (2 * Math.sqrt(2 / Math.PI) * 0.044715);

    // Phi(x) = sigmoid(x E(x^2)): E is the log-odds of the normal distribution over x, fitted by a polynomial of degree
    // 6
    // for |x| <= 5.6, beyond which Phi is 0 or 1. Error of x Phi(x): 7e-8; of its derivative: 4e-7.
    private static final float ERF_SQUARE_MAX = 5.6f * 5.6f;
    private static final float E0 = 1.5957685f;
    private static final float E1 = 0.07266857f;
    private static final float E2 = -6.6259985e-5f;
    private static final float E3 = -1.10480316e-4f;
    private static final float E4 = 7.938219e-6f;
    private static final float E5 = -2.668928e-7f;
    private static final float E6 = 3.6112326e-9f;

    // Constants as vectors: a call of broadcast costs nothing at run time, but uses up what C2 is willing to inline
    // into one
    // method (DesiredMethodLimit), beyond which every vector becomes an object and a kernel ten times slower. For the
    // same
    // reason a kernel has few operations, and its variants are methods of their own.
    private static final FloatVector ONE_V = vector(1);
    private static final FloatVector EXP_MIN_V = vector(EXP_MIN);
    private static final FloatVector EXP_MAX_V = vector(EXP_MAX);
    private static final FloatVector LOG2_E_V = vector(LOG2_E);
    private static final FloatVector ROUNDER_V = vector(ROUNDER);
    private static final FloatVector LN2_HIGH_V = vector(-LN2_HIGH);
    private static final FloatVector LN2_LOW_V = vector(-LN2_LOW);
    private static final FloatVector P2_V = vector(P2);
    private static final FloatVector P3_V = vector(P3);
    private static final FloatVector P4_V = vector(P4);
    private static final FloatVector P5_V = vector(P5);
    private static final FloatVector P6_V = vector(P6);
    private static final IntVector EXPONENT_ONE_V = IntVector.broadcast(INTS, 0x3F800000);
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
    private static final IntVector IOTA = IntVector.zero(INTS).addIndex(1);

    private final float[] lanes = new float[Math.max(4, LANES)];

    @Override
    public String name() {
        return "vector, " + LANES + " lanes";
    }

    @Override
    public void add(float[] x, int xAt, float[] y, int yAt, int n) {
        int i = 0;
        for (; i <= n - LANES; i += LANES) {
            load(y, yAt + i).add(load(x, xAt + i)).intoArray(y, yAt + i);
        }
        for (; i < n; i++) {
            y[yAt + i] += x[xAt + i];
        }
    }

    @Override
    public double sumOfSquares(float[] x, int xAt, int n) {
        FloatVector sum0 = FloatVector.zero(FLOATS);
        FloatVector sum1 = FloatVector.zero(FLOATS);
        int i = 0;
        for (; i <= n - 2 * LANES; i += 2 * LANES) {
            FloatVector a = load(x, xAt + i);
            FloatVector b = load(x, xAt + i + LANES);
            sum0 = a.fma(a, sum0);
            sum1 = b.fma(b, sum1);
        }
        double sum = sumOfLanes(sum0.add(sum1));
        for (; i < n; i++) {
            sum += (double) x[xAt + i] * x[xAt + i];
        }
        return sum;
    }

    @Override
    public void layerNorm(
            float[] x,
            int xAt,
            int n,
            float epsilon,
            float[] gain,
            float[] bias,
            float[] y,
            int yAt,
            float[] statistics,
            int statisticsAt) {
        float mean = sum(x, xAt, n) / n;
        float square = sumOfSquaredDeviations(x, xAt, n, mean);
        float rstd = (float) (1 / Math.sqrt(square / n + epsilon));
        int i = 0;
        for (; i <= n - LANES; i += LANES) {
            FloatVector xhat = load(x, xAt + i).sub(mean).mul(rstd);
            FloatVector g = load(gain, i);
            (bias == null ? xhat.mul(g) : xhat.fma(g, load(bias, i))).intoArray(y, yAt + i);
        }
        for (; i < n; i++) {
            float xhat = (x[xAt + i] - mean) * rstd;
            y[yAt + i] = bias == null ? xhat * gain[i] : Math.fma(xhat, gain[i], bias[i]);
        }
        statistics[statisticsAt] = mean;
        statistics[statisticsAt + 1] = rstd;
    }

    @Override
    public void layerNormBackward(
            float[] x,
            int xAt,
            int n,
            float mean,
            float rstd,
            float[] gain,
            float[] dy,
            int dyAt,
            float[] dx,
            int dxAt,
            float[] dGain,
            float[] dBias) {
        FloatVector sums = FloatVector.zero(FLOATS); // of dxhat
        FloatVector sumsWithXhat = FloatVector.zero(FLOATS); // of dxhat * xhat
        int i = 0;
        for (; i <= n - LANES; i += LANES) {
            FloatVector d = load(dy, dyAt + i);
            FloatVector xhat = load(x, xAt + i).sub(mean).mul(rstd);
            FloatVector dxhat = d.mul(load(gain, i));
            sums = sums.add(dxhat);
            sumsWithXhat = dxhat.fma(xhat, sumsWithXhat);
            d.fma(xhat, load(dGain, i)).intoArray(dGain, i);
            if (dBias != null) {
                d.add(load(dBias, i)).intoArray(dBias, i);
            }
        }
        float sum = sumOfLanes(sums);
        float sumWithXhat = sumOfLanes(sumsWithXhat);
        for (; i < n; i++) {
            float d = dy[dyAt + i];
            float xhat = (x[xAt + i] - mean) * rstd;
            float dxhat = d * gain[i];
            sum += dxhat;
            sumWithXhat += dxhat * xhat;
            dGain[i] = Math.fma(d, xhat, dGain[i]);
            if (dBias != null) {
                dBias[i] += d;
            }
        }
        float meanOfDxhat = sum / n;
        float meanWithXhat = sumWithXhat / n;
        for (i = 0; i <= n - LANES; i += LANES) {
            FloatVector xhat = load(x, xAt + i).sub(mean).mul(rstd);
            FloatVector dxhat = load(dy, dyAt + i).mul(load(gain, i));
            FloatVector inner = dxhat.sub(meanOfDxhat).sub(xhat.mul(meanWithXhat));
            inner.mul(rstd).add(load(dx, dxAt + i)).intoArray(dx, dxAt + i);
        }
        for (; i < n; i++) {
            float xhat = (x[xAt + i] - mean) * rstd;
            float dxhat = dy[dyAt + i] * gain[i];
            dx[dxAt + i] += (dxhat - meanOfDxhat - xhat * meanWithXhat) * rstd;
        }
    }

    @Override
    public void geluTanh(float[] x, int xAt, float[] y, int yAt, int n, boolean keepSlope) {
        int whole = keepSlope ? geluTanhWithSlope(x, xAt, y, yAt, n) : geluTanhVectors(x, xAt, y, yAt, n);
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

    private static int geluTanhVectors(float[] x, int xAt, float[] y, int yAt, int n) {
        int i = 0;
        for (; i <= n - LANES; i += LANES) {
            FloatVector a = load(x, xAt + i);
            a.mul(sigmoid(a.mul(a).fma(TANH_3_V, TANH_1_V).mul(a))).intoArray(y, yAt + i);
        }
        return i;
    }

    private static int geluTanhWithSlope(float[] x, int xAt, float[] y, int yAt, int n) {
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

    @Override
    public void geluErf(float[] x, int xAt, float[] y, int yAt, int n, boolean keepSlope) {
        int whole = keepSlope ? geluErfWithSlope(x, xAt, y, yAt, n) : geluErfVectors(x, xAt, y, yAt, n);
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

    private static int geluErfVectors(float[] x, int xAt, float[] y, int yAt, int n) {
        int i = 0;
        for (; i <= n - LANES; i += LANES) {
            FloatVector a = load(x, xAt + i);
            a.mul(sigmoid(erfLogOdds(clampedSquare(a)).mul(a))).intoArray(y, yAt + i);
        }
        return i;
    }

    private static int geluErfWithSlope(float[] x, int xAt, float[] y, int yAt, int n) {
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

    /** 1 / (1 + exp(u)), the sigmoid of -u. */
    private static FloatVector sigmoid(FloatVector u) {
        return ONE_V.div(exp(u).add(ONE_V));
    }

    private static float sigmoid(float u) {
        return 1 / (exp(u) + 1);
    }

    @Override
    public void multiply(float[] x, int xAt, float[] y, int yAt, int n) {
        int i = 0;
        for (; i <= n - LANES; i += LANES) {
            load(y, yAt + i).mul(load(x, xAt + i)).intoArray(y, yAt + i);
        }
        for (; i < n; i++) {
            y[yAt + i] *= x[xAt + i];
        }
    }

    @Override
    public void softmax(float[] x, int xAt, int n, float scale) {
        float max = max(x, xAt, n);
        float sum = exponentials(x, xAt, n, max, scale, true);
        scale(x, xAt, n, 1 / sum);
    }

    @Override
    public void softmaxBackward(float[] p, int pAt, float[] d, int dAt, int n, float scale) {
        FloatVector dots = FloatVector.zero(FLOATS);
        int i = 0;
        for (; i <= n - LANES; i += LANES) {
            dots = load(p, pAt + i).fma(load(d, dAt + i), dots);
        }
        float dot = sumOfLanes(dots);
        for (; i < n; i++) {
            dot = Math.fma(p[pAt + i], d[dAt + i], dot);
        }
        for (i = 0; i <= n - LANES; i += LANES) {
            FloatVector inner = load(d, dAt + i).sub(dot).mul(scale);
            load(p, pAt + i).mul(inner).intoArray(d, dAt + i);
        }
        for (; i < n; i++) {
            d[dAt + i] = p[pAt + i] * ((d[dAt + i] - dot) * scale);
        }
    }

    @Override
    public float crossEntropy(float[] x, int xAt, int n, int target, float scale) {
        float max = max(x, xAt, n);
        float targetLogit = x[xAt + target];
        float sum = exponentials(x, xAt, n, max, 1, scale != 0);
        if (scale != 0) {
            scale(x, xAt, n, scale / sum);
            x[xAt + target] -= scale;
        }
        return (float) (Math.log(sum) + max - targetLogit);
    }

    @Override
    public void dropout(long key, float[] x, int xAt, int n, int threshold, float keptScale) {
        int key0 = (int) key;
        int key1 = (int) (key >>> 32);
        int i = 0;
        for (; i <= n - LANES; i += LANES) {
            IntVector h = IOTA.add(i).mul(0x9E3779B1).add(key0);
            h = h.lanewise(VectorOperators.XOR, h.lanewise(VectorOperators.LSHR, 16))
                    .mul(0x7FEB352D);
            h = h.lanewise(VectorOperators.XOR, h.lanewise(VectorOperators.LSHR, 15))
                    .lanewise(VectorOperators.XOR, key1)
                    .mul(0x846CA68B);
            h = h.lanewise(VectorOperators.XOR, h.lanewise(VectorOperators.LSHR, 16))
                    .lanewise(VectorOperators.LSHR, 8);
            // All ones where the element is kept: the sign of (bits - threshold), inverted.
            IntVector kept = h.sub(threshold).lanewise(VectorOperators.ASHR, 31).lanewise(VectorOperators.NOT);
            IntVector scaled = load(x, xAt + i).mul(keptScale).reinterpretAsInts();
            scaled.lanewise(VectorOperators.AND, kept).reinterpretAsFloats().intoArray(x, xAt + i);
        }
        for (; i < n; i++) {
            boolean kept = Kernels.dropoutBits(key0, key1, i) >= threshold;
            x[xAt + i] = kept ? x[xAt + i] * keptScale : 0;
        }
    }

    @Override
    public void adamW(AdamWStep s, boolean decayed, float[] w, float[] g, float[] m, float[] v, int n, double[] sums) {
        float decay = decayed ? s.decayFactor : 1;
        FloatVector weightSquares = FloatVector.zero(FLOATS);
        FloatVector changeSquares = FloatVector.zero(FLOATS);
        int i = 0;
        for (; i <= n - LANES; i += LANES) {
            FloatVector gradient = load(g, i).mul(s.clipFactor);
            gradient.intoArray(g, i);
            FloatVector mean = load(m, i).mul(s.beta1).add(gradient.mul(s.oneMinusBeta1));
            mean.intoArray(m, i);
            FloatVector square =
                    load(v, i).mul(s.beta2).add(gradient.mul(gradient).mul(s.oneMinusBeta2));
            square.intoArray(v, i);
            FloatVector root = square.sqrt().mul(s.inverseRootOfCorrection2).add(s.epsilon);
            FloatVector before = load(w, i);
            FloatVector after = before.mul(decay).sub(mean.mul(s.stepSize).div(root));
            after.intoArray(w, i);
            FloatVector change = after.sub(before);
            weightSquares = after.fma(after, weightSquares);
            changeSquares = change.fma(change, changeSquares);
        }
        double weightSum = sumOfLanes(weightSquares);
        double changeSum = sumOfLanes(changeSquares);
        for (; i < n; i++) {
            float gradient = g[i] * s.clipFactor;
            float before = w[i];
            g[i] = gradient;
            m[i] = s.beta1 * m[i] + s.oneMinusBeta1 * gradient;
            v[i] = s.beta2 * v[i] + s.oneMinusBeta2 * (gradient * gradient);
            float root = (float) Math.sqrt(v[i]) * s.inverseRootOfCorrection2 + s.epsilon;
            float after = before * decay - s.stepSize * m[i] / root;
            w[i] = after;
            weightSum += (double) after * after;
            changeSum += (double) (after - before) * (after - before);
        }
        sums[0] = weightSum;
        sums[1] = changeSum;
    }

    private static FloatVector load(float[] x, int at) {
        return FloatVector.fromArray(FLOATS, x, at);
    }

    private static FloatVector vector(float value) {
        return FloatVector.broadcast(FLOATS, value);
    }

    /** The sum of all lanes in a fixed order: in four chains, because one would wait for the latency of each addition. */
    private float sumOfLanes(FloatVector vector) {
        vector.intoArray(lanes, 0);
        float a = lanes[0];
        float b = lanes[1];
        float c = lanes[2];
        float d = lanes[3];
        for (int i = 4; i < LANES; i += 4) {
            a += lanes[i];
            b += lanes[i + 1];
            c += lanes[i + 2];
            d += lanes[i + 3];
        }
        return a + b + (c + d);
    }

    /** In four chains, because one would wait for the latency of each addition. */
    private float sum(float[] x, int xAt, int n) {
        FloatVector a = FloatVector.zero(FLOATS);
        FloatVector b = a;
        FloatVector c = a;
        FloatVector d = a;
        int i = 0;
        for (; i <= n - 4 * LANES; i += 4 * LANES) {
            a = a.add(load(x, xAt + i));
            b = b.add(load(x, xAt + i + LANES));
            c = c.add(load(x, xAt + i + 2 * LANES));
            d = d.add(load(x, xAt + i + 3 * LANES));
        }
        float sum = sumOfLanes(a.add(b).add(c.add(d)));
        for (; i < n; i++) {
            sum += x[xAt + i];
        }
        return sum;
    }

    private float sumOfSquaredDeviations(float[] x, int xAt, int n, float mean) {
        FloatVector means = vector(mean);
        FloatVector a = FloatVector.zero(FLOATS);
        FloatVector b = a;
        int i = 0;
        for (; i <= n - 2 * LANES; i += 2 * LANES) {
            FloatVector d = load(x, xAt + i).sub(means);
            FloatVector e = load(x, xAt + i + LANES).sub(means);
            a = d.fma(d, a);
            b = e.fma(e, b);
        }
        float sum = sumOfLanes(a.add(b));
        for (; i < n; i++) {
            float d = x[xAt + i] - mean;
            sum += d * d;
        }
        return sum;
    }

    private static float max(float[] x, int xAt, int n) {
        int i = 0;
        float max = Float.NEGATIVE_INFINITY;
        if (n >= LANES) {
            FloatVector maxima = load(x, xAt);
            for (i = LANES; i <= n - LANES; i += LANES) {
                maxima = maxima.max(load(x, xAt + i));
            }
            max = maxima.reduceLanes(VectorOperators.MAX); // the order does not matter for a maximum
        }
        for (; i < n; i++) {
            max = Math.max(max, x[xAt + i]);
        }
        return max;
    }

    /** The sum of exp((x - max) * scale), which replaces x if {@code store}. */
    private float exponentials(float[] x, int xAt, int n, float max, float scale, boolean store) {
        FloatVector sums = FloatVector.zero(FLOATS);
        int i = 0;
        for (; i <= n - LANES; i += LANES) {
            FloatVector e = exp(load(x, xAt + i).sub(max).mul(scale));
            sums = sums.add(e);
            if (store) {
                e.intoArray(x, xAt + i);
            }
        }
        float sum = sumOfLanes(sums);
        for (; i < n; i++) {
            float e = exp((x[xAt + i] - max) * scale);
            sum += e;
            if (store) {
                x[xAt + i] = e;
            }
        }
        return sum;
    }

    private static void scale(float[] x, int xAt, int n, float factor) {
        int i = 0;
        for (; i <= n - LANES; i += LANES) {
            load(x, xAt + i).mul(factor).intoArray(x, xAt + i);
        }
        for (; i < n; i++) {
            x[xAt + i] *= factor;
        }
    }

    private static FloatVector exp(FloatVector x) {
        // Compare and blend: two instructions where min and max need six to treat NaN as Java does. NaN stays NaN.
        FloatVector clamped = x.blend(EXP_MIN_V, x.compare(VectorOperators.LT, EXP_MIN_V));
        clamped = clamped.blend(EXP_MAX_V, clamped.compare(VectorOperators.GT, EXP_MAX_V));
        FloatVector shifted = clamped.fma(LOG2_E_V, ROUNDER_V);
        FloatVector n = shifted.sub(ROUNDER_V);
        FloatVector r = n.fma(LN2_LOW_V, n.fma(LN2_HIGH_V, clamped));
        FloatVector p = r.fma(P6_V, P5_V).fma(r, P4_V).fma(r, P3_V).fma(r, P2_V);
        p = p.mul(r).fma(r, r).add(ONE_V);
        IntVector power =
                shifted.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23).add(EXPONENT_ONE_V);
        return p.mul(power.reinterpretAsFloats());
    }

    /** The same formula for one number; NaN stays NaN. */
    private static float exp(float x) {
        float clamped = Math.min(Math.max(x, EXP_MIN), EXP_MAX);
        float shifted = Math.fma(clamped, LOG2_E, ROUNDER);
        float n = shifted - ROUNDER;
        float r = Math.fma(n, -LN2_HIGH, clamped);
        r = Math.fma(n, -LN2_LOW, r);
        float p = Math.fma(r, P6, P5);
        p = Math.fma(p, r, P4);
        p = Math.fma(p, r, P3);
        p = Math.fma(p, r, P2);
        p = Math.fma(p * r, r, r) + 1;
        return p * Float.intBitsToFloat((Float.floatToRawIntBits(shifted) << 23) + 0x3F800000);
    }
}
