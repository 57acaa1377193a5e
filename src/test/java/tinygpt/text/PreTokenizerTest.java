package tinygpt.text;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import org.junit.jupiter.api.Test;
import tinygpt.random.CounterRandom;
import tinygpt.random.Stream;

class PreTokenizerTest {
    /** Whatever GPT-2's pattern speaks of, and its neighbours. */
    private static final String[] PIECES = {
        "'",
        "s",
        "t",
        "re",
        "r",
        "ve",
        "v",
        "m",
        "ll",
        "l",
        "d",
        "S",
        "e",
        " ",
        " ",
        "  ",
        "\n",
        "\t",
        "\r",
        "\u00A0",
        "\u2003",
        "\u0085",
        "\u180E",
        "\u200B",
        "\u3000",
        "\u001C",
        "7",
        "\u0664",
        "\u00BD",
        "\u2167",
        "\u4E8C",
        "a",
        "\u00E9",
        "\u0301",
        "\u4E2D",
        "\u0928\u0940",
        "_",
        "-",
        "!",
        "\u2019",
        "\u00AA",
        "\u20AC",
        Character.toString(0x1F600),
        Character.toString(0x1F468) + "\u200D" + Character.toString(0x1F469),
        Character.toString(0x1D7CE),
        Character.toString(0x10400),
        Character.toString(0xE0100),
        "\uFEFF",
        "\u0000"
    };

    @Test
    void words_areThoseOfTheRegularExpression() {
        for (int text = 0; text < 4000; text++) {
            StringBuilder mixed = new StringBuilder();
            for (int i = 0; i < 12; i++) {
                mixed.append(PIECES[(int) CounterRandom.below(PIECES.length, 3, Stream.BATCH, text, i)]);
            }
            assertEquals(byPattern(mixed.toString()), words(mixed.toString()), mixed.toString());
        }
    }

    @Test
    void tales_areCutAsByTheRegularExpression() throws Exception {
        String tales = Files.readString(Path.of(System.getProperty("tinygpt.home", "."), "data", "tales.txt"));
        assertEquals(byPattern(tales), words(tales));
    }

    @Test
    void whiteSpace_leavesItsLastCharacterToTheNextWord() {
        assertEquals(List.of("  ", " a", "\n", "\n", "b", " \n "), words("   a\n\nb \n "));
        assertEquals(List.of("it", "'s", " '", "s", " we", "'ll", "'", "S"), words("it's 's we'll'S"));
    }

    @Test
    void classes_areTheJdksWhereItKnowsTheCharacter() {
        int unknown = 0;
        for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
            byte expected = switch (Character.getType(c)) {
                case Character.UPPERCASE_LETTER,
                        Character.LOWERCASE_LETTER,
                        Character.TITLECASE_LETTER,
                        Character.MODIFIER_LETTER,
                        Character.OTHER_LETTER -> UnicodeClasses.LETTER;
                case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER ->
                    UnicodeClasses.NUMBER;
                case Character.SPACE_SEPARATOR, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR ->
                    UnicodeClasses.SPACE;
                default -> c >= '\t' && c <= '\r' || c == 0x85 ? UnicodeClasses.SPACE : UnicodeClasses.OTHER;
            };
            if (Character.getType(c) == Character.UNASSIGNED) {
                unknown += UnicodeClasses.of(c) == UnicodeClasses.OTHER ? 0 : 1;
            } else {
                // A JDK that is newer than Unicode 16.0 knows letters that this table must not have.
                boolean newer = Character.UnicodeScript.of(c) != null
                        && UnicodeClasses.of(c) == UnicodeClasses.OTHER
                        && Runtime.version().feature() > 25;
                assertEquals(newer ? UnicodeClasses.OTHER : expected, UnicodeClasses.of(c), Integer.toHexString(c));
            }
        }
        // What came between Unicode 13.0, which JDK 17 has, and 16.0; nothing for a newer JDK.
        assertEquals(Runtime.version().feature() == 17 ? 9917 : unknown, unknown);
        assertEquals(UnicodeClasses.LETTER, UnicodeClasses.of(0x31350)); // Unicode 15.0
        assertEquals(UnicodeClasses.NUMBER, UnicodeClasses.of(0x10D40)); // Unicode 16.0
        assertEquals(UnicodeClasses.OTHER, UnicodeClasses.of(0x180E)); // a space before Unicode 6.3
    }

    @Test
    void bytesThatAreNoText_areOther() {
        byte[] bytes = {'a', (byte) 0xC3, (byte) 0xED, (byte) 0xA0, (byte) 0x80, (byte) 0xF5, '!', ' ', (byte) 0xC0, 'b'
        };
        List<Integer> ends = new ArrayList<>();
        for (int at = 0; at < bytes.length; ) {
            at = PreTokenizer.next(bytes, at, bytes.length);
            ends.add(at);
        }
        assertEquals(List.of(1, 7, 9, 10), ends);
    }

    private static List<String> words(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        List<String> words = new ArrayList<>();
        for (int at = 0; at < utf8.length; ) {
            int end = PreTokenizer.next(utf8, at, utf8.length);
            words.add(new String(utf8, at, end - at, StandardCharsets.UTF_8));
            at = end;
        }
        return words;
    }

    private static List<String> byPattern(String text) {
        return ObviousTrainer.GPT2
                .matcher(text)
                .results()
                .map(MatchResult::group)
                .toList();
    }
}
