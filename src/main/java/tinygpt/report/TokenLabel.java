package tinygpt.report;

import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.Locale;
import tinygpt.text.Tokenizer;

/**
 * A token as a picture shows it.
 *
 * @param text short and visible but for the blank: {@code e}, {@code \n}, {@code U+200B}
 * @param group what sort of character it is
 */
record TokenLabel(String text, Group group) {
    /** Sorts of tokens that are drawn apart. */
    enum Group {
        VOWEL,
        CONSONANT,
        CAPITAL,
        DIGIT,
        SPACE,
        PUNCTUATION,
        /** A token that begins a word behind a space, as byte-level BPE has them. */
        SPACE_AND_LETTERS,
        /** Several letters. */
        LETTERS,
        OTHER;

        /** The word in files. */
        String label() {
            return name().toLowerCase(Locale.ROOT).replace('_', ' ');
        }
    }

    static TokenLabel of(Tokenizer tokenizer, int id) {
        String text = new String(tokenizer.bytes(id), StandardCharsets.UTF_8);
        Group group = id == tokenizer.endOfText() ? Group.OTHER : group(text);
        return new TokenLabel(withoutQuotes(tokenizer.show(id)), group);
    }

    private static Group group(String text) {
        int characters = text.codePointCount(0, text.length());
        if (characters == 1) {
            return group(text.codePointAt(0));
        }
        String word = text.startsWith(" ") ? text.substring(1) : text;
        if (characters == 0 || !word.codePoints().allMatch(Character::isLetter)) {
            return Group.OTHER;
        }
        return word.length() < text.length() ? Group.SPACE_AND_LETTERS : Group.LETTERS;
    }

    /** {@code 'e'} without its quotes, a quote or backslash between them without the backslash in front. */
    private static String withoutQuotes(String shown) {
        if (shown.length() < 3 || !shown.startsWith("'") || !shown.endsWith("'")) {
            return shown;
        }
        String inner = shown.substring(1, shown.length() - 1);
        return inner.equals("\\'") || inner.equals("\\\\") ? inner.substring(1) : inner;
    }

    private static Group group(int codePoint) {
        return switch (Character.getType(codePoint)) {
            case Character.UPPERCASE_LETTER, Character.TITLECASE_LETTER -> Group.CAPITAL;
            case Character.LOWERCASE_LETTER -> lowerCase(codePoint);
            case Character.DECIMAL_DIGIT_NUMBER -> Group.DIGIT;
            case Character.SPACE_SEPARATOR, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR -> Group.SPACE;
            case Character.CONTROL -> Character.isWhitespace(codePoint) ? Group.SPACE : Group.OTHER;
            case Character.CONNECTOR_PUNCTUATION,
                    Character.DASH_PUNCTUATION,
                    Character.START_PUNCTUATION,
                    Character.END_PUNCTUATION,
                    Character.INITIAL_QUOTE_PUNCTUATION,
                    Character.FINAL_QUOTE_PUNCTUATION,
                    Character.OTHER_PUNCTUATION -> Group.PUNCTUATION;
            default -> Group.OTHER;
        };
    }

    /** Latin letters by their base letter, so that é is a vowel; y counts as a consonant. */
    private static Group lowerCase(int codePoint) {
        if (Character.UnicodeScript.of(codePoint) != Character.UnicodeScript.LATIN) {
            return Group.OTHER;
        }
        String parts = Normalizer.normalize(Character.toString(codePoint), Normalizer.Form.NFD);
        return "aeiouæœø".indexOf(parts.codePointAt(0)) >= 0 ? Group.VOWEL : Group.CONSONANT;
    }
}
