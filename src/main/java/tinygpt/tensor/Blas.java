package tinygpt.tensor;

import static org.bytedeco.openblas.global.openblas_nolapack.CblasNoTrans;
import static org.bytedeco.openblas.global.openblas_nolapack.CblasRowMajor;
import static org.bytedeco.openblas.global.openblas_nolapack.CblasTrans;

import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.openblas.global.openblas_nolapack;

/**
 * Matrix products, each on the thread that asks for it: workers run side by side, each with products of its own. All
 * matrices are row-major; {@code beta} is what the destination is multiplied by first (0 overwrites it, even NaN).
 *
 * <p>Most products of matrices go to oneDNN, which is a tenth faster at the layers of a small GPT and twice as fast at its
 * attention heads; the rest, and products with one row, to OpenBLAS, and all where oneDNN is not there or cannot be kept to
 * one thread: it obeys only the environment variable OMP_NUM_THREADS.
 */
public final class Blas {
    /**
     * The longest inner dimension given to oneDNN at once; a longer product is the sum of shorter ones. For a longer one its
     * AVX kernel can point the stack register into a block of its own on the heap; a signal that arrives then (a profiler's,
     * for instance JFR's) is written over the heap, and the process dies. Up to 128 it stays on the stack.
     */
    private static final int ONE_DNN_INNER = 128;

    /** A destination of more floats than this leaves the cache while a product is summed up, and OpenBLAS is faster. */
    private static final int ONE_DNN_SUMMED = 300_000;

    /**
     * Floats of a piece of a matrix that is multiplied by one vector after the other: 256 KB, which a second-level cache
     * keeps. A matrix of up to two pieces is one.
     */
    private static final int PIECE = 1 << 16;

    /** Rows of a piece are a multiple of this. */
    private static final int PIECE_ROWS = 8;

    private static final byte NOT_TRANSPOSED = 'N';
    private static final byte TRANSPOSED = 'T';

    private Blas() {}

    /** c = alpha a b + beta c, with a (M, K), b (K, N), c (M, N). */
    public static void multiply(Workspace w, float alpha, Matrix a, Matrix b, float beta, Matrix c) {
        check(a.rows() == c.rows() && a.columns() == b.rows() && b.columns() == c.columns(), "a b", a, b, c);
        sgemm(w, false, false, a.columns(), alpha, a, b, beta, c);
    }

    /** c = alpha a^T b + beta c, with a (K, M), b (K, N), c (M, N). */
    public static void multiplyTransposedA(Workspace w, float alpha, Matrix a, Matrix b, float beta, Matrix c) {
        check(a.columns() == c.rows() && a.rows() == b.rows() && b.columns() == c.columns(), "a^T b", a, b, c);
        sgemm(w, true, false, a.rows(), alpha, a, b, beta, c);
    }

    /** c = alpha a b^T + beta c, with a (M, K), b (N, K), c (M, N). */
    public static void multiplyTransposedB(Workspace w, float alpha, Matrix a, Matrix b, float beta, Matrix c) {
        check(a.rows() == c.rows() && a.columns() == b.columns() && b.rows() == c.columns(), "a b^T", a, b, c);
        sgemm(w, false, true, a.columns(), alpha, a, b, beta, c);
    }

    /** y = alpha x a + beta y for row vectors x (1, K), y (1, N) and a (K, N). */
    public static void multiplyRow(Workspace w, float alpha, Matrix x, Matrix a, float beta, Matrix y) {
        check(x.rows() == 1 && y.rows() == 1 && x.columns() == a.rows() && a.columns() == y.columns(), "x a", x, a, y);
        int step = rowsInPiece(a);
        for (int row = 0; row < a.rows(); row += step) {
            addPiece(w, alpha, x, a, row, step, row == 0 ? beta : 1, y);
        }
    }

    /**
     * y[i] = alpha x[i] a + beta y[i] for the first row vectors x[i] (1, K), y[i] (1, N) and a (K, N), which is read from
     * memory once for all of them. Each y[i] is to the bit what {@link #multiplyRow} gives: it has the same products of the
     * same pieces of the matrix, in the same order. A product of matrices would be cut up by the number of its rows.
     */
    public static void multiplyRows(Workspace w, float alpha, Matrix[] x, int count, Matrix a, float beta, Matrix[] y) {
        int step = rowsInPiece(a);
        for (int row = 0; row < a.rows(); row += step) {
            for (int i = 0; i < count; i++) {
                addPiece(w, alpha, x[i], a, row, step, row == 0 ? beta : 1, y[i]);
            }
        }
    }

    /** y = alpha x a^T + beta y for row vectors x (1, K), y (1, N) and a (N, K). */
    public static void multiplyRowTransposed(Workspace w, float alpha, Matrix x, Matrix a, float beta, Matrix y) {
        check(
                x.rows() == 1 && y.rows() == 1 && x.columns() == a.columns() && a.rows() == y.columns(),
                "x a^T",
                x,
                a,
                y);
        int step = rowsInPiece(a);
        for (int row = 0; row < a.rows(); row += step) {
            fillPiece(w, alpha, x, a, row, step, beta, y);
        }
    }

    /**
     * y[i] = alpha x[i] a^T + beta y[i] for the first row vectors x[i] (1, K), y[i] (1, N) and a (N, K), which is read from
     * memory once for all of them; as {@link #multiplyRowTransposed} to the bit.
     */
    public static void multiplyRowsTransposed(
            Workspace w, float alpha, Matrix[] x, int count, Matrix a, float beta, Matrix[] y) {
        int step = rowsInPiece(a);
        for (int row = 0; row < a.rows(); row += step) {
            for (int i = 0; i < count; i++) {
                fillPiece(w, alpha, x[i], a, row, step, beta, y[i]);
            }
        }
    }

    /** The library behind products of matrices. */
    public static String describe() {
        return Library.ONE_DNN ? "OpenBLAS + oneDNN" : "OpenBLAS";
    }

    /** Whether oneDNN computes products of matrices, and if not, why. */
    public enum OneDnn {
        /** It does. */
        IN_USE,
        /** The user does not want it: {@code -Dtinygpt.blas=openblas}. */
        REFUSED,
        /** It cannot be kept to one thread: OMP_NUM_THREADS is not 1. */
        NOT_ONE_THREAD,
        /** There is no native library of it for this platform. */
        MISSING
    }

    /** What became of oneDNN; loads the libraries. */
    public static OneDnn oneDnn() {
        return Environment.REFUSED
                ? OneDnn.REFUSED
                : !Environment.ONE_THREAD ? OneDnn.NOT_ONE_THREAD : Library.ONE_DNN ? OneDnn.IN_USE : OneDnn.MISSING;
    }

    /** Whether the process was started so that oneDNN can be kept to one thread, or was told not to use it. */
    static boolean oneDnnAllowed() {
        return Environment.REFUSED || Environment.ONE_THREAD;
    }

    private static void sgemm(
            Workspace w, boolean transA, boolean transB, int k, float alpha, Matrix a, Matrix b, float beta, Matrix c) {
        FloatPointer pa = w.pointerA.to(a);
        FloatPointer pb = w.pointerB.to(b);
        FloatPointer pc = w.pointerC.to(c);
        int m = c.rows();
        int n = c.columns();
        if (!Library.ONE_DNN || openBlasIsFaster(transA, m, n, k)) {
            int ta = transA ? CblasTrans : CblasNoTrans;
            int tb = transB ? CblasTrans : CblasNoTrans;
            openblas_nolapack.cblas_sgemm(
                    CblasRowMajor, ta, tb, m, n, k, alpha, pa, a.stride(), pb, b.stride(), beta, pc, c.stride());
            return;
        }
        byte ta = transA ? TRANSPOSED : NOT_TRANSPOSED;
        byte tb = transB ? TRANSPOSED : NOT_TRANSPOSED;
        long aAt = pa.position();
        long bAt = pb.position();
        float keep = beta;
        for (int from = 0; from < k; from += ONE_DNN_INNER) {
            int inner = Math.min(ONE_DNN_INNER, k - from);
            pa.position(aAt + (transA ? (long) from * a.stride() : from));
            pb.position(bAt + (transB ? from : (long) from * b.stride()));
            int status =
                    dnnl.dnnl_sgemm(ta, tb, m, n, inner, alpha, pa, a.stride(), pb, b.stride(), keep, pc, c.stride());
            if (status != 0) {
                throw new IllegalStateException(
                        "oneDNN refused a product of " + m + " x " + inner + " x " + n + ": status " + status);
            }
            keep = 1;
        }
    }

    /** Where measurements say so: large sums, and on AVX2 processors tall products of a transposed matrix. */
    private static boolean openBlasIsFaster(boolean transA, int m, int n, int k) {
        return k > ONE_DNN_INNER && (long) m * n > ONE_DNN_SUMMED
                || !Library.AVX512 && transA && m >= 2 * n && m >= 256 && n <= 128;
    }

    private static int rowsInPiece(Matrix a) {
        return (long) a.rows() * a.columns() <= 2 * PIECE
                ? Math.max(1, a.rows())
                : Math.max(PIECE_ROWS, PIECE / a.columns() / PIECE_ROWS * PIECE_ROWS);
    }

    /** y = alpha x a + beta y for some rows of a and the elements of x that belong to them. */
    private static void addPiece(
            Workspace w, float alpha, Matrix x, Matrix a, int row, int step, float beta, Matrix y) {
        FloatPointer px = w.pointerB.to(x);
        px.position(px.position() + row);
        sgemv(w, CblasTrans, alpha, a, row, Math.min(step, a.rows() - row), px, beta, w.pointerC.to(y));
    }

    /** The elements of y = alpha x a^T + beta y that belong to some rows of a. */
    private static void fillPiece(
            Workspace w, float alpha, Matrix x, Matrix a, int row, int step, float beta, Matrix y) {
        FloatPointer py = w.pointerC.to(y);
        py.position(py.position() + row);
        sgemv(w, CblasNoTrans, alpha, a, row, Math.min(step, a.rows() - row), w.pointerB.to(x), beta, py);
    }

    private static void sgemv(
            Workspace w,
            int trans,
            float alpha,
            Matrix a,
            int row,
            int rows,
            FloatPointer x,
            float beta,
            FloatPointer y) {
        Library.load();
        FloatPointer pa = w.pointerA.to(a);
        pa.position(pa.position() + (long) row * a.stride());
        openblas_nolapack.cblas_sgemv(CblasRowMajor, trans, rows, a.columns(), alpha, pa, a.stride(), x, 1, beta, y, 1);
    }

    private static void check(boolean fits, String product, Matrix a, Matrix b, Matrix c) {
        if (!fits) {
            throw new IllegalArgumentException("shapes do not fit in " + product + ": " + a.rows() + " x " + a.columns()
                    + ", " + b.rows() + " x " + b.columns() + " -> " + c.rows() + " x " + c.columns());
        }
    }

    /** What the process was started with; apart, because asking loads no library. */
    private static final class Environment {
        /** {@code -Dtinygpt.blas=openblas}: OpenBLAS alone. */
        static final boolean REFUSED = "openblas".equals(System.getProperty("tinygpt.blas"));

        static final boolean ONE_THREAD = "1".equals(System.getenv("OMP_NUM_THREADS"));
    }

    /** Loads the libraries on first use. */
    private static final class Library {
        static final boolean ONE_DNN = oneDnn();

        /** Whether oneDNN multiplies with AVX-512: there 512 x 384 x 128 transposed reaches 111 GFLOP/s, OpenBLAS 93. */
        static final boolean AVX512 = ONE_DNN
                && (dnnl.dnnl_get_effective_cpu_isa() & dnnl.dnnl_cpu_isa_avx512_core) == dnnl.dnnl_cpu_isa_avx512_core;

        static {
            openblas_nolapack.blas_set_num_threads(1);
        }

        static void load() {
            // The static initializer has done it.
        }

        private static boolean oneDnn() {
            if (Environment.REFUSED || !Environment.ONE_THREAD) {
                return false;
            }
            try {
                dnnl.dnnl_version();
                return true;
            } catch (LinkageError e) {
                return false; // no native library for this platform
            }
        }
    }
}
