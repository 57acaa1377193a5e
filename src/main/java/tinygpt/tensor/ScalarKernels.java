package tinygpt.tensor;

/** The kernels as plain loops: the readable definition, and what runs without the vector module. */
final class ScalarKernels implements Kernels {
    private static final double ROOT_TWO_OVER_PI = Math.sqrt(2 / Math.PI);
    private static final double CUBIC = 0.044715;

    @Override
    public String name() {
        return "scalar";
    }

    @Override
    public void add(float[] x, int xAt, float[] y, int yAt, int n) {
        for (int i = 0; i < n; i++) {
            y[yAt + i] += x[xAt + i];
        }
    }

    @Override
    public double sumOfSquares(float[] x, int xAt, int n) {
        double sum = 0;
        for (int i = 0; i < n; i++) {
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
        double sum = 0;
        for (int i = 0; i < n; i++) {
            sum += x[xAt + i];
        }
        float mean = (float) (sum / n);
        double squares = 0;
        for (int i = 0; i < n; i++) {
            float d = x[xAt + i] - mean;
            squares += d * d;
        }
        float rstd = (float) (1 / Math.sqrt(squares / n + epsilon));
        for (int i = 0; i < n; i++) {
            float xhat = (x[xAt + i] - mean) * rstd;
            y[yAt + i] = xhat * gain[i] + (bias == null ? 0 : bias[i]);
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
        double sum = 0; // of dxhat
        double sumWithXhat = 0; // of dxhat * xhat
        for (int i = 0; i < n; i++) {
            float xhat = (x[xAt + i] - mean) * rstd;
            float dxhat = dy[dyAt + i] * gain[i];
            sum += dxhat;
            sumWithXhat += dxhat * xhat;
            dGain[i] += dy[dyAt + i] * xhat;
            if (dBias != null) {
                dBias[i] += dy[dyAt + i];
            }
        }
        float meanOfDxhat = (float) (sum / n);
        float meanWithXhat = (float) (sumWithXhat / n);
        for (int i = 0; i < n; i++) {
            float xhat = (x[xAt + i] - mean) * rstd;
            float dxhat = dy[dyAt + i] * gain[i];
            dx[dxAt + i] += (dxhat - meanOfDxhat - xhat * meanWithXhat) * rstd;
        }
    }

    @Override
    public void geluTanh(float[] x, int xAt, float[] y, int yAt, int n, boolean keepSlope) {
        for (int i = 0; i < n; i++) {
            double a = x[xAt + i];
            double t = Math.tanh(ROOT_TWO_OVER_PI * (a + CUBIC * a * a * a));
            y[yAt + i] = (float) (0.5 * a * (1 + t));
            if (keepSlope) {
                double inner = ROOT_TWO_OVER_PI * (1 + 3 * CUBIC * a * a);
                x[xAt + i] = (float) (0.5 * (1 + t) + 0.5 * a * (1 - t * t) * inner);
            }
        }
    }

    @Override
    public void geluErf(float[] x, int xAt, float[] y, int yAt, int n, boolean keepSlope) {
        for (int i = 0; i < n; i++) {
            double a = x[xAt + i];
            double phi = normalDistribution(a);
            y[yAt + i] = (float) (a * phi);
            if (keepSlope) {
                x[xAt + i] = (float) (phi + a * Math.exp(-0.5 * a * a) / Math.sqrt(2 * Math.PI));
            }
        }
    }

    @Override
    public void multiply(float[] x, int xAt, float[] y, int yAt, int n) {
        for (int i = 0; i < n; i++) {
            y[yAt + i] *= x[xAt + i];
        }
    }

    /** Phi(x) to about 1e-7, by formula 26.2.17 of Abramowitz and Stegun. */
    static double normalDistribution(double x) {
        double t = 1 / (1 + 0.2316419 * Math.abs(x));
        double polynomial =
                ((((1.330274429 * t - 1.821255978) * t + 1.781477937) * t - 0.356563782) * t + 0.319381530) * t;
        double upper = polynomial * Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
        return x >= 0 ? 1 - upper : upper;
    }

    @Override
    public void softmax(float[] x, int xAt, int n, float scale) {
        float max = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < n; i++) {
            max = Math.max(max, x[xAt + i]);
        }
        double sum = 0;
        for (int i = 0; i < n; i++) {
            float e = (float) Math.exp((x[xAt + i] - max) * scale);
            x[xAt + i] = e;
            sum += e;
        }
        float inverse = (float) (1 / sum);
        for (int i = 0; i < n; i++) {
            x[xAt + i] *= inverse;
        }
    }

    @Override
    public void softmaxBackward(float[] p, int pAt, float[] d, int dAt, int n, float scale) {
        double dot = 0;
        for (int i = 0; i < n; i++) {
            dot += p[pAt + i] * d[dAt + i];
        }
        for (int i = 0; i < n; i++) {
            d[dAt + i] = p[pAt + i] * (d[dAt + i] - (float) dot) * scale;
        }
    }

    @Override
    public float crossEntropy(float[] x, int xAt, int n, int target, float scale) {
        float max = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < n; i++) {
            max = Math.max(max, x[xAt + i]);
        }
        double sum = 0;
        float targetLogit = x[xAt + target];
        for (int i = 0; i < n; i++) {
            double e = Math.exp(x[xAt + i] - max);
            sum += e;
            if (scale != 0) {
                x[xAt + i] = (float) e;
            }
        }
        if (scale != 0) {
            float factor = (float) (scale / sum);
            for (int i = 0; i < n; i++) {
                x[xAt + i] *= factor;
            }
            x[xAt + target] -= scale;
        }
        return (float) (Math.log(sum) + max - targetLogit);
    }

    @Override
    public void dropout(long key, float[] x, int xAt, int n, int threshold, float keptScale) {
        int key0 = (int) key;
        int key1 = (int) (key >>> 32);
        for (int i = 0; i < n; i++) {
            boolean kept = Kernels.dropoutBits(key0, key1, i) >= threshold;
            x[xAt + i] = kept ? x[xAt + i] * keptScale : 0;
        }
    }

    @Override
    public void adamW(AdamWStep s, boolean decayed, float[] w, float[] g, float[] m, float[] v, int n, double[] sums) {
        double weightSquares = 0;
        double changeSquares = 0;
        double weightSizes = 0;
        double changeSizes = 0;
        for (int i = 0; i < n; i++) {
            float gradient = g[i] * s.clipFactor;
            float before = w[i];
            float after = decayed ? before * s.decayFactor : before;
            m[i] = s.beta1 * m[i] + s.oneMinusBeta1 * gradient;
            v[i] = s.beta2 * v[i] + s.oneMinusBeta2 * (gradient * gradient);
            after -= s.stepSize * m[i] / ((float) Math.sqrt(v[i]) * s.inverseRootOfCorrection2 + s.epsilon);
            w[i] = after;
            g[i] = gradient;
            weightSquares += (double) after * after;
            changeSquares += (double) (after - before) * (after - before);
            weightSizes += Math.abs(after);
            changeSizes += Math.abs(after - before);
        }
        sums[0] = weightSquares;
        sums[1] = changeSquares;
        sums[2] = weightSizes;
        sums[3] = changeSizes;
    }

    @Override
    public void addCodeDots(float[] x, byte[] codes, int codesAt, int rows, int n, float[] y, int yAt) {
        for (int r = 0; r < rows; r++) {
            double sum = 0;
            for (int j = 0; j < n; j++) {
                sum += x[j] * codes[codesAt + r * n + j];
            }
            y[yAt + r] += (float) sum;
        }
    }

    @Override
    public void packedDots(float[] x, byte[] codes, float[] scales, int rows, int n, int group, float[] y) {
        int groups = (n + group - 1) / group;
        for (int r = 0; r < rows; r++) {
            double sum = 0;
            for (int j = 0; j < n; j++) {
                sum += x[j] * scales[r * groups + j / group] * codes[r * n + j];
            }
            y[r] = (float) sum;
        }
    }

    @Override
    public void widen(byte[] codes, int codesAt, int n, float[] y) {
        for (int j = 0; j < n; j++) {
            y[j] = codes[codesAt + j];
        }
    }
}
