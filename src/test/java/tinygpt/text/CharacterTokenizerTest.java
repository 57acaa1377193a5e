package tinygpt.text;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import tinygpt.hyperparameters.TokenizerKind;

class CharacterTokenizerTest {
    private static final String GRIN = Character.toString(0x1F600);

    @Test
    void vocabulary_isSortedByCodePoint_endOfTextLast() {
        // U+FFFD is before the emoji as a code point, but after its first surrogate as a UTF-16 unit.
        CharacterTokenizer tokenizer = CharacterTokenizer.of("b" + GRIN + "\uFFFDa\nb");
        assertEquals(6, tokenizer.vocabularySize());
        assertEquals(5, tokenizer.endOfText());
        assertArrayEquals(new int[] {0, 1, 2, 3, 4}, tokenizer.encode("\nab\uFFFD" + GRIN));
    }

    @Test
    void endOfTextLiteral_inTrainingText_addsNoLetters() {
        CharacterTokenizer tokenizer = CharacterTokenizer.of("ab<|endoftext|>");
        assertEquals(3, tokenizer.vocabularySize());
        assertThrows(UnknownCharacterException.class, () -> tokenizer.encode("<"));
    }

    @Test
    void endOfTextLiteral_becomesOneId() {
        CharacterTokenizer tokenizer = CharacterTokenizer.of("<ab|");
        assertArrayEquals(new int[] {1, 4, 4, 2}, tokenizer.encode("a<|endoftext|><|endoftext|>b"));
    }

    @Test
    void beginningOfLiteral_isPlainText() {
        CharacterTokenizer tokenizer = CharacterTokenizer.of("<|endoftext>");
        String text = "<<|endoftext|<|end";
        assertEquals(text.length(), tokenizer.encode(text).length);
        assertEquals(text, tokenizer.decode(tokenizer.encode(text)));
    }

    @Test
    void decode_ofEncode_isTheText() {
        String text = "a\u00E9\u4E2D" + GRIN + "<|endoftext|>\r\n\t ";
        CharacterTokenizer tokenizer = CharacterTokenizer.of(text);
        assertEquals(text, tokenizer.decode(tokenizer.encode(text)));
    }

    @Test
    void everyRareCodePoint_isFoundAboveTheTable() {
        StringBuilder text = new StringBuilder();
        for (int codePoint = 0xFFF0; codePoint < 0x10010; codePoint++) {
            text.appendCodePoint(codePoint);
        }
        CharacterTokenizer tokenizer = CharacterTokenizer.of(text.toString());
        int[] expected = new int[32];
        Arrays.setAll(expected, i -> i);
        assertArrayEquals(expected, tokenizer.encode(text.toString()));
        assertEquals(
                List.of(0xFFEF, 0x10010, 0x10FFFF),
                assertThrows(
                                UnknownCharacterException.class,
                                () -> tokenizer.encode(
                                        "\uFFEF" + Character.toString(0x10010) + Character.toString(0x10FFFF)))
                        .codePoints());
    }

    @Test
    void unknownCharacters_areNamedOnceEach_withTheRemedy() {
        CharacterTokenizer tokenizer = CharacterTokenizer.of("abc ");
        UnknownCharacterException thrown =
                assertThrows(UnknownCharacterException.class, () -> tokenizer.encode("x\u00E9\u200Bx a\u00E9" + GRIN));
        assertEquals(List.of((int) 'x', 0xE9, 0x200B, 0x1F600), thrown.codePoints());
        assertEquals(
                "the vocabulary lacks the characters 'x' (U+0078), '\u00E9' (U+00E9), U+200B, '" + GRIN + "' (U+1F600):"
                        + " it was fixed by the training text and cannot grow afterwards. Remove them from the text, or"
                        + " use --unknown skip to leave them out or --unknown replace to put a substitute in their place",
                thrown.getMessage());
    }

    @Test
    void manyUnknownCharacters_messageNames32AndCountsTheRest() {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 100; i++) {
            text.append((char) (0x4E00 + i));
        }
        UnknownCharacterException thrown = assertThrows(
                UnknownCharacterException.class,
                () -> CharacterTokenizer.of("a").encode(text.toString()));
        assertEquals(100, thrown.codePoints().size());
        assertEquals(33, thrown.getMessage().split("U\\+4E", -1).length);
        assertTrue(thrown.getMessage().contains("(U+4E1F) and 68 more:"));
    }

    @Test
    void skip_leavesUnknownOut() {
        CharacterTokenizer tokenizer = CharacterTokenizer.of("ab");
        assertArrayEquals(new int[] {0, 1, 2}, tokenizer.encode("xay" + GRIN + "b<|endoftext|>z", UnknownPolicy.SKIP));
    }

    @Test
    void replace_takesSpace_elseQuestionMark_elseIdZero() {
        assertArrayEquals(new int[] {1, 0}, CharacterTokenizer.of(" ?\na").encode("x\n", UnknownPolicy.REPLACE));
        assertArrayEquals(new int[] {1, 0}, CharacterTokenizer.of("\n?a").encode("x\n", UnknownPolicy.REPLACE));
        assertArrayEquals(new int[] {0, 1}, CharacterTokenizer.of("ab").encode(GRIN + "b", UnknownPolicy.REPLACE));
    }

    @Test
    void invalidUtf8_isRefused_namingTheByteOffset() {
        CharacterTokenizer tokenizer = CharacterTokenizer.of("a\u00E9");
        byte[] latin1 = {'a', (byte) 0xC3, (byte) 0xA9, (byte) 0xE9, 'a'};
        IllegalArgumentException thrown = assertThrows(IllegalArgumentException.class, () -> tokenizer.encode(latin1));
        assertEquals(
                "the text is not valid UTF-8: byte offset 3 in line 1 (value 0xE9) starts no whole character, and the"
                        + " character tokenizer reads characters; convert the file to UTF-8, or use --tokenizer byte, which takes"
                        + " any bytes",
                thrown.getMessage());
    }

    @Test
    void truncatedUtf8_isRefused_namingTheByteOffset() {
        CharacterTokenizer tokenizer = CharacterTokenizer.of("a");
        IllegalArgumentException thrown = assertThrows(
                IllegalArgumentException.class,
                () -> tokenizer.encode(new byte[] {'a', 'a', (byte) 0xE4, (byte) 0xB8}));
        assertTrue(thrown.getMessage().contains("byte offset 2 in line 1 (value 0xE4)"), thrown.getMessage());
    }

    @Test
    void emptyTrainingText_isRefused() {
        assertThrows(IllegalArgumentException.class, () -> CharacterTokenizer.of(""));
        assertThrows(IllegalArgumentException.class, () -> CharacterTokenizer.of("<|endoftext|>"));
    }

    @Test
    void halfSurrogate_isRefusedInTraining_unknownInPrompts() {
        assertThrows(IllegalArgumentException.class, () -> CharacterTokenizer.of("a\uD83D"));
        assertThrows(IllegalArgumentException.class, () -> CharacterTokenizer.of("a\uDE00b"));
        CharacterTokenizer tokenizer = CharacterTokenizer.of("a" + GRIN);
        assertEquals(
                List.of(0xD83D),
                assertThrows(UnknownCharacterException.class, () -> tokenizer.encode("a\uD83D"))
                        .codePoints());
    }

    @Test
    void emptyText_hasNoTokens() {
        assertArrayEquals(new int[0], CharacterTokenizer.of("a").encode(""));
    }

    @Test
    void show_isOnePrintableLine() {
        CharacterTokenizer tokenizer = CharacterTokenizer.of("e\n\t\r '\\\u00E9\u0301\u00A0\u0007");
        String[] expected = {
            "U+0007",
            "'\\t'",
            "'\\n'",
            "'\\r'",
            "' '",
            "'\\''",
            "'\\\\'",
            "'e'",
            "U+00A0",
            "'\u00E9'",
            "U+0301",
            "<|endoftext|>"
        };
        for (int id = 0; id < expected.length; id++) {
            assertEquals(expected[id], tokenizer.show(id));
        }
        assertEquals(expected.length, tokenizer.vocabularySize());
    }

    @Test
    void bytes_areTheUtf8OfTheToken() {
        CharacterTokenizer tokenizer = CharacterTokenizer.of("a" + GRIN);
        assertArrayEquals(new byte[] {'a'}, tokenizer.bytes(0));
        assertArrayEquals(GRIN.getBytes(UTF_8), tokenizer.bytes(1));
        assertArrayEquals("<|endoftext|>".getBytes(UTF_8), tokenizer.bytes(2));
    }

    @Test
    void idOutsideVocabulary_isRefused() {
        CharacterTokenizer tokenizer = CharacterTokenizer.of("ab");
        assertThrows(IllegalArgumentException.class, () -> tokenizer.decode(0, 3));
        assertThrows(IllegalArgumentException.class, () -> tokenizer.bytes(-1));
        assertEquals(
                "token id 3 is not in the vocabulary, whose ids run from 0 to 2; these ids come from another tokenizer",
                assertThrows(IllegalArgumentException.class, () -> tokenizer.show(3))
                        .getMessage());
    }

    @Test
    void kindOfTokenizer_followsTheHyperparameter() {
        byte[] text = "ab\u00E9".getBytes(UTF_8);
        assertEquals(4, Tokenizer.of(TokenizerKind.CHARACTER, text).vocabularySize());
        assertEquals(257, Tokenizer.of(TokenizerKind.BYTE, text).vocabularySize());
        assertThrows(
                IllegalArgumentException.class, () -> Tokenizer.of(TokenizerKind.CHARACTER, new byte[] {(byte) 0xFF}));
    }

    @Test
    void talesAndScenes_haveOneEndOfTextForEachPiece() throws IOException {
        assertEquals(292, endsOfText("tales.txt"));
        assertEquals(34, endsOfText("scenes.txt"));
    }

    private static long endsOfText(String file) throws IOException {
        byte[] text = Files.readAllBytes(Path.of(System.getProperty("tinygpt.home"), "data", file));
        Tokenizer tokenizer = Tokenizer.of(TokenizerKind.CHARACTER, text);
        int[] ids = tokenizer.encode(text);
        assertArrayEquals(text, tokenizer.decode(ids).getBytes(UTF_8));
        return Arrays.stream(ids).filter(id -> id == tokenizer.endOfText()).count();
    }

    @Test
    void extendedBy_keepsIdsAndAppendsWhatIsNew() {
        CharacterTokenizer small = CharacterTokenizer.of("ac");
        CharacterTokenizer large = small.extendedBy("cab\u4E2Da" + Character.toString(0x1F600) + "<|endoftext|>");

        assertEquals(3, small.vocabularySize());
        assertEquals(6, large.vocabularySize());
        assertEquals(small.endOfText(), large.endOfText());
        assertArrayEquals(small.encode("caa"), large.encode("caa"));
        assertArrayEquals(
                new int[] {0, 3, 1, 4, 5, 2},
                large.encode("abc\u4E2D" + Character.toString(0x1F600) + "<|endoftext|>"));
        assertEquals("<|endoftext|>b", large.decode(2, 3));
        assertEquals(large.describe(), Tokenizer.restore(large.describe()).describe());
        assertEquals(small.describe(), small.extendedBy("aac").describe());
    }

    @Test
    void substitute_isACharacter_evenIfTheEndOfTextHasId0() {
        Tokenizer restored =
                Tokenizer.restore(java.util.Map.of("kind", "character", "vocabulary", List.of("<|endoftext|>", "x")));
        assertEquals(1, ((CharacterTokenizer) restored).substitute());
    }
}
