package tinygpt.tensor;

/**
 * Products with a {@link PackedMatrix}. Those with one row, of which generation consists, read the codes as they are: the
 * time of such a product is the time to read the matrix, and that has a quarter of the bytes. Products of matrices, which
 * are for prompts, widen some rows of it at a time, never all, and multiply those with {@link Blas}.
 */
public final class PackedProducts {
    /** Bytes of codes that are copied at a time: with what they are multiplied with they fit the first-level cache. */
    private static final int TILE = 1 << 14;

    /** Rows that a kernel takes at once. */
    private static final int ROWS = 4;

    /** Floats that are widened at a time, 1 MB: they stay in the second-level cache while they are multiplied. */
    private static final int WIDENED = 1 << 18;

    private PackedProducts() {}

    /** What a thread needs beside its tiles, made when it first meets a packed matrix. */
    static final class Scratch {
        private byte[] codes = new byte[0];
        private float[] scales = new float[0];
        private Slab widened;

        byte[] codes(int count) {
            codes = codes.length < count ? new byte[count] : codes;
            return codes;
        }

        float[] scales(int count) {
            scales = scales.length < count ? new float[count] : scales;
            return scales;
        }

        Matrix widened(int rows, int columns) {
            long floats = (long) rows * columns;
            if (widened == null || widened.size() < floats) {
                if (widened != null) {
                    widened.close();
                }
                widened = Slab.allocate("widened weights", Math.max(WIDENED, floats));
            }
            return widened.matrix(0, rows, columns);
        }
    }

    /** y = x a + beta y for row vectors x (1, K), y (1, N) and a (K, N); beta is 0 or 1. */
    public static void multiplyRow(Workspace w, Matrix x, PackedMatrix a, float beta, Matrix y) {
        int k = a.rows();
        int n = a.columns();
        check(x.rows() == 1 && y.rows() == 1 && x.columns() == k && y.columns() == n, x, a, y);
        Rows.get(x, 0, k, w.tileA, 0);
        if (beta == 0) {
            java.util.Arrays.fill(w.tileB, 0, n, 0);
        } else {
            Rows.get(y, 0, n, w.tileB, 0);
        }
        int step = step(a);
        byte[] codes = w.packed.codes(step * n);
        float[] scales = w.packed.scales(step * a.groups());
        for (int row = 0; row < k; row += step) {
            int rows = Math.min(step, k - row);
            a.readRows(row, rows, codes, scales);
            w.kernels.addPackedRows(w.tileA, row, codes, scales, rows, n, a.group(), w.tileB);
        }
        Rows.put(y, 0, n, w.tileB, 0);
    }

    /** y = x a^T for row vectors x (1, K), y (1, N) and a (N, K). */
    public static void multiplyRowTransposed(Workspace w, Matrix x, PackedMatrix a, Matrix y) {
        int n = a.rows();
        int k = a.columns();
        check(x.rows() == 1 && y.rows() == 1 && x.columns() == k && y.columns() == n, x, a, y);
        Rows.get(x, 0, k, w.tileA, 0);
        int step = step(a);
        byte[] codes = w.packed.codes(step * k);
        float[] scales = w.packed.scales(step * a.groups());
        for (int row = 0; row < n; row += step) {
            int rows = Math.min(step, n - row);
            a.readRows(row, rows, codes, scales);
            w.kernels.packedDots(w.tileA, codes, scales, rows, k, a.group(), w.tileB, row);
        }
        Rows.put(y, 0, n, w.tileB, 0);
    }

    /** y = x a + beta y, with x (M, K), a (K, N), y (M, N); beta is 0 or 1. */
    public static void multiply(Workspace w, Matrix x, PackedMatrix a, float beta, Matrix y) {
        check(x.rows() == y.rows() && x.columns() == a.rows() && a.columns() == y.columns(), x, a, y);
        int step = Math.max(1, WIDENED / a.columns());
        for (int row = 0; row < a.rows(); row += step) {
            int rows = Math.min(step, a.rows() - row);
            Matrix some = widened(w, a, row, rows); // (rows, N)
            Blas.multiply(w, 1, x.block(0, row, x.rows(), rows), some, row == 0 ? beta : 1, y);
        }
    }

    /** y = x a^T, with x (M, K), a (N, K), y (M, N). */
    public static void multiplyTransposedB(Workspace w, Matrix x, PackedMatrix a, Matrix y) {
        check(x.rows() == y.rows() && x.columns() == a.columns() && a.rows() == y.columns(), x, a, y);
        int step = Math.max(1, WIDENED / a.columns());
        for (int row = 0; row < a.rows(); row += step) {
            int rows = Math.min(step, a.rows() - row);
            Matrix some = widened(w, a, row, rows); // (rows, K)
            Blas.multiplyTransposedB(w, 1, x, some, 0, y.block(0, row, y.rows(), rows));
        }
    }

    /** y[i] = table[ids[first + i]] + positions[(start + i) mod period], as {@link Rows#embed}. */
    public static void embed(
            Workspace w, PackedMatrix table, int[] ids, int first, Matrix positions, int start, int period, Matrix y) {
        int n = y.columns();
        for (int row = 0; row < y.rows(); row++) {
            widen(w, table, ids[first + row]);
            Rows.get(positions, (start + row) % period, n, w.tileB, 0);
            w.kernels.add(w.tileB, 0, w.tileA, 0, n);
            Rows.put(y, row, n, w.tileA, 0);
        }
    }

    private static Matrix widened(Workspace w, PackedMatrix a, int first, int rows) {
        Matrix some = w.packed.widened(rows, a.columns());
        for (int row = 0; row < rows; row++) {
            widen(w, a, first + row);
            Rows.put(some, row, a.columns(), w.tileA, 0);
        }
        return some;
    }

    /** One row, into the first tile. */
    private static void widen(Workspace w, PackedMatrix a, int row) {
        byte[] codes = w.packed.codes(a.columns());
        float[] scales = w.packed.scales(a.groups());
        a.readRows(row, 1, codes, scales);
        w.kernels.widen(codes, scales, a.columns(), a.group(), w.tileA);
    }

    private static int step(PackedMatrix a) {
        return Math.min(a.rows(), Math.max(ROWS, TILE / a.columns() / ROWS * ROWS));
    }

    private static void check(boolean fits, Matrix x, PackedMatrix a, Matrix y) {
        if (!fits) {
            throw new IllegalArgumentException("shapes do not fit in a product with a packed matrix: " + x.rows()
                    + " x " + x.columns() + ", " + a.rows() + " x " + a.columns() + " -> " + y.rows() + " x "
                    + y.columns());
        }
    }
}
