package tinygpt.cli;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;

/**
 * How numbers are printed, the same in every command and every locale. A value that does not exist is {@code n/a} and
 * one that is not a number says so; neither is ever printed as 0.
 *
 * <p>Written without {@code String.format}, whose grouping loads the locale data of the JDK: a tenth of a second that a
 * short command would notice.
 */
final class Show {
    /** What is printed where there is no value. */
    static final String NONE = "n/a";

    private static final String[] COUNT_UNITS = {"", "K", "M", "B", "T"};
    private static final String[] BYTE_UNITS = {"B", "kB", "MB", "GB", "TB", "PB"};
    private static final String[] BINARY_UNITS = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};

    private Show() {}

    /** Exact, with separators: {@code 124,439,808}. */
    static String count(long n) {
        String digits = Long.toString(n);
        int first = n < 0 ? 1 : 0;
        StringBuilder out = new StringBuilder(digits);
        for (int at = digits.length() - 3; at > first; at -= 3) {
            out.insert(at, ',');
        }
        return out.toString();
    }

    /** {@code 1 token}, {@code 1,200 tokens}. */
    static String counted(long n, String what) {
        return count(n) + " " + what + (n == 1 ? "" : "s");
    }

    /** One decimal and a unit of 10^3, 10^6, 10^9 or 10^12: {@code 124.4M}; exact below 1,000. */
    static String shortCount(long n) {
        if (Math.abs(n) < 1000) {
            return Long.toString(n);
        }
        return scaled(BigDecimal.valueOf(n), 1000, COUNT_UNITS, 1, 1);
    }

    /** Decimal units, MB = 10^6 bytes: {@code 3.24 MB}, {@code 497.8 MB}. */
    static String bytes(long n) {
        return inUnits(n, 1000, BYTE_UNITS);
    }

    /** Binary units, MiB = 2^20 bytes: {@code 474.7 MiB}. */
    static String binaryBytes(long n) {
        return inUnits(n, 1024, BINARY_UNITS);
    }

    /** Four decimals. */
    static String loss(double loss) {
        return decimals(loss, 4);
    }

    /** Two decimals. */
    static String perplexity(double perplexity) {
        return decimals(perplexity, 2);
    }

    /** A chance as a percentage with one decimal: {@code 12.3%}. */
    static String probability(double probability) {
        return percent(probability, 1);
    }

    /** A part of a whole with two decimals: {@code 24.28%}; n/a of nothing. */
    static String share(long part, long whole) {
        return whole == 0 ? NONE : percent((double) part / whole, 2);
    }

    /** Two significant digits in scientific form: {@code 1.1e-03}; for update ratios and learning rates. */
    static String ratio(double value) {
        if (!Double.isFinite(value)) {
            return notFinite(value);
        }
        BigDecimal rounded = new BigDecimal(value).round(new MathContext(2, RoundingMode.HALF_UP));
        int exponent = value == 0 ? 0 : rounded.precision() - rounded.scale() - 1;
        String mantissa = rounded.scaleByPowerOfTen(-exponent)
                .setScale(1, RoundingMode.HALF_UP)
                .toPlainString();
        String digits = Integer.toString(Math.abs(exponent));
        return mantissa + "e" + (exponent < 0 ? "-" : "+") + (digits.length() < 2 ? "0" : "") + digits;
    }

    /** A weight, or a norm of weights: four decimals, two from 10 on, scientific where that says too little; 0 is 0. */
    static String value(double value) {
        double size = Math.abs(value);
        if (!Double.isFinite(value)) {
            return notFinite(value);
        }
        if (size == 0) {
            return "0";
        }
        return size < 0.001 || size >= 1e6 ? ratio(value) : decimals(value, size < 10 ? 4 : 2);
    }

    /** Minutes and seconds below an hour, {@code 1:11}, else hours and minutes, {@code 2 h 03 m}; rounded to the nearest. */
    static String duration(double seconds) {
        if (!Double.isFinite(seconds) || seconds < 0) {
            return Double.isNaN(seconds) ? "NaN" : NONE;
        }
        long whole = Math.round(seconds);
        if (whole < 3600) {
            return whole / 60 + ":" + twoDigits(whole % 60);
        }
        long minutes = Math.round(seconds / 60);
        return minutes / 60 + " h " + twoDigits(minutes % 60) + " m";
    }

    /** A number with so many decimals, halves rounded away from zero. */
    static String decimals(double value, int places) {
        if (!Double.isFinite(value)) {
            return notFinite(value);
        }
        return new BigDecimal(value).setScale(places, RoundingMode.HALF_UP).toPlainString();
    }

    private static String percent(double fraction, int places) {
        return Double.isFinite(fraction) ? decimals(100 * fraction, places) + "%" : notFinite(fraction);
    }

    private static String notFinite(double value) {
        return Double.isNaN(value) ? "NaN" : value > 0 ? "infinite" : "-infinite";
    }

    private static String inUnits(long n, int step, String[] units) {
        return Math.abs(n) < step ? n + " B" : scaled(BigDecimal.valueOf(n), step, units, 2, 1);
    }

    /** The unit is chosen after rounding, so that 999,950 is 1.0M and not 1000.0K. */
    private static String scaled(BigDecimal value, int step, String[] units, int decimals, int decimalsFrom100) {
        BigDecimal divisor = BigDecimal.ONE;
        BigDecimal rounded = value;
        for (int unit = 0; unit < units.length; unit++) {
            BigDecimal inUnit = value.divide(divisor, MathContext.DECIMAL64);
            rounded = inUnit.setScale(decimals, RoundingMode.HALF_UP);
            if (rounded.abs().compareTo(BigDecimal.valueOf(100)) >= 0) {
                rounded = inUnit.setScale(decimalsFrom100, RoundingMode.HALF_UP);
            }
            if (unit == units.length - 1 || rounded.abs().compareTo(BigDecimal.valueOf(step)) < 0) {
                return rounded.toPlainString() + (units[0].isEmpty() ? "" : " ") + units[unit];
            }
            divisor = divisor.multiply(BigDecimal.valueOf(step));
        }
        throw new IllegalStateException("no unit for " + value);
    }

    private static String twoDigits(long n) {
        return n < 10 ? "0" + n : Long.toString(n);
    }
}
