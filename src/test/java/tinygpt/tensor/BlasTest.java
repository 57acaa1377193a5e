package tinygpt.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.File;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tinygpt.reference.ModelFixtures;

/** Products of blocks within larger matrices against a triple loop in double precision. */
class BlasTest {
    private static final float OUTSIDE = 77;
    private final Workspace workspace = new Workspace(1);
    private final Slab slab = Slab.allocate("test", 3_000_000);
    private long used;

    @AfterEach
    void close() {
        slab.close();
    }

    /** Inner dimensions on both sides of 128, where the library changes; one row, one column, one of everything. */
    @ParameterizedTest
    @CsvSource({
        "1, 1, 1",
        "1, 7, 5",
        "5, 1, 7",
        "7, 5, 1",
        "3, 17, 33",
        "64, 32, 64",
        "65, 16, 64",
        "48, 127, 31",
        "48, 128, 31",
        "48, 129, 31",
        "20, 300, 70",
        "128, 384, 128"
    })
    void products_areTheTripleLoop(int m, int k, int n) {
        for (float alpha : new float[] {1, -0.5f}) {
            for (float beta : new float[] {0, 1, 2}) {
                used = 0;
                check(m, n, k, matrix(m, k, 1), false, matrix(k, n, 2), false, alpha, beta, Blas::multiply);
                check(m, n, k, matrix(k, m, 3), true, matrix(k, n, 4), false, alpha, beta, Blas::multiplyTransposedA);
                check(m, n, k, matrix(m, k, 5), false, matrix(n, k, 6), true, alpha, beta, Blas::multiplyTransposedB);
                check(1, n, k, matrix(1, k, 7), false, matrix(k, n, 8), false, alpha, beta, Blas::multiplyRow);
                check(
                        1,
                        n,
                        k,
                        matrix(1, k, 9),
                        false,
                        matrix(n, k, 10),
                        true,
                        alpha,
                        beta,
                        Blas::multiplyRowTransposed);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"3, 5, 7", "3, 200, 7"})
    void betaZero_overwritesNaN(int m, int k, int n) {
        check(m, n, k, matrix(m, k, 1), false, matrix(k, n, 2), false, 1, Float.NaN, Blas::multiply);
        check(m, n, k, matrix(k, m, 1), true, matrix(k, n, 2), false, 1, Float.NaN, Blas::multiplyTransposedA);
        check(m, n, k, matrix(m, k, 1), false, matrix(n, k, 2), true, 1, Float.NaN, Blas::multiplyTransposedB);
        check(1, n, k, matrix(1, k, 1), false, matrix(k, n, 2), false, 1, Float.NaN, Blas::multiplyRow);
        check(1, n, k, matrix(1, k, 1), false, matrix(n, k, 2), true, 1, Float.NaN, Blas::multiplyRowTransposed);
    }

    /** Small ones in one piece, large ones in several, of which the last is short. */
    @ParameterizedTest
    @CsvSource({"5, 7", "64, 192", "300, 500", "1031, 130", "8, 20000", "20000, 8"})
    void rowsTogether_areTheSameRowsAlone_toTheBit(int k, int n) {
        Matrix a = matrix(k, n, 1);
        Matrix b = matrix(n, k, 2);
        for (int count : new int[] {1, 2, 3, 8}) {
            Matrix[] x = new Matrix[count];
            Matrix[] alone = new Matrix[count];
            Matrix[] together = new Matrix[count];
            for (int i = 0; i < count; i++) {
                x[i] = matrix(1, k, 10 + i);
                alone[i] = matrix(1, n, 20 + i);
                together[i] = matrix(1, n, 20 + i);
                Blas.multiplyRow(workspace, 0.5f, x[i], a, 1, alone[i]);
            }
            Blas.multiplyRows(workspace, 0.5f, x, count, a, 1, together);
            for (int i = 0; i < count; i++) {
                assertArrayEquals(alone[i].toArray(), together[i].toArray());
                Blas.multiplyRowTransposed(workspace, 1, x[i], b, 0, alone[i]);
            }
            Blas.multiplyRowsTransposed(workspace, 1, x, count, b, 0, together);
            for (int i = 0; i < count; i++) {
                assertArrayEquals(alone[i].toArray(), together[i].toArray());
            }
        }
    }

    @Test
    void shapesThatDoNotFit_areRefusedWithAllThree() {
        Matrix a = matrix(2, 3, 1);
        Matrix b = matrix(4, 5, 2);
        Matrix c = matrix(2, 5, 3);
        assertRefused("a b", a, b, c, Blas::multiply);
        assertRefused("a^T b", a, b, c, Blas::multiplyTransposedA);
        assertRefused("a b^T", a, b, c, Blas::multiplyTransposedB);
        assertRefused("x a", a, b, c, Blas::multiplyRow);
        assertRefused("x a^T", a, b, c, Blas::multiplyRowTransposed);
    }

    @Test
    void bothLibraries_areInUse_withOneThread() {
        assertEquals("1", System.getenv("OMP_NUM_THREADS"), "the build sets it");
        assertEquals("OpenBLAS + oneDNN", Blas.describe());
    }

    /** The same tests of products in a JVM of its own, with OpenBLAS alone. */
    @Test
    void openBlasAlone_givesTheSame() throws Exception {
        Process process = new ProcessBuilder(
                        System.getProperty("java.home") + File.separator + "bin" + File.separator + "java",
                        "-Dtinygpt.blas=openblas",
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        OpenBlasAlone.class.getName())
                .inheritIO()
                .start();
        if (!process.waitFor(120, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new IllegalStateException("the second JVM did not end within two minutes");
        }
        assertEquals(0, process.exitValue(), "exit code of the second JVM; its message is in the output above");
    }

    static final class OpenBlasAlone {
        private OpenBlasAlone() {}

        public static void main(String[] args) {
            assertEquals("OpenBLAS", Blas.describe());
            BlasTest test = new BlasTest();
            test.products_areTheTripleLoop(48, 127, 31);
            test.products_areTheTripleLoop(1, 7, 5);
            test.betaZero_overwritesNaN(3, 5, 7);
            test.close();
        }
    }

    private interface Product {
        void run(Workspace w, float alpha, Matrix a, Matrix b, float beta, Matrix c);
    }

    private static void assertRefused(String product, Matrix a, Matrix b, Matrix c, Product run) {
        String message = assertThrows(IllegalArgumentException.class, () -> run.run(new Workspace(1), 1, a, b, 0, c))
                .getMessage();
        assertEquals("shapes do not fit in " + product + ": 2 x 3, 4 x 5 -> 2 x 5", message);
    }

    /** Runs a product into the middle of a matrix and checks all of that; a beta of NaN means 0 onto NaN. */
    private void check(
            int m, int n, int k, Matrix a, boolean ta, Matrix b, boolean tb, float alpha, float beta, Product product) {
        Matrix around = block(m + 2, n + 5);
        int place = 0;
        float[] row = new float[n + 5];
        float[] start = new float[m * n];
        for (int i = 0; i < m + 2; i++) {
            java.util.Arrays.fill(row, OUTSIDE);
            for (int j = 0; i > 0 && i <= m && j < n; j++) {
                start[place] = Float.isNaN(beta) ? Float.NaN : place % 11 - 5;
                row[2 + j] = start[place++];
            }
            around.writeRow(i, row, 0);
        }
        Matrix c = around.block(1, 2, m, n);
        float[] left = a.toArray();
        float[] right = b.toArray();

        product.run(workspace, alpha, a, b, Float.isNaN(beta) ? 0 : beta, c);

        double[] expected = new double[(m + 2) * (n + 5)];
        java.util.Arrays.fill(expected, OUTSIDE);
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                double sum = 0;
                for (int l = 0; l < k; l++) {
                    sum += (double) left[ta ? l * m + i : i * k + l] * right[tb ? j * k + l : l * n + j];
                }
                double old = Float.isNaN(beta) ? 0 : beta * start[i * n + j];
                expected[(i + 1) * (n + 5) + 2 + j] = alpha * sum + old;
            }
        }
        ModelFixtures.assertWithin("c", expected, ModelFixtures.widen(around.toArray()), 2e-6 * (1 + Math.sqrt(k)) * 3);
    }

    /** A random matrix that is a block of a wider one; a single row may lie anywhere too. */
    private Matrix matrix(int rows, int columns, long seed) {
        Matrix matrix = block(rows + 1, columns + 3).block(1, 1, rows, columns);
        double[] values = ModelFixtures.randomNormals(rows * columns, seed);
        float[] row = new float[columns];
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                row[j] = (float) values[i * columns + j];
            }
            matrix.writeRow(i, row, 0);
        }
        return matrix;
    }

    private Matrix block(int rows, int columns) {
        Matrix matrix = slab.matrix(used, rows, columns);
        used += (long) rows * columns;
        return matrix;
    }
}
