package tinygpt.search;

/**
 * A loss as a power law of size: L(N) = a N^-b + c. Kaplan et al., "Scaling laws for neural language models" (2020), with
 * c = 0; Henighan et al. (2020) with the loss c that no size removes.
 *
 * @param a factor
 * @param b exponent: how steeply the loss falls
 * @param c what the loss falls towards
 * @param rSquared share of the variance of ln L that it explains
 */
public record PowerLaw(double a, double b, double c, double rSquared) {
    /** With fewer sizes three numbers explain anything. */
    public static final int FEWEST_FOR_FLOOR = 5;

    private static final int GRID = 400;
    private static final int REFINEMENTS = 6;

    /** The loss it gives for a size. */
    public double at(double n) {
        return a * Math.pow(n, -b) + c;
    }

    /**
     * The line through (ln N, ln L) with the least squares.
     *
     * @throws IllegalArgumentException if there are fewer than two different sizes, or a number is not positive
     */
    public static PowerLaw fit(double[] sizes, double[] losses) {
        return fit(sizes, losses, 0);
    }

    /** The same with the c between 0 and the lowest loss whose curve has the least squares in ln L. */
    public static PowerLaw fitWithFloor(double[] sizes, double[] losses) {
        double lowest = losses[0];
        for (double loss : losses) {
            lowest = Math.min(lowest, loss);
        }
        double from = 0;
        double to = lowest * (1 - 1e-6);
        PowerLaw best = fit(sizes, losses, 0);
        for (int round = 0; round < REFINEMENTS; round++) {
            double step = (to - from) / GRID;
            for (int i = 0; i <= GRID; i++) {
                PowerLaw one = fit(sizes, losses, from + i * step);
                best = one.rSquared > best.rSquared ? one : best;
            }
            from = Math.max(0, best.c - step);
            to = Math.min(lowest * (1 - 1e-6), best.c + step);
        }
        return best;
    }

    private static PowerLaw fit(double[] sizes, double[] losses, double c) {
        int n = sizes.length;
        double meanX = 0;
        double meanY = 0;
        for (int i = 0; i < n; i++) {
            meanX += Math.log(sizes[i]) / n;
            meanY += Math.log(losses[i] - c) / n;
        }
        double xx = 0;
        double xy = 0;
        for (int i = 0; i < n; i++) {
            double dx = Math.log(sizes[i]) - meanX;
            xx += dx * dx;
            xy += dx * (Math.log(losses[i] - c) - meanY);
        }
        if (!(xx > 0) || !Double.isFinite(xy)) {
            throw new IllegalArgumentException(
                    "a power law needs two different sizes at least, and sizes and losses above 0");
        }
        double b = -xy / xx;
        PowerLaw law = new PowerLaw(Math.exp(meanY + b * meanX), b, c, Double.NaN);
        return new PowerLaw(law.a, b, c, law.explained(sizes, losses));
    }

    private double explained(double[] sizes, double[] losses) {
        double mean = 0;
        for (double loss : losses) {
            mean += Math.log(loss) / losses.length;
        }
        double total = 0;
        double rest = 0;
        for (int i = 0; i < losses.length; i++) {
            double y = Math.log(losses[i]);
            double error = y - Math.log(at(sizes[i]));
            total += (y - mean) * (y - mean);
            rest += error * error;
        }
        return total > 0 ? 1 - rest / total : 1;
    }
}
