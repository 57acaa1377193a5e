package tinygpt.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import tinygpt.reference.ModelFixtures;
import tinygpt.tensor.PackedMatrix.Layout;

/** Products with packed matrices, by both sets of kernels, against sums in double precision. */
class PackedProductsTest {
    private static final int[][] SHAPES = {{1, 1}, {5, 7}, {16, 48}, {33, 100}, {64, 16}, {207, 65}, {130, 1030}};

    static Stream<Arguments> cases() {
        return KernelRows.both().stream()
                .flatMap(k -> Stream.of(SHAPES)
                        .flatMap(shape -> Stream.of(16, 32).map(group -> Arguments.of(k, shape[0], shape[1], group))));
    }

    /** Random codes and scales, and the numbers they stand for. */
    private static final class Case implements AutoCloseable {
        final PackedMatrix packed;
        final double[][] numbers;
        final Workspace space;
        final Slab slab = Slab.allocate("test", 1 << 16);
        private long used;

        Case(Kernels kernels, Layout layout, int rows, int columns, int group) {
            space = new Workspace(Math.max(rows, columns), kernels);
            packed = PackedMatrix.allocate("test", layout, rows, columns, group);
            numbers = new double[rows][columns];
            byte[] codes = new byte[rows * columns];
            float[] scales = new float[rows * packed.groups()];
            double[] random = ModelFixtures.randomNormals(codes.length + scales.length, 5);
            for (int i = 0; i < scales.length; i++) {
                scales[i] = (float) (0.01 * (1 + Math.abs(random[codes.length + i])));
            }
            for (int i = 0; i < codes.length; i++) {
                codes[i] = (byte) Math.max(-127, Math.min(127, Math.round(50 * random[i])));
                int scale = i / columns * packed.groups() + i % columns / group;
                numbers[i / columns][i % columns] = (double) codes[i] * scales[scale];
            }
            int first = rows / 3;
            packed.writeRows(0, first, codes, scales);
            packed.writeRows(
                    first,
                    rows - first,
                    java.util.Arrays.copyOfRange(codes, first * columns, codes.length),
                    java.util.Arrays.copyOfRange(scales, first * packed.groups(), scales.length));
        }

        Matrix matrix(int rows, int columns, long seed) {
            Matrix matrix = slab.matrix(used, rows, columns);
            used += (long) rows * columns;
            double[] random = ModelFixtures.randomNormals(rows * columns, seed);
            for (int r = 0; r < rows; r++) {
                float[] row = new float[columns];
                for (int c = 0; c < columns; c++) {
                    row[c] = (float) random[r * columns + c];
                }
                matrix.writeRow(r, row, 0);
            }
            return matrix;
        }

        double number(int i, int j, boolean transposed) {
            return transposed ? numbers[j][i] : numbers[i][j];
        }

        /** y = x a + before, or with a^T, within some ulps of the sum of all |terms|. */
        void check(float[] x, int inner, boolean transposed, float[] before, float[] y) {
            int width = y.length / (x.length / inner);
            for (int m = 0; m < x.length / inner; m++) {
                for (int j = 0; j < width; j++) {
                    double sum = before == null ? 0 : before[m * width + j];
                    double size = Math.abs(sum);
                    for (int i = 0; i < inner; i++) {
                        double term = x[m * inner + i] * number(i, j, transposed);
                        sum += term;
                        size += Math.abs(term);
                    }
                    assertEquals(sum, y[m * width + j], 8 * size * KernelRows.ULP, "element " + m + ", " + j);
                }
            }
        }

        @Override
        public void close() {
            slab.close();
            packed.close();
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void product_isTheSumOfProducts_forOneRowAndSeveral(Kernels kernels, int rows, int columns, int group) {
        try (Case c = new Case(kernels, Layout.BY_COLUMNS, rows, columns, group)) {
            for (int m : new int[] {1, 3}) {
                Matrix x = c.matrix(m, rows, 1);
                Matrix y = c.matrix(m, columns, 2);
                float[] before = y.toArray();
                for (float beta : new float[] {1, 0}) {
                    if (m == 1) {
                        PackedProducts.multiplyRow(c.space, x, c.packed, beta, y);
                    } else {
                        PackedProducts.multiply(c.space, x, c.packed, beta, y);
                    }
                    c.check(x.toArray(), rows, false, beta == 0 ? null : before, y.toArray());
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void transposedProduct_isTheSumOfProducts_forOneRowAndSeveral(Kernels kernels, int rows, int columns, int group) {
        try (Case c = new Case(kernels, Layout.BY_ROWS, rows, columns, group)) {
            for (int m : new int[] {1, 3}) {
                Matrix x = c.matrix(m, columns, 1);
                Matrix y = c.matrix(m, rows, 2);
                if (m == 1) {
                    PackedProducts.multiplyRowTransposed(c.space, x, c.packed, y);
                } else {
                    PackedProducts.multiplyTransposedB(c.space, x, c.packed, y);
                }
                c.check(x.toArray(), columns, true, null, y.toArray());
            }
        }
    }

    /** Exact: one product and one sum an element, in the same order everywhere. */
    @ParameterizedTest
    @MethodSource("cases")
    void embedding_isTheRowAndThePosition(Kernels kernels, int rows, int columns, int group) {
        try (Case c = new Case(kernels, Layout.BY_ROWS, rows, columns, group)) {
            Matrix positions = c.matrix(4, columns, 1);
            Matrix y = c.matrix(2, columns, 2);
            int[] ids = {rows - 1, 0};
            PackedProducts.embed(c.space, c.packed, ids, positions, 3, 4, y);
            float[] added = positions.toArray();
            float[] expected = new float[2 * columns];
            for (int i = 0; i < expected.length; i++) {
                int position = (3 + i / columns) % 4;
                expected[i] =
                        (float) c.numbers[ids[i / columns]][i % columns] + added[position * columns + i % columns];
            }
            assertArrayEquals(expected, y.toArray());
        }
    }

    @Test
    void closedMatrix_wrongLayout_andWrongShapes_areRefused() {
        try (Case c = new Case(new ScalarKernels(), Layout.BY_COLUMNS, 4, 6, 16)) {
            Matrix x = c.matrix(1, 4, 1);
            Matrix y = c.matrix(1, 6, 1);
            Workspace w = c.space;
            assertThrows(IllegalArgumentException.class, () -> PackedProducts.multiplyRow(w, y, c.packed, 0, x));
            assertThrows(IllegalArgumentException.class, () -> PackedProducts.multiplyRowTransposed(w, y, c.packed, x));
            c.packed.close();
            assertThrows(IllegalStateException.class, () -> PackedProducts.multiplyRow(w, x, c.packed, 0, y));
        }
    }
}
