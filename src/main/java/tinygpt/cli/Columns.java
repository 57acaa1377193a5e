package tinygpt.cli;

/**
 * How many columns of a terminal a text takes: two for a wide character of East Asian scripts and for an emoji, none for a
 * mark on the character before. Where terminals differ, the larger number is taken: a line cut early is better than one
 * that wraps.
 *
 * <p>Source: Unicode Standard Annex 11, "East Asian width", the blocks whose characters are wide or fullwidth.
 */
final class Columns {
    /** First and last code point of stretches of wide characters. */
    private static final int[] WIDE = {
        0x1100,
        0x115F, // Hangul initial consonants
        0x231A,
        0x231B,
        0x23E9,
        0x23F3,
        0x25FD,
        0x25FE,
        0x2614,
        0x2615,
        0x2648,
        0x2653,
        0x26A1,
        0x26A1,
        0x26BD,
        0x26BE,
        0x26C4,
        0x26C5,
        0x26CE,
        0x26CE,
        0x26EA,
        0x26EA,
        0x26F2,
        0x26F5,
        0x26FD,
        0x26FD,
        0x2705,
        0x2705,
        0x270A,
        0x270B,
        0x2728,
        0x2728,
        0x274C,
        0x274E,
        0x2753,
        0x2757,
        0x2795,
        0x2797,
        0x27B0,
        0x27BF,
        0x2B1B,
        0x2B1C,
        0x2B50,
        0x2B55,
        0x2E80,
        0x303E, // radicals and their punctuation
        0x3041,
        0x4DBF, // kana and the first ideographs
        0x4E00,
        0xA4CF, // ideographs and Yi
        0xA960,
        0xA97F,
        0xAC00,
        0xD7A3, // Hangul syllables
        0xF900,
        0xFAFF,
        0xFE10,
        0xFE19,
        0xFE30,
        0xFE6F,
        0xFF00,
        0xFF60, // fullwidth forms
        0xFFE0,
        0xFFE6,
        0x16FE0,
        0x18DFF, // Tangut and others
        0x1AFF0,
        0x1B2FF, // more kana
        0x1F000,
        0x1FAFF, // emoji and tiles
        0x20000,
        0x3FFFD // further ideographs
    };

    private Columns() {}

    /** Columns of a text without line breaks. */
    static int of(String text) {
        return text.codePoints().map(Columns::of).sum();
    }

    /** The longest beginning of a text that takes at most so many columns. */
    static String first(String text, int columns) {
        int taken = 0;
        int end = 0;
        while (end < text.length()) {
            int codePoint = text.codePointAt(end);
            taken += of(codePoint);
            if (taken > columns) {
                break;
            }
            end += Character.charCount(codePoint);
        }
        return text.substring(0, end);
    }

    private static int of(int codePoint) {
        int type = Character.getType(codePoint);
        if (type == Character.NON_SPACING_MARK || type == Character.ENCLOSING_MARK) {
            return 0;
        }
        for (int i = 0; i < WIDE.length && codePoint >= WIDE[i]; i += 2) {
            if (codePoint <= WIDE[i + 1]) {
                return 2;
            }
        }
        return 1;
    }
}
