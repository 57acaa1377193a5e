package tinygpt.reference;

/**
 * The error function to about 1e-15, from two expansions that only add positive terms: a series near 0 and a continued
 * fraction in the tails (Abramowitz and Stegun, "Handbook of mathematical functions", 7.1.6 and 7.1.14).
 */
public final class Erf {
    /** Beyond this the continued fraction is accurate at the depth below. */
    private static final double TAIL = 3;

    private static final int DEPTH = 100;

    private Erf() {}

    /** 2/sqrt(pi) times the integral of exp(-t^2) from 0 to x. */
    public static double erf(double x) {
        double magnitude = Math.abs(x);
        return Math.copySign(magnitude < TAIL ? series(magnitude) : 1 - tail(magnitude), x);
    }

    /** 2/sqrt(pi) exp(-x^2) sum over n of 2^n x^(2n+1) / (1 3 5 ... (2n+1)). */
    private static double series(double x) {
        double term = x;
        double sum = x;
        for (int n = 1; term > 1e-18 * sum; n++) {
            term *= 2 * x * x / (2 * n + 1);
            sum += term;
        }
        return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
    }

    /** 1 - erf(x) = exp(-x^2) / sqrt(pi) / (x + (1/2)/(x + (2/2)/(x + (3/2)/(x + ...)))). */
    private static double tail(double x) {
        double fraction = x;
        for (int n = DEPTH; n >= 1; n--) {
            fraction = x + n / 2.0 / fraction;
        }
        return Math.exp(-x * x) / Math.sqrt(Math.PI) / fraction;
    }
}
