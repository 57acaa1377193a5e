package tinygpt.report;

/**
 * The two directions in which points differ most: principal component analysis, with the points' mean as origin.
 *
 * <p>The eigenvectors are found by power iteration in double precision on the smaller of the two matrices that have the same
 * eigenvalues, X^T X and X X^T, the second after the first was taken out. The start is a column of that matrix, and the
 * number of largest size in a direction is made positive, so that the same points give the same directions. Source:
 * Jolliffe, "Principal component analysis" (2002), section 1 and appendix A1.
 */
final class PrincipalComponents {
    static final int COUNT = 2;

    private static final int MOST_ITERATIONS = 2000;
    private static final double CONVERGED = 1e-24;

    private final double[] mean;
    private final double[][] directions = new double[COUNT][];
    private final double[] explained = new double[COUNT];

    /**
     * Fits points.
     *
     * @param points (n, columns), row after row, finite
     */
    PrincipalComponents(float[] points, int columns) {
        int n = points.length / columns;
        this.mean = mean(points, n, columns);
        double[][] x = new double[n][columns];
        double total = 0;
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < columns; j++) {
                x[i][j] = points[i * columns + j] - mean[j];
                total += x[i][j] * x[i][j];
            }
        }
        boolean byPoint = n < columns;
        double[][] matrix = byPoint ? products(x) : products(transposed(x, columns));
        for (int k = 0; k < COUNT; k++) {
            double[] vector = new double[matrix.length];
            double eigenvalue = largest(matrix, vector);
            takeOut(matrix, vector, eigenvalue);
            directions[k] = normalized(byPoint ? combined(x, vector, columns) : vector);
            explained[k] = total == 0 ? 0 : eigenvalue / total;
        }
    }

    /** Share of the squared distances from the mean that lies in a direction. */
    double explained(int component) {
        return explained[component];
    }

    /** Where a point lies along a direction; {@code at} is its first number. */
    double project(float[] points, int at, int component) {
        double sum = 0;
        for (int j = 0; j < mean.length; j++) {
            sum += (points[at + j] - mean[j]) * directions[component][j];
        }
        return sum;
    }

    private static double[] mean(float[] points, int n, int columns) {
        double[] mean = new double[columns];
        for (int i = 0; i < points.length; i++) {
            mean[i % columns] += points[i];
        }
        for (int j = 0; j < columns; j++) {
            mean[j] /= n;
        }
        return mean;
    }

    private static double[][] transposed(double[][] x, int columns) {
        double[][] t = new double[columns][x.length];
        for (int i = 0; i < x.length; i++) {
            for (int j = 0; j < columns; j++) {
                t[j][i] = x[i][j];
            }
        }
        return t;
    }

    /** X X^T. */
    private static double[][] products(double[][] x) {
        double[][] products = new double[x.length][x.length];
        for (int i = 0; i < x.length; i++) {
            for (int j = 0; j <= i; j++) {
                products[i][j] = dot(x[i], x[j]);
                products[j][i] = products[i][j];
            }
        }
        return products;
    }

    /** The largest eigenvalue of a symmetric matrix without negative ones, and its vector. */
    private static double largest(double[][] matrix, double[] vector) {
        int start = 0;
        for (int i = 1; i < matrix.length; i++) {
            start = matrix[i][i] > matrix[start][start] ? i : start;
        }
        System.arraycopy(normalized(matrix[start]), 0, vector, 0, vector.length);
        double moved = 1;
        for (int i = 0; i < MOST_ITERATIONS && moved > CONVERGED; i++) {
            double[] next = normalized(times(matrix, vector));
            moved = 0;
            for (int j = 0; j < next.length; j++) {
                moved += (next[j] - vector[j]) * (next[j] - vector[j]);
                vector[j] = next[j];
            }
        }
        return Math.max(0, dot(vector, times(matrix, vector)));
    }

    private static void takeOut(double[][] matrix, double[] vector, double eigenvalue) {
        for (int i = 0; i < vector.length; i++) {
            for (int j = 0; j < vector.length; j++) {
                matrix[i][j] -= eigenvalue * vector[i] * vector[j];
            }
        }
    }

    private static double[] times(double[][] matrix, double[] vector) {
        double[] product = new double[matrix.length];
        for (int i = 0; i < product.length; i++) {
            product[i] = dot(matrix[i], vector);
        }
        return product;
    }

    /** X^T v. */
    private static double[] combined(double[][] x, double[] weights, int columns) {
        double[] sum = new double[columns];
        for (int i = 0; i < x.length; i++) {
            for (int j = 0; j < columns; j++) {
                sum[j] += weights[i] * x[i][j];
            }
        }
        return sum;
    }

    /** At length 1, with its largest number positive; zeros stay zeros. */
    private static double[] normalized(double[] vector) {
        double length = Math.sqrt(dot(vector, vector));
        double[] unit = vector.clone();
        if (length == 0) {
            return unit;
        }
        int largest = 0;
        for (int i = 1; i < unit.length; i++) {
            largest = Math.abs(unit[i]) > Math.abs(unit[largest]) ? i : largest;
        }
        double scale = unit[largest] < 0 ? -length : length;
        for (int i = 0; i < unit.length; i++) {
            unit[i] /= scale;
        }
        return unit;
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }
}
