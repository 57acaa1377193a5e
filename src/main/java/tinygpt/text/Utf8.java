package tinygpt.text;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;

/** Strict UTF-8: nothing is replaced silently, and a message says where the trouble is. */
final class Utf8 {
    private Utf8() {}

    /**
     * The text of UTF-8 bytes.
     *
     * @throws IllegalArgumentException if they are not valid UTF-8; names the offset of the first bad byte, and its line
     */
    static String decode(byte[] utf8) {
        ByteBuffer in = ByteBuffer.wrap(utf8);
        CharBuffer out = CharBuffer.allocate(utf8.length); // never more UTF-16 units than bytes
        CoderResult result = StandardCharsets.UTF_8.newDecoder().decode(in, out, true);
        if (result.isError()) {
            int offset = in.position();
            throw new IllegalArgumentException("the text is not valid UTF-8: byte offset " + offset + " in line "
                    + line(utf8, offset) + " (value " + Printable.octet(utf8[offset] & 0xFF)
                    + ") starts no whole character, and the character tokenizer"
                    + " reads characters; convert the file to UTF-8, or use --tokenizer byte, which takes any bytes");
        }
        return out.flip().toString();
    }

    /** The number, from 1, of the line in which a byte lies. */
    private static int line(byte[] utf8, int offset) {
        int line = 1;
        for (int i = 0; i < offset; i++) {
            line += utf8[i] == '\n' ? 1 : 0;
        }
        return line;
    }

    /**
     * The UTF-8 bytes of a text.
     *
     * @throws IllegalArgumentException see {@link #requireWholeCharacters}
     */
    static byte[] encode(String text) {
        requireWholeCharacters(text);
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /**
     * Refuses half surrogate pairs, which Java strings may hold and UTF-8 cannot.
     *
     * @throws IllegalArgumentException if there is one; names its index
     */
    static void requireWholeCharacters(String text) {
        for (int i = 0; i < text.length(); i++) {
            char unit = text.charAt(i);
            if (!Character.isSurrogate(unit)) {
                continue;
            }
            boolean pair = Character.isHighSurrogate(unit)
                    && i + 1 < text.length()
                    && Character.isLowSurrogate(text.charAt(i + 1));
            if (!pair) {
                throw new IllegalArgumentException("the text has half a surrogate pair, "
                        + Printable.codePoint(unit) + ", at index " + i
                        + ": it is no character and has no UTF-8 form; remove it");
            }
            i++;
        }
    }

    /** Whether a byte goes on with a character that an earlier byte began. */
    static boolean isContinuation(byte value) {
        return (value & 0xC0) == 0x80;
    }

    /** The code point that begins at a byte, or -1 where none does: the byte is a part of one, or of nothing. */
    static int codePoint(byte[] utf8, int at, int end) {
        int first = utf8[at];
        if (first >= 0) {
            return first;
        }
        int length = first >= (byte) 0xF0 ? 4 : first >= (byte) 0xE0 ? 3 : 2;
        if (first < (byte) 0xC2 || first > (byte) 0xF4 || at + length > end) {
            return -1;
        }
        int codePoint = first & (0xFF >> (length + 1));
        for (int i = 1; i < length; i++) {
            if (!isContinuation(utf8[at + i])) {
                return -1;
            }
            codePoint = codePoint << 6 | utf8[at + i] & 0x3F;
        }
        boolean surrogate = codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE;
        return length(codePoint) != length || surrogate || codePoint > Character.MAX_CODE_POINT ? -1 : codePoint;
    }

    /** How many bytes a code point has; 1 for the -1 of {@link #codePoint}. */
    static int length(int codePoint) {
        return codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
    }
}
