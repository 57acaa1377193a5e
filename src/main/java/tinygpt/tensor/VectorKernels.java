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
 *
 * <p>Design: C2 inlines only so much into one method (DesiredMethodLimit); beyond that every vector becomes an object and a
 * kernel ten times slower. So constants are vectors already: a call of broadcast would cost nothing at run time, but counts.
 * For the same reason a kernel has few operations, and its variants are methods of their own.
 */
final class VectorKernels implements Kernels {
    private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Integer> INTS =
            FLOATS.withLanes(int.class).check(int.class);
    private static final int LANES = FLOATS.length();

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
        VectorGelu.tanh(x, xAt, y, yAt, n, keepSlope);
    }

    @Override
    public void geluErf(float[] x, int xAt, float[] y, int yAt, int n, boolean keepSlope) {
        VectorGelu.erf(x, xAt, y, yAt, n, keepSlope);
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
        FloatVector weightSizes = FloatVector.zero(FLOATS);
        FloatVector changeSizes = FloatVector.zero(FLOATS);
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
            weightSizes = weightSizes.add(after.abs());
            changeSizes = changeSizes.add(change.abs());
        }
        double weightSum = sumOfLanes(weightSquares);
        double changeSum = sumOfLanes(changeSquares);
        double weightSize = sumOfLanes(weightSizes);
        double changeSize = sumOfLanes(changeSizes);
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
            weightSize += Math.abs(after);
            changeSize += Math.abs(after - before);
        }
        sums[0] = weightSum;
        sums[1] = changeSum;
        sums[2] = weightSize;
        sums[3] = changeSize;
    }

    @Override
    public void addCodeDots(float[] x, byte[] codes, int codesAt, int rows, int n, float[] y, int yAt) {
        int whole = VectorPacked.whole(n);
        for (int r = 0; r < rows; r++) {
            int at = codesAt + r * n;
            VectorPacked.codeDot(x, codes, at, whole, lanes);
            float sum = sumOfLanes();
            for (int j = whole; j < n; j++) {
                sum = Math.fma(x[j], codes[at + j], sum);
            }
            y[yAt + r] += sum;
        }
    }

    @Override
    public void packedDots(float[] x, byte[] codes, float[] scales, int rows, int n, int group, float[] y) {
        int groups = (n + group - 1) / group;
        int whole = VectorPacked.whole(n);
        for (int r = 0; r < rows; r++) {
            VectorPacked.packedDot(x, codes, r * n, scales, r * groups, whole, group, lanes);
            float sum = sumOfLanes();
            for (int j = whole; j < n; j++) {
                sum = Math.fma(x[j] * scales[r * groups + j / group], codes[r * n + j], sum);
            }
            y[r] = sum;
        }
    }

    @Override
    public void widen(byte[] codes, int codesAt, int n, float[] y) {
        VectorPacked.widen(codes, codesAt, n, y);
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
        return sumOfLanes();
    }

    private float sumOfLanes() {
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
            FloatVector e = VectorExp.exp(load(x, xAt + i).sub(max).mul(scale));
            sums = sums.add(e);
            if (store) {
                e.intoArray(x, xAt + i);
            }
        }
        float sum = sumOfLanes(sums);
        for (; i < n; i++) {
            float e = VectorExp.exp((x[xAt + i] - max) * scale);
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
}
