package tinygpt.cli;

import java.nio.charset.Charset;
import java.nio.charset.CharsetEncoder;
import java.nio.charset.StandardCharsets;

/**
 * Keeps the program's own signs readable on a terminal that has no such characters: {@code 4·C²} becomes {@code 4*C^2}
 * under {@code LC_ALL=C}. Each sign is kept if the charset has it. Apply it before a table is laid out, since a
 * replacement may be longer than the sign.
 */
final class Glyphs {
    private final CharsetEncoder encoder;

    private Glyphs(Charset charset) {
        this.encoder = charset.newEncoder();
    }

    /** The signs of a charset. */
    static Glyphs of(Charset charset) {
        return new Glyphs(charset);
    }

    /** The same text for machine-readable output, which must not depend on the terminal. */
    static String ascii(String text) {
        return of(StandardCharsets.US_ASCII).text(text);
    }

    /** Name of the charset. */
    String charset() {
        return encoder.charset().name();
    }

    /** Whether every character of the text can be shown. */
    boolean canShow(String text) {
        return encoder.canEncode(text);
    }

    /** The text with every sign that cannot be shown replaced by plain characters. */
    String text(String text) {
        if (encoder.canEncode(text)) {
            return text;
        }
        StringBuilder out = new StringBuilder(text.length() + 8);
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean spaced = i > 0 && i + 1 < text.length() && text.charAt(i - 1) == ' ' && text.charAt(i + 1) == ' ';
            out.append(encoder.canEncode(c) ? String.valueOf(c) : plain(c, spaced));
        }
        return out.toString();
    }

    private static String plain(char c, boolean spaced) {
        return switch (c) {
            case '·' -> spaced ? "|" : "*"; // a separator between words, a product between letters
            case '×' -> "x";
            case '²' -> "^2";
            case '√' -> "sqrt";
            case 'Δ' -> "d";
            case '±' -> "+-";
            case '…' -> "...";
            case '→' -> "->";
            case '–', '—' -> "-";
            default -> String.valueOf(c);
        };
    }
}
