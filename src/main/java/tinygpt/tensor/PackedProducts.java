package tinygpt.tensor;

/**
 * Products with a {@link PackedMatrix}. Those with one row, of which generation consists, read the codes as they are: the
 * time of such a product is the time to read the matrix, and that has a quarter of the bytes. Products of matrices, which
 * are for prompts, widen some of it at a time, never all, and multiply that with {@link Blas}.
 */
public final class PackedProducts {
    /** Floats that are widened at a time, 1 MB: they stay in the second-level cache while they are multiplied. */
    private static final int WIDENED = 1 << 18;

    private PackedProducts() {}

    /** What a thread needs to widen weights, made when it first does. */
    static final class Scratch {
        private Slab slab;

        Matrix matrix(int rows, int columns) {
            long floats = (long) rows * columns;
            if (slab == null || slab.size() < floats) {
                if (slab != null) {
                    slab.close();
                }
                slab = Slab.allocate("widened weights", Math.max(WIDENED, floats));
            }
            return slab.matrix(0, rows, columns);
        }
    }

    /**
     * y = x a + beta y for row vectors x (1, K), y (1, N) and a (K, N) that lies by columns; beta is 0 or 1.
     *
     * <p>The scales of a group of columns are multiplied with x once, and then each column is one sum without scales.
     */
    public static void multiplyRow(Workspace w, Matrix x, PackedMatrix a, float beta, Matrix y) {
        int k = a.rows();
        int n = a.columns();
        check(x.rows() == 1 && y.rows() == 1 && x.columns() == k && y.columns() == n, x, a, y);
        check(a, PackedMatrix.Layout.BY_COLUMNS);
        byte[] codes = a.codes();
        Rows.get(x, 0, k, w.tileA, 0);
        if (beta == 0) {
            java.util.Arrays.fill(w.tileB, 0, n, 0);
        } else {
            Rows.get(y, 0, n, w.tileB, 0);
        }
        for (int g = 0; g < a.groups(); g++) {
            int from = g * a.group();
            int columns = Math.min(a.group(), n - from);
            System.arraycopy(a.scales(), g * k, w.tileC, 0, k);
            w.kernels.multiply(w.tileA, 0, w.tileC, 0, k);
            w.kernels.addCodeDots(w.tileC, codes, from * k, columns, k, w.tileB, from);
        }
        Rows.put(y, 0, n, w.tileB, 0);
    }

    /** y = x a^T for row vectors x (1, K), y (1, N) and a (N, K) that lies by rows. */
    public static void multiplyRowTransposed(Workspace w, Matrix x, PackedMatrix a, Matrix y) {
        int n = a.rows();
        int k = a.columns();
        check(x.rows() == 1 && y.rows() == 1 && x.columns() == k && y.columns() == n, x, a, y);
        check(a, PackedMatrix.Layout.BY_ROWS);
        byte[] codes = a.codes();
        Rows.get(x, 0, k, w.tileA, 0);
        w.kernels.packedDots(w.tileA, codes, a.scales(), n, k, a.group(), w.tileB);
        Rows.put(y, 0, n, w.tileB, 0);
    }

    /** y = x a + beta y, with x (M, K), a (K, N) that lies by columns, y (M, N); beta is 0 or 1. */
    public static void multiply(Workspace w, Matrix x, PackedMatrix a, float beta, Matrix y) {
        check(x.rows() == y.rows() && x.columns() == a.rows() && a.columns() == y.columns(), x, a, y);
        check(a, PackedMatrix.Layout.BY_COLUMNS);
        multiplyWidened(w, x, a, a.columns(), beta, y);
    }

    /** y = x a^T, with x (M, K), a (N, K) that lies by rows, y (M, N). */
    public static void multiplyTransposedB(Workspace w, Matrix x, PackedMatrix a, Matrix y) {
        check(x.rows() == y.rows() && x.columns() == a.columns() && a.rows() == y.columns(), x, a, y);
        check(a, PackedMatrix.Layout.BY_ROWS);
        multiplyWidened(w, x, a, a.rows(), 0, y);
    }

    /** y[i] = table[ids[i]] + positions[(start + i) mod period], as {@link Rows#embed}; the table lies by rows. */
    public static void embed(
            Workspace w, PackedMatrix table, int[] ids, Matrix positions, int start, int period, Matrix y) {
        check(table, PackedMatrix.Layout.BY_ROWS);
        int n = y.columns();
        for (int row = 0; row < y.rows(); row++) {
            widen(w, table, ids[row]);
            Rows.get(positions, (start + row) % period, n, w.tileB, 0);
            w.kernels.add(w.tileB, 0, w.tileA, 0, n);
            Rows.put(y, row, n, w.tileA, 0);
        }
    }

    /** Some of the lines in which the matrix lies at a time, (lines, K): each is a column of y. */
    private static void multiplyWidened(Workspace w, Matrix x, PackedMatrix a, int lines, float beta, Matrix y) {
        int k = x.columns();
        int step = Math.min(lines, Math.max(1, WIDENED / k));
        for (int from = 0; from < lines; from += step) {
            int some = Math.min(step, lines - from);
            Matrix widened = w.widened.matrix(some, k);
            for (int line = 0; line < some; line++) {
                widen(w, a, from + line);
                Rows.put(widened, line, k, w.tileA, 0);
            }
            Blas.multiplyTransposedB(w, 1, x, widened, beta, y.block(0, from, y.rows(), some));
        }
    }

    /** One of the lines in which the matrix lies, as floats, into the first tile. */
    private static void widen(Workspace w, PackedMatrix a, int line) {
        float[] y = w.tileA;
        switch (a.layout()) {
            case BY_ROWS -> {
                w.kernels.widen(a.codes(), line * a.columns(), a.columns(), y);
                for (int j = 0; j < a.columns(); j++) {
                    y[j] *= a.scales()[line * a.groups() + j / a.group()];
                }
            }
            case BY_COLUMNS -> {
                w.kernels.widen(a.codes(), line * a.rows(), a.rows(), y);
                w.kernels.multiply(a.scales(), line / a.group() * a.rows(), y, 0, a.rows());
            }
        }
    }

    private static void check(PackedMatrix a, PackedMatrix.Layout wanted) {
        if (a.layout() != wanted) {
            throw new IllegalArgumentException("this product is for a packed matrix that lies " + wanted);
        }
    }

    private static void check(boolean fits, Matrix x, PackedMatrix a, Matrix y) {
        if (!fits) {
            throw new IllegalArgumentException("shapes do not fit in a product with a packed matrix: " + x.rows()
                    + " x " + x.columns() + ", " + a.rows() + " x " + a.columns() + " -> " + y.rows() + " x "
                    + y.columns());
        }
    }
}
