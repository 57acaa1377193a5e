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
