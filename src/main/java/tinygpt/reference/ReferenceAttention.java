package tinygpt.reference;

/**
 * Causal self-attention in double precision (Vaswani et al., "Attention is all you need", 2017, equation 1).
 *
 * <p>B sequences, T tokens each, C channels, H heads of D = C / H channels. The rows of qkv (B T, 3C) hold a token's
 * query, key and value one after the other; head h owns channels [h D, (h + 1) D) of each.
 */
final class ReferenceAttention {
    private final int batch;
    private final int time;
    private final int heads;
    private final int width;
    private final int headWidth;

    ReferenceAttention(int batch, int time, int heads, int width) {
        this.batch = batch;
        this.time = time;
        this.heads = heads;
        this.width = width;
        this.headWidth = width / heads;
    }

    /**
     * The attention probabilities, before dropout (B, H, T, T): row t is the softmax over s &lt;= t of
     * q[t] . k[s] / sqrt(D), and 0 for s &gt; t.
     */
    double[] probabilities(double[] qkv) {
        double[] p = new double[batch * heads * time * time]; // (B, H, T, T)
        for (int b = 0; b < batch; b++) {
            for (int h = 0; h < heads; h++) {
                for (int t = 0; t < time; t++) {
                    double max = Double.NEGATIVE_INFINITY;
                    for (int s = 0; s <= t; s++) {
                        double dot = 0;
                        for (int d = 0; d < headWidth; d++) {
                            dot += qkv[query(b, t, h, d)] * qkv[key(b, s, h, d)];
                        }
                        p[pair(b, h, t, s)] = dot / Math.sqrt(headWidth);
                        max = Math.max(max, p[pair(b, h, t, s)]);
                    }
                    double sum = 0;
                    for (int s = 0; s <= t; s++) {
                        p[pair(b, h, t, s)] = Math.exp(p[pair(b, h, t, s)] - max);
                        sum += p[pair(b, h, t, s)];
                    }
                    for (int s = 0; s <= t; s++) {
                        p[pair(b, h, t, s)] /= sum;
                    }
                }
            }
        }
        return p;
    }

    /** y[t] = sum over s &lt;= t of p[t, s] mask[t, s] v[s], the heads side by side; (B T, C). */
    double[] forward(double[] qkv, double[] p, double[] mask) {
        double[] y = new double[batch * time * width]; // (B T, C)
        for (int b = 0; b < batch; b++) {
            for (int h = 0; h < heads; h++) {
                for (int t = 0; t < time; t++) {
                    for (int s = 0; s <= t; s++) {
                        double weight = p[pair(b, h, t, s)] * mask[pair(b, h, t, s)];
                        for (int d = 0; d < headWidth; d++) {
                            y[output(b, t, h, d)] += weight * qkv[value(b, s, h, d)];
                        }
                    }
                }
            }
        }
        return y;
    }

    /**
     * The gradient of qkv (B T, 3C). For a row t: dp[s] = mask[s] (dy . v[s]), through the softmax
     * dscore[s] = p[s] (dp[s] - sum over r of p[r] dp[r]), and from there to the query and the keys.
     */
    double[] backward(double[] dy, double[] qkv, double[] p, double[] mask) {
        double[] dqkv = new double[qkv.length]; // (B T, 3C)
        for (int b = 0; b < batch; b++) {
            for (int h = 0; h < heads; h++) {
                for (int t = 0; t < time; t++) {
                    double[] dp = new double[t + 1];
                    double expected = 0;
                    for (int s = 0; s <= t; s++) {
                        double m = mask[pair(b, h, t, s)];
                        for (int d = 0; d < headWidth; d++) {
                            double dOut = dy[output(b, t, h, d)];
                            dp[s] += m * dOut * qkv[value(b, s, h, d)];
                            dqkv[value(b, s, h, d)] += p[pair(b, h, t, s)] * m * dOut;
                        }
                        expected += p[pair(b, h, t, s)] * dp[s];
                    }
                    for (int s = 0; s <= t; s++) {
                        double dDot = p[pair(b, h, t, s)] * (dp[s] - expected) / Math.sqrt(headWidth);
                        for (int d = 0; d < headWidth; d++) {
                            dqkv[query(b, t, h, d)] += dDot * qkv[key(b, s, h, d)];
                            dqkv[key(b, s, h, d)] += dDot * qkv[query(b, t, h, d)];
                        }
                    }
                }
            }
        }
        return dqkv;
    }

    private int query(int b, int t, int h, int d) {
        return (b * time + t) * 3 * width + h * headWidth + d;
    }

    private int key(int b, int t, int h, int d) {
        return query(b, t, h, d) + width;
    }

    private int value(int b, int t, int h, int d) {
        return query(b, t, h, d) + 2 * width;
    }

    private int output(int b, int t, int h, int d) {
        return (b * time + t) * width + h * headWidth + d;
    }

    private int pair(int b, int h, int t, int s) {
        return ((b * heads + h) * time + t) * time + s;
    }
}
