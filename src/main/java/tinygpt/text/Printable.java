package tinygpt.text;

import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Characters, bytes and foreign values as one printable line. */
final class Printable {
    private static final int LONGEST_QUOTE = 40;

    private Printable() {}

    /** {@code 'e'}, {@code '\n'}, or {@code U+0301} for what would not show, or not alone. */
    static String codePoint(int codePoint) {
        return switch (codePoint) {
            case '\n' -> "'\\n'";
            case '\r' -> "'\\r'";
            case '\t' -> "'\\t'";
            case '\'' -> "'\\''";
            case '\\' -> "'\\\\'";
            default -> isVisible(codePoint) ? "'" + Character.toString(codePoint) + "'" : number(codePoint);
        };
    }

    /** {@code 'é' (U+00E9)}, or the number alone. */
    static String codePointAndNumber(int codePoint) {
        String shown = codePoint(codePoint);
        return shown.startsWith("'") ? shown + " (" + number(codePoint) + ")" : shown;
    }

    /** {@code 'e'}, {@code '\n'}, or {@code 0xE2} for a byte that is no printable ASCII character. */
    static String octet(int value) {
        boolean control = value < ' ' && value != '\n' && value != '\r' && value != '\t';
        return control || value >= 0x7F ? String.format(Locale.ROOT, "0x%02X", value) : codePoint(value);
    }

    /** {@code ' the'}, {@code '\n\n'}, or {@code 0xE2 0x80} for bytes that are not whole characters. */
    static String text(byte[] utf8) {
        if (utf8.length == 1) {
            return octet(utf8[0] & 0xFF);
        }
        StringBuilder shown = new StringBuilder("'");
        for (int at = 0; at < utf8.length; ) {
            int codePoint = Utf8.codePoint(utf8, at, utf8.length);
            if (codePoint < 0) {
                return octets(utf8);
            }
            String one = codePoint(codePoint);
            shown.append(one.startsWith("'") ? one.substring(1, one.length() - 1) : "<" + one + ">");
            at += Utf8.length(codePoint);
        }
        return shown.append('\'').toString();
    }

    private static String octets(byte[] bytes) {
        StringBuilder shown = new StringBuilder();
        for (byte value : bytes) {
            shown.append(shown.isEmpty() ? "" : " ").append(String.format(Locale.ROOT, "0x%02X", value));
        }
        return shown.toString();
    }

    /** A special token without quotes; what would not show is a number. */
    static String special(String token) {
        StringBuilder shown = new StringBuilder();
        token.codePoints().forEach(c -> shown.append(isVisible(c) ? Character.toString(c) : "<" + number(c) + ">"));
        return shown.toString();
    }

    /** A foreign value for a message: short, on one line, strings in double quotes. */
    static String quote(Object value) {
        if (value == null
                || value instanceof Integer
                || value instanceof Long
                || value instanceof Double
                || value instanceof Boolean) {
            return String.valueOf(value);
        }
        if (!(value instanceof String text)) {
            // Its content may be of any size, and says nothing here.
            return value instanceof List ? "a list" : value instanceof Map ? "a map" : "a value of another type";
        }
        StringBuilder shown = new StringBuilder("\"");
        int length = Math.min(text.length(), LONGEST_QUOTE);
        for (int i = 0; i < length; ) {
            int codePoint = Character.codePointAt(text, i);
            shown.append(isVisible(codePoint) ? Character.toString(codePoint) : "<" + number(codePoint) + ">");
            i += Character.charCount(codePoint);
        }
        return shown.append(length < text.length() ? "...\"" : "\"").toString();
    }

    private static String number(int codePoint) {
        return String.format(Locale.ROOT, "U+%04X", codePoint);
    }

    private static boolean isVisible(int codePoint) {
        return switch (Character.getType(codePoint)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.NON_SPACING_MARK,
                    Character.COMBINING_SPACING_MARK,
                    Character.ENCLOSING_MARK -> false;
            case Character.SPACE_SEPARATOR -> codePoint == ' ';
            default -> true;
        };
    }
}
