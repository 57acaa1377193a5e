package tinygpt.reference;

import tinygpt.hyperparameters.Activation;

/**
 * The layers of the reference model in double precision, each {@code forward} with its {@code backward} under it.
 *
 * <p>Everything is a flat row-major array. N rows (tokens, N = B T), I columns in, O columns out. A backward takes the
 * gradient dy of its output, <em>adds</em> to the gradients of its parameters and returns the gradient of its input. A
 * bias (and its gradient) may be null: there is none.
 */
final class ReferenceLayers {
    private ReferenceLayers() {}

    /** y[n, o] = b[o] + sum over i of x[n, i] w[i, o]; x (N, I), w (I, O), y (N, O). */
    static double[] linear(double[] x, double[] w, double[] b, int in, int out) {
        int rows = x.length / in;
        double[] y = new double[rows * out]; // (N, O)
        for (int n = 0; n < rows; n++) {
            for (int o = 0; b != null && o < out; o++) {
                y[n * out + o] = b[o];
            }
            for (int i = 0; i < in; i++) { // outside, so that w is read in the order in which it lies
                for (int o = 0; o < out; o++) {
                    y[n * out + o] += x[n * in + i] * w[i * out + o];
                }
            }
        }
        return y;
    }

    /** dw = xT dy, db = column sums of dy, dx = dy wT. */
    static double[] linearBackward(double[] dy, double[] x, double[] w, double[] dw, double[] db, int in, int out) {
        int rows = x.length / in;
        double[] dx = new double[rows * in]; // (N, I)
        for (int n = 0; n < rows; n++) {
            for (int o = 0; db != null && o < out; o++) {
                db[o] += dy[n * out + o];
            }
            for (int i = 0; i < in; i++) {
                for (int o = 0; o < out; o++) {
                    dw[i * out + o] += x[n * in + i] * dy[n * out + o];
                    dx[n * in + i] += w[i * out + o] * dy[n * out + o];
                }
            }
        }
        return dx;
    }

    /** The output head: logits[n, v] = x[n] . table[v]; x (N, C), table (V, C), logits (N, V). */
    static double[] head(double[] x, double[] table, int width, int vocabulary) {
        int rows = x.length / width;
        double[] logits = new double[rows * vocabulary]; // (N, V)
        for (int n = 0; n < rows; n++) {
            for (int v = 0; v < vocabulary; v++) {
                double sum = 0;
                for (int c = 0; c < width; c++) {
                    sum += x[n * width + c] * table[v * width + c];
                }
                logits[n * vocabulary + v] = sum;
            }
        }
        return logits;
    }

    /** dtable = dyT x, dx = dy table. */
    static double[] headBackward(double[] dy, double[] x, double[] table, double[] dTable, int width, int vocabulary) {
        int rows = x.length / width;
        double[] dx = new double[rows * width]; // (N, C)
        for (int n = 0; n < rows; n++) {
            for (int v = 0; v < vocabulary; v++) {
                double d = dy[n * vocabulary + v];
                for (int c = 0; c < width; c++) {
                    dTable[v * width + c] += d * x[n * width + c];
                    dx[n * width + c] += d * table[v * width + c];
                }
            }
        }
        return dx;
    }

    /**
     * LayerNorm (Ba, Kiros and Hinton, 2016, equation 4): each row is moved to mean 0 and variance 1, then
     * y = gain xhat + bias; x, y (N, C).
     */
    static double[] norm(double[] x, double[] gain, double[] bias, double epsilon) {
        int width = gain.length;
        double[] xhat = normalized(x, width, epsilon); // (N, C)
        double[] y = new double[x.length]; // (N, C)
        for (int i = 0; i < x.length; i++) {
            y[i] = gain[i % width] * xhat[i] + (bias == null ? 0 : bias[i % width]);
        }
        return y;
    }

    /**
     * With g = gain dy, for each row: dx = (g - mean(g) - xhat mean(g xhat)) / s, where s = sqrt(variance + epsilon). The
     * two means are what flows through the row's own mean and variance.
     */
    static double[] normBackward(
            double[] dy, double[] x, double[] gain, double[] dGain, double[] dBias, double epsilon) {
        int width = gain.length;
        double[] xhat = normalized(x, width, epsilon); // (N, C)
        double[] dx = new double[x.length]; // (N, C)
        for (int row = 0; row < x.length; row += width) {
            double meanG = 0;
            double meanGXhat = 0;
            for (int c = 0; c < width; c++) {
                double d = dy[row + c];
                dGain[c] += d * xhat[row + c];
                if (dBias != null) {
                    dBias[c] += d;
                }
                meanG += gain[c] * d / width;
                meanGXhat += gain[c] * d * xhat[row + c] / width;
            }
            double s = deviation(x, row, width, epsilon);
            for (int c = 0; c < width; c++) {
                dx[row + c] = (gain[c] * dy[row + c] - meanG - xhat[row + c] * meanGXhat) / s;
            }
        }
        return dx;
    }

    /** xhat = (x - mean) / sqrt(variance + epsilon), row by row; (N, C). */
    private static double[] normalized(double[] x, int width, double epsilon) {
        double[] xhat = new double[x.length];
        for (int row = 0; row < x.length; row += width) {
            double mean = mean(x, row, width);
            double s = deviation(x, row, width, epsilon);
            for (int c = 0; c < width; c++) {
                xhat[row + c] = (x[row + c] - mean) / s;
            }
        }
        return xhat;
    }

    private static double mean(double[] x, int row, int width) {
        double sum = 0;
        for (int c = 0; c < width; c++) {
            sum += x[row + c];
        }
        return sum / width;
    }

    /** sqrt(variance + epsilon) of one row; the variance is divided by C, not C - 1. */
    private static double deviation(double[] x, int row, int width, double epsilon) {
        double mean = mean(x, row, width);
        double sum = 0;
        for (int c = 0; c < width; c++) {
            sum += (x[row + c] - mean) * (x[row + c] - mean);
        }
        return Math.sqrt(sum / width + epsilon);
    }

    /** The nonlinearity (Hendrycks and Gimpel, "Gaussian error linear units", 2016), element by element. */
    static double[] gelu(double[] x, Activation activation) {
        double[] y = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            y[i] = gelu(x[i], activation);
        }
        return y;
    }

    static double[] geluBackward(double[] dy, double[] x, Activation activation) {
        double[] dx = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            dx[i] = dy[i] * geluSlope(x[i], activation);
        }
        return dx;
    }

    static double gelu(double x, Activation activation) {
        return switch (activation) {
            case GELU_TANH -> 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
            case GELU_ERF -> 0.5 * x * (1 + Erf.erf(x / Math.sqrt(2)));
        };
    }

    private static double geluSlope(double x, Activation activation) {
        return switch (activation) {
            case GELU_TANH -> {
                double tanh = Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x));
                double inner = Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x);
                yield 0.5 * (1 + tanh) + 0.5 * x * (1 - tanh * tanh) * inner;
            }
            // (x Phi(x))' = Phi(x) + x phi(x)
            case GELU_ERF -> 0.5 * (1 + Erf.erf(x / Math.sqrt(2))) + x * Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
        };
    }

    /** Two arrays of the same length, multiplied element by element: dropout, forward and backward. */
    static double[] times(double[] x, double[] mask) {
        double[] y = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            y[i] = x[i] * mask[i];
        }
        return y;
    }

    static double[] plus(double[] a, double[] b) {
        double[] sum = new double[a.length];
        for (int i = 0; i < a.length; i++) {
            sum[i] = a[i] + b[i];
        }
        return sum;
    }
}
