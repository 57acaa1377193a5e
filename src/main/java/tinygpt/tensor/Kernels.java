package tinygpt.tensor;

/**
 * What is done to rows and tiles that lie in Java arrays. {@link ScalarKernels} is the definition; {@link VectorKernels}
 * computes the same, up to rounding, with the Vector API. An instance belongs to one thread.
 *
 * <p>Throughout, {@code x, xAt} is an array and where the row begins in it, {@code n} the length of the row. Source and
 * destination may be the same row.
 */
interface Kernels {
    /** A few words for {@code bench} and messages. */
    String name();

    /** y += x. */
    void add(float[] x, int xAt, float[] y, int yAt, int n);

    /** Sum of squares of a row of at most 2^14 floats. */
    double sumOfSquares(float[] x, int xAt, int n);

    /**
     * One row of LayerNorm: y = (x - mean) * rstd * gain + bias, where rstd = 1 / sqrt(variance + epsilon) and the variance
     * is the mean squared deviation.
     *
     * @param bias null for none
     * @param statistics receives mean and rstd at {@code statisticsAt} and the place after it
     */
    void layerNorm(
            float[] x,
            int xAt,
            int n,
            float epsilon,
            float[] gain,
            float[] bias,
            float[] y,
            int yAt,
            float[] statistics,
            int statisticsAt);

    /**
     * The derivative of one row of LayerNorm: dx += its gradient, dGain += dy * xhat, dBias += dy.
     *
     * @param dBias null for none
     */
    void layerNormBackward(
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
            float[] dBias);

    /**
     * y = 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))).
     *
     * @param keepSlope whether x is replaced by the derivative of y, which is all that the backward pass needs
     */
    void geluTanh(float[] x, int xAt, float[] y, int yAt, int n, boolean keepSlope);

    /** y = x Phi(x), Phi the standard normal distribution function; {@code keepSlope} as in {@link #geluTanh}. */
    void geluErf(float[] x, int xAt, float[] y, int yAt, int n, boolean keepSlope);

    /** y *= x. */
    void multiply(float[] x, int xAt, float[] y, int yAt, int n);

    /** x = softmax(scale * x), in place. */
    void softmax(float[] x, int xAt, int n, float scale);

    /** d = p * (d - sum(p d)) * scale: the derivative of {@link #softmax}, in place of the gradient of its output. */
    void softmaxBackward(float[] p, int pAt, float[] d, int dAt, int n, float scale);

    /**
     * Cross-entropy of one row of logits.
     *
     * @param scale factor of the gradient; 0 leaves the logits as they are
     * @return -ln softmax(x)[target]; the row becomes scale * (softmax(x) - onehot(target)) unless scale is 0
     */
    float crossEntropy(float[] x, int xAt, int n, int target, float scale);

    /**
     * Dropout on a row, in place: an element is kept and multiplied by {@code keptScale}, or becomes 0. Which ones is a
     * function of (key, place in the row) alone.
     *
     * @param threshold an element is dropped if 24 random bits are below this
     */
    void dropout(long key, float[] x, int xAt, int n, int threshold, float keptScale);

    /**
     * AdamW on a stretch of one parameter.
     *
     * @param sums receives at 0 the sum of squared weights after, at 1 the sum of squared changes, at 2 the sum of |weight|
     *     after, at 3 the sum of |change|
     */
    void adamW(AdamWStep step, boolean decayed, float[] w, float[] g, float[] m, float[] v, int n, double[] sums);

    /**
     * y[yAt + r] += sum over j of x[j] code[r, j], for some rows of n codes. Scalar and vector kernels differ by the rounding
     * of their sums: at most n ulps of the sum of all |terms|, and in practice a few.
     *
     * @param codes of the rows, one after the other, from {@code codesAt} on
     */
    void addCodeDots(float[] x, byte[] codes, int codesAt, int rows, int n, float[] y, int yAt);

    /**
     * y[r] = sum over j of x[j] scale[r, j / group] code[r, j], for all rows of a packed matrix; the same tolerance.
     *
     * @param scales of the rows, one after the other
     * @param group a power of two of at least 16
     */
    void packedDots(float[] x, byte[] codes, float[] scales, int rows, int n, int group, float[] y);

    /** y[j] = code[j], from {@code codesAt} on; exact. */
    void widen(byte[] codes, int codesAt, int n, float[] y);

    /** Dropout's random bits for element i of a row, the top 24 of 32: the definition both kernel sets share. */
    static int dropoutBits(int key0, int key1, int i) {
        int h = i * 0x9E3779B1 + key0;
        h = (h ^ (h >>> 16)) * 0x7FEB352D;
        h = (h ^ (h >>> 15) ^ key1) * 0x846CA68B;
        return (h ^ (h >>> 16)) >>> 8;
    }
}
