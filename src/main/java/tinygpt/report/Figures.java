package tinygpt.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Locale;

/** How numbers are written in the tables of the page; a value that is missing is n/a. */
public final class Figures {
    private static final String NONE = "n/a";

    private Figures() {}

    /** Exact, with separators. */
    static String count(JsonNode n) {
        return n.isNumber() ? count(n.longValue()) : NONE;
    }

    /** The same. */
    public static String count(long n) {
        return String.format(Locale.ROOT, "%,d", n);
    }

    /** Four decimals; an evaluation that was no number is null in the state. */
    static String loss(JsonNode value) {
        return value.isNumber() ? loss(value.doubleValue()) : value.isNull() ? "NaN" : NONE;
    }

    /** The same. */
    public static String loss(double value) {
        return Double.isFinite(value)
                ? String.format(Locale.ROOT, "%.4f", value)
                : Double.isNaN(value) ? "NaN" : "infinite";
    }

    /** A share with two decimals. */
    static String percent(JsonNode share) {
        return share.isNumber() ? String.format(Locale.ROOT, "%.2f%%", 100 * share.doubleValue()) : NONE;
    }

    /** Three decimals. */
    static String ratio(JsonNode value) {
        return value.isNumber() ? String.format(Locale.ROOT, "%.3f", value.doubleValue()) : NONE;
    }

    /** |B - A| / |A| of a comparison, two significant digits; a tensor that was 0 has none, whatever it is now. */
    static String relative(JsonNode numbers) {
        return unchanged(numbers) ? "0" : scientific(numbers.path("relative_change"));
    }

    /** The cosine of a comparison, four decimals. */
    static String cosine(JsonNode numbers) {
        JsonNode cosine = numbers.path("cosine");
        return unchanged(numbers) ? "1" : cosine.isNumber() ? loss(cosine.doubleValue()) : NONE;
    }

    /** The largest change of a comparison. */
    static String largest(JsonNode numbers) {
        return unchanged(numbers) ? "0" : scientific(numbers.path("largest_change"));
    }

    /** The share of numbers that a comparison found changed, one decimal. */
    static String changedShare(JsonNode numbers) {
        long of = numbers.path("compared").longValue();
        return of == 0
                ? NONE
                : String.format(
                        Locale.ROOT, "%.1f%%", 100 * numbers.path("changed").doubleValue() / of);
    }

    private static boolean unchanged(JsonNode numbers) {
        return numbers.path("changed").longValue() == 0;
    }

    private static String scientific(JsonNode value) {
        return value.isNumber() ? String.format(Locale.ROOT, "%.1e", value.doubleValue()) : NONE;
    }

    /** Minutes and seconds, or hours and minutes. */
    public static String duration(double seconds) {
        long whole = Math.round(seconds);
        return whole < 3600
                ? String.format(Locale.ROOT, "%d:%02d", whole / 60, whole % 60)
                : String.format(Locale.ROOT, "%d h %02d m", whole / 3600, whole % 3600 / 60);
    }

    /** The first digits of a fingerprint. */
    static String shortHash(JsonNode sha256) {
        return sha256.isTextual()
                ? sha256.textValue()
                        .substring(0, Math.min(12, sha256.textValue().length()))
                : NONE;
    }
}
