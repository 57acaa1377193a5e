package tinygpt.text;

/**
 * Cuts a text into the words within which bytes are merged, exactly as GPT-2's pattern does:
 * {@code 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+}
 * (Radford et al. 2019, {@code encoder.py}).
 *
 * <p>It is written out by hand, over UTF-8: several times as fast as a regular expression over characters, and defined for
 * bytes that are no characters, which count as neither letter, number nor white space. Every byte is in one word.
 */
final class PreTokenizer {
    private PreTokenizer() {}

    /**
     * Where the word that begins at a place ends.
     *
     * @param from first byte of the word, below end
     * @param end behind the last byte of the text
     */
    static int next(byte[] utf8, int from, int end) {
        int first = utf8[from];
        if (first == '\'') {
            int length = contraction(utf8, from + 1, end);
            if (length > 0) {
                return from + 1 + length;
            }
        }
        int start = from;
        byte kind = classAt(utf8, from, end);
        if (first == ' ' && from + 1 < end) {
            byte behind = classAt(utf8, from + 1, end);
            if (behind != UnicodeClasses.SPACE) {
                kind = behind;
                start = from + 1;
            }
        }
        return kind == UnicodeClasses.SPACE ? space(utf8, from, end) : run(utf8, start, end, kind);
    }

    /** White space up to its end, or, where more text follows, without its last character, which the next word takes. */
    private static int space(byte[] utf8, int from, int end) {
        int last = from;
        int at = from;
        while (at < end && classAt(utf8, at, end) == UnicodeClasses.SPACE) {
            last = at;
            at += length(utf8, at, end);
        }
        return at < end && last > from ? last : at;
    }

    private static int run(byte[] utf8, int from, int end, byte kind) {
        int at = from;
        while (at < end && classAt(utf8, at, end) == kind) {
            at += length(utf8, at, end);
        }
        return at;
    }

    /** Length of what follows the apostrophe in 's 't 're 've 'm 'll 'd, or 0. */
    private static int contraction(byte[] utf8, int at, int end) {
        if (at >= end) {
            return 0;
        }
        byte second = at + 1 < end ? utf8[at + 1] : 0;
        return switch (utf8[at]) {
            case 's', 't', 'm', 'd' -> 1;
            case 'r', 'v' -> second == 'e' ? 2 : 0;
            case 'l' -> second == 'l' ? 2 : 0;
            default -> 0;
        };
    }

    private static byte classAt(byte[] utf8, int at, int end) {
        return UnicodeClasses.of(utf8[at] >= 0 ? utf8[at] : Utf8.codePoint(utf8, at, end));
    }

    private static int length(byte[] utf8, int at, int end) {
        return utf8[at] >= 0 ? 1 : Utf8.length(Utf8.codePoint(utf8, at, end));
    }
}
