package tinygpt.tensor;

/**
 * Operations on the rows of matrices, and on stretches of slabs, other than products. Each copies a tile of rows into the
 * workspace, lets the kernels work on it, and copies it back.
 */
public final class Rows {
    /** Lanes of the widest vectors there are. */
    private static final int PADDING = 16;

    private Rows() {}

    /** Every row of y becomes the vector x (1, C). */
    public static void fill(Workspace w, Matrix x, Matrix y) {
        int n = y.columns();
        get(x, 0, n, w.tileA, 0);
        for (int row = 0; row < y.rows(); row++) {
            put(y, row, n, w.tileA, 0);
        }
    }

    /** Every element of y becomes 0. */
    public static void clear(Workspace w, Matrix y) {
        int n = y.columns();
        java.util.Arrays.fill(w.tileA, 0, n, 0);
        for (int row = 0; row < y.rows(); row++) {
            put(y, row, n, w.tileA, 0);
        }
    }

    /** y = x, row by row. */
    public static void copy(Workspace w, Matrix x, Matrix y) {
        int n = y.columns();
        int step = w.rowsInTile(n);
        for (int row = 0; row < y.rows(); row += step) {
            int rows = Math.min(step, y.rows() - row);
            getRows(x, row, rows, w.tileA);
            putRows(y, row, rows, w.tileA);
        }
    }

    /** Row {@code row} of y becomes a stretch of the vector x (1, N), from a column on. */
    public static void copyStretch(Workspace w, Matrix x, int from, Matrix y, int row) {
        int n = y.columns();
        getStretch(x, from, n, w.tileA);
        put(y, row, n, w.tileA, 0);
    }

    /** z = x + y. */
    public static void add(Workspace w, Matrix x, Matrix y, Matrix z) {
        int n = x.columns();
        int step = w.rowsInTile(n);
        for (int row = 0; row < x.rows(); row += step) {
            int rows = Math.min(step, x.rows() - row);
            getRows(x, row, rows, w.tileA);
            getRows(y, row, rows, w.tileB);
            w.kernels.add(w.tileA, 0, w.tileB, 0, rows * n);
            putRows(z, row, rows, w.tileB);
        }
    }

    /** The vector y (1, C) becomes the sum of the rows of x, first to last. */
    public static void sumInto(Workspace w, Matrix x, Matrix y) {
        int n = x.columns();
        int step = w.rowsInTile(n);
        java.util.Arrays.fill(w.tileB, 0, n, 0);
        for (int row = 0; row < x.rows(); row += step) {
            int rows = Math.min(step, x.rows() - row);
            getRows(x, row, rows, w.tileA);
            for (int r = 0; r < rows; r++) {
                w.kernels.add(w.tileA, r * n, w.tileB, 0, n);
            }
        }
        put(y, 0, n, w.tileB, 0);
    }

    /** y[i] = table[ids[first + i]] + positions[(start + i) mod period]. */
    public static void embed(
            Workspace w, Matrix table, int[] ids, int first, Matrix positions, int start, int period, Matrix y) {
        int n = y.columns();
        for (int row = 0; row < y.rows(); row++) {
            get(table, ids[first + row], n, w.tileA, 0);
            get(positions, (start + row) % period, n, w.tileB, 0);
            w.kernels.add(w.tileB, 0, w.tileA, 0, n);
            put(y, row, n, w.tileA, 0);
        }
    }

    /**
     * table[ids[first + i]] += dy[i] and positions[i mod period] += dy[i], in the order of i.
     *
     * @param table null for none
     * @param positions null for none
     */
    public static void embedBackward(
            Workspace w, Matrix dy, int[] ids, int first, Matrix table, Matrix positions, int period) {
        int n = dy.columns();
        for (int row = 0; row < dy.rows(); row++) {
            get(dy, row, n, w.tileA, 0);
            if (table != null) {
                addToRow(w, table, ids[first + row], n);
            }
            if (positions != null) {
                addToRow(w, positions, row % period, n);
            }
        }
    }

    private static void addToRow(Workspace w, Matrix table, int row, int n) {
        get(table, row, n, w.tileB, 0);
        w.kernels.add(w.tileA, 0, w.tileB, 0, n);
        put(table, row, n, w.tileB, 0);
    }

    /**
     * y = LayerNorm(x), row by row.
     *
     * @param bias null for none
     * @param statistics (1, 2 M): mean and reciprocal deviation of each row, kept for the backward pass
     */
    public static void layerNorm(
            Workspace w, Matrix x, Matrix gain, Matrix bias, float epsilon, Matrix y, Matrix statistics) {
        int n = x.columns();
        int step = w.rowsInTile(n);
        get(gain, 0, n, w.tileB, 0);
        if (bias != null) {
            get(bias, 0, n, w.tileC, 0);
        }
        for (int row = 0; row < x.rows(); row += step) {
            int rows = Math.min(step, x.rows() - row);
            getRows(x, row, rows, w.tileA);
            for (int r = 0; r < rows; r++) {
                w.kernels.layerNorm(
                        w.tileA,
                        r * n,
                        n,
                        epsilon,
                        w.tileB,
                        bias == null ? null : w.tileC,
                        w.tileA,
                        r * n,
                        w.tileD,
                        2 * r);
            }
            putRows(y, row, rows, w.tileA);
            putStretch(statistics, 2 * row, 2 * rows, w.tileD);
        }
    }

    /**
     * dx += the gradient of LayerNorm's input; dGain and dBias (1, C) are overwritten.
     *
     * @param dGain null for none
     * @param dBias null for none
     */
    public static void layerNormBackward(
            Workspace w, Matrix x, Matrix statistics, Matrix gain, Matrix dy, Matrix dx, Matrix dGain, Matrix dBias) {
        int n = x.columns();
        NormScratch s = w.normScratch(n);
        get(gain, 0, n, s.gain, 0);
        java.util.Arrays.fill(s.dGain, 0, n, 0);
        java.util.Arrays.fill(s.dBias, 0, n, 0);
        int step = w.rowsInTile(n);
        for (int row = 0; row < x.rows(); row += step) {
            int rows = Math.min(step, x.rows() - row);
            getRows(x, row, rows, w.tileA);
            getRows(dy, row, rows, w.tileB);
            getRows(dx, row, rows, w.tileC);
            getStretch(statistics, 2 * row, 2 * rows, w.tileD);
            for (int r = 0; r < rows; r++) {
                w.kernels.layerNormBackward(
                        w.tileA,
                        r * n,
                        n,
                        w.tileD[2 * r],
                        w.tileD[2 * r + 1],
                        s.gain,
                        w.tileB,
                        r * n,
                        w.tileC,
                        r * n,
                        s.dGain,
                        dBias == null ? null : s.dBias);
            }
            putRows(dx, row, rows, w.tileC);
        }
        if (dGain != null) {
            put(dGain, 0, n, s.dGain, 0);
        }
        if (dBias != null) {
            put(dBias, 0, n, s.dBias, 0);
        }
    }

    /**
     * y = GELU(x).
     *
     * @param exact the form with the error function, or GPT-2's with tanh
     * @param keepSlope whether x is replaced by the derivative, for the backward pass
     */
    public static void gelu(Workspace w, boolean exact, boolean keepSlope, Matrix x, Matrix y) {
        int n = x.columns();
        int step = w.rowsInTile(n);
        for (int row = 0; row < x.rows(); row += step) {
            int rows = Math.min(step, x.rows() - row);
            getRows(x, row, rows, w.tileA);
            if (exact) {
                w.kernels.geluErf(w.tileA, 0, w.tileB, 0, rows * n, keepSlope);
            } else {
                w.kernels.geluTanh(w.tileA, 0, w.tileB, 0, rows * n, keepSlope);
            }
            putRows(y, row, rows, w.tileB);
            if (keepSlope) {
                putRows(x, row, rows, w.tileA);
            }
        }
    }

    /** y *= x, element by element. */
    public static void multiply(Workspace w, Matrix x, Matrix y) {
        int n = x.columns();
        int step = w.rowsInTile(n);
        for (int row = 0; row < x.rows(); row += step) {
            int rows = Math.min(step, x.rows() - row);
            getRows(x, row, rows, w.tileA);
            getRows(y, row, rows, w.tileB);
            w.kernels.multiply(w.tileA, 0, w.tileB, 0, rows * n);
            putRows(y, row, rows, w.tileB);
        }
    }

    /**
     * Softmax of a causal block, in place: in row i, the first {@code firstLength + i} scores are multiplied by scale and
     * become probabilities; the rest become 0.
     */
    public static void causalSoftmax(Workspace w, Matrix scores, int firstLength, float scale) {
        int n = scores.columns();
        int step = w.rowsInTile(n);
        for (int row = 0; row < scores.rows(); row += step) {
            int rows = Math.min(step, scores.rows() - row);
            getRows(scores, row, rows, w.tileA);
            for (int r = 0; r < rows; r++) {
                int length = firstLength + row + r;
                // Scores of minus infinity up to a whole number of vectors cost less than an end that is none.
                int padded = Math.min(n, length + PADDING - 1 & -PADDING);
                java.util.Arrays.fill(w.tileA, r * n + length, r * n + padded, Float.NEGATIVE_INFINITY);
                w.kernels.softmax(w.tileA, r * n, padded, scale);
                java.util.Arrays.fill(w.tileA, r * n + length, (r + 1) * n, 0);
            }
            putRows(scores, row, rows, w.tileA);
        }
    }

    /**
     * The derivative of {@link #causalSoftmax}: d becomes the gradient of the unscaled scores, 0 where they were masked.
     *
     * @param p the probabilities
     * @param d the gradient of the probabilities
     */
    public static void causalSoftmaxBackward(Workspace w, Matrix p, Matrix d, int firstLength, float scale) {
        int n = p.columns();
        int step = w.rowsInTile(n);
        for (int row = 0; row < p.rows(); row += step) {
            int rows = Math.min(step, p.rows() - row);
            getRows(p, row, rows, w.tileA);
            getRows(d, row, rows, w.tileB);
            for (int r = 0; r < rows; r++) {
                int length = firstLength + row + r;
                w.kernels.softmaxBackward(w.tileA, r * n, w.tileB, r * n, length, scale);
                java.util.Arrays.fill(w.tileB, r * n + length, (r + 1) * n, 0);
            }
            putRows(d, row, rows, w.tileB);
        }
    }

    /**
     * Cross-entropy of each row of logits against its target.
     *
     * @param scale factor of the gradient that replaces the logits; 0 leaves them
     * @return the sum over rows, in nats
     */
    public static double crossEntropy(Workspace w, Matrix logits, int[] targets, int first, float scale) {
        int n = logits.columns();
        int step = w.rowsInTile(n);
        double sum = 0;
        for (int row = 0; row < logits.rows(); row += step) {
            int rows = Math.min(step, logits.rows() - row);
            getRows(logits, row, rows, w.tileA);
            for (int r = 0; r < rows; r++) {
                sum += w.kernels.crossEntropy(w.tileA, r * n, n, targets[first + row + r], scale);
            }
            if (scale != 0) {
                putRows(logits, row, rows, w.tileA);
            }
        }
        return sum;
    }

    /** Dropout: y = x with elements dropped and the rest scaled; see {@link DropoutMask}. y may be x. */
    public static void dropout(Workspace w, DropoutMask mask, long firstPlace, Matrix x, Matrix y) {
        int n = x.columns();
        int step = w.rowsInTile(n);
        for (int row = 0; row < x.rows(); row += step) {
            int rows = Math.min(step, x.rows() - row);
            getRows(x, row, rows, w.tileA);
            for (int r = 0; r < rows; r++) {
                long key = mask.key(firstPlace + row + r);
                w.kernels.dropout(key, w.tileA, r * n, n, mask.threshold(), mask.keptScale());
            }
            putRows(y, row, rows, w.tileA);
        }
    }

    static void get(Matrix x, int row, int count, float[] to, int at) {
        long offset = x.rowOffset(row);
        x.buffer(offset).get(Slab.index(offset), to, at, count);
    }

    static void put(Matrix x, int row, int count, float[] from, int at) {
        long offset = x.rowOffset(row);
        x.buffer(offset).put(Slab.index(offset), from, at, count);
    }

    private static void getRows(Matrix x, int first, int rows, float[] tile) {
        int n = x.columns();
        if (x.stride() == n) {
            get(x, first, rows * n, tile, 0);
            return;
        }
        for (int r = 0; r < rows; r++) {
            get(x, first + r, n, tile, r * n);
        }
    }

    private static void putRows(Matrix x, int first, int rows, float[] tile) {
        int n = x.columns();
        if (x.stride() == n) {
            put(x, first, rows * n, tile, 0);
            return;
        }
        for (int r = 0; r < rows; r++) {
            put(x, first + r, n, tile, r * n);
        }
    }

    private static void getStretch(Matrix vector, int from, int count, float[] tile) {
        long offset = vector.rowOffset(0) + from;
        vector.buffer(offset).get(Slab.index(offset), tile, 0, count);
    }

    private static void putStretch(Matrix vector, int from, int count, float[] tile) {
        long offset = vector.rowOffset(0) + from;
        vector.buffer(offset).put(Slab.index(offset), tile, 0, count);
    }
}
