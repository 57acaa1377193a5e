package tinygpt.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import tinygpt.tensor.Blas;
import tinygpt.tensor.Matrix;
import tinygpt.tensor.Slab;
import tinygpt.tensor.Workspace;

/**
 * The rate of matrix products on one thread, at a few large sizes. The best size stands for what one core can do; one
 * with a short inner dimension is among them because {@link Blas} has another library for those.
 */
final class ProductRate implements AutoCloseable {
    private static final int[][] SIZES = {{1024, 1024, 1024}, {512, 512, 2048}, {1024, 128, 1024}};

    private final List<Product> products = new ArrayList<>();

    /** c = a b and how fast it was. */
    private record Product(Slab slab, Matrix a, Matrix b, Matrix c, Samples rates) {
        static Product of(int m, int k, int n) {
            long sizeA = (long) m * k;
            long sizeB = (long) k * n;
            Slab slab = Slab.allocate("a product", sizeA + sizeB + (long) m * n);
            Product product = new Product(
                    slab,
                    slab.matrix(0, m, k),
                    slab.matrix(sizeA, k, n),
                    slab.matrix(sizeA + sizeB, m, n),
                    new Samples());
            fill(product.a);
            fill(product.b);
            return product;
        }

        private static void fill(Matrix matrix) {
            float[] row = new float[matrix.columns()];
            for (int i = 0; i < matrix.rows(); i++) {
                for (int j = 0; j < row.length; j++) {
                    row[j] = 1f / (1 + (i + j) % 97);
                }
                matrix.writeRow(i, row, 0);
            }
        }

        double operations() {
            return 2.0 * a.rows() * a.columns() * b.columns();
        }

        String describe() {
            return String.format(Locale.ROOT, "%d x %d x %d", a.rows(), a.columns(), b.columns());
        }

        void run(Workspace workspace) {
            Blas.multiply(workspace, 1, a, b, 0, c);
        }
    }

    ProductRate() {
        for (int[] size : SIZES) {
            products.add(Product.of(size[0], size[1], size[2]));
        }
    }

    /** Bytes of the matrices. */
    static long bytes() {
        long floats = 0;
        for (int[] s : SIZES) {
            floats += (long) s[0] * s[1] + (long) s[1] * s[2] + (long) s[0] * s[2];
        }
        return floats * Float.BYTES;
    }

    /** Runs every size once and forgets how long it took. */
    void warmUp(Workspace workspace) {
        products.forEach(product -> product.run(workspace));
    }

    /** Measures every size once. */
    void measure(Workspace workspace) {
        for (Product product : products) {
            long start = System.nanoTime();
            product.run(workspace);
            product.rates().add(product.operations() / (System.nanoTime() - start));
        }
    }

    /** The size with the highest median rate, rows x inner x columns. */
    String bestSize() {
        return best().describe();
    }

    /** Its median rate in GFLOP/s. */
    double bestRate() {
        return best().rates().spread().median();
    }

    private Product best() {
        return products.stream()
                .max(java.util.Comparator.comparingDouble(
                        p -> p.rates().spread().median()))
                .orElseThrow();
    }

    @Override
    public void close() {
        products.forEach(product -> product.slab().close());
    }
}
