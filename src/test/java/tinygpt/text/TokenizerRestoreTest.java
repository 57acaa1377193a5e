package tinygpt.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TokenizerRestoreTest {

    @Test
    void characterTokenizer_describesKindAndVocabulary() {
        assertEquals(
                Map.of("kind", "character", "vocabulary", List.of("\n", "a", "\u00E9", "<|endoftext|>")),
                CharacterTokenizer.of("a\u00E9\n").describe());
    }

    @Test
    void byteTokenizer_describesKindAndSize() {
        assertEquals(Map.of("kind", "byte", "vocabulary_size", 257), new ByteTokenizer().describe());
    }

    @Test
    void throughJson_comesBackTheSame() throws Exception {
        String text = "a\n\"\\\u0000\u2028\u4E2D" + Character.toString(0x1F600);
        for (Tokenizer tokenizer : List.of(CharacterTokenizer.of(text), new ByteTokenizer())) {
            ObjectMapper json = new ObjectMapper();
            Map<String, Object> read =
                    json.readValue(json.writeValueAsBytes(tokenizer.describe()), new TypeReference<>() {});
            Tokenizer restored = Tokenizer.restore(read);
            assertInstanceOf(tokenizer.getClass(), restored);
            assertEquals(tokenizer.describe(), restored.describe());
            assertArrayEquals(tokenizer.encode(text), restored.encode(text));
            assertEquals(tokenizer.endOfText(), restored.endOfText());
        }
    }

    @Test
    void missingOrUnknownKind_isRefused() {
        assertRefused("the tokenizer's description is missing", null);
        assertRefused("the tokenizer's kind is null; this version knows \"character\", \"byte\" and \"bpe\"", Map.of());
        assertRefused(
                "the tokenizer's kind is \"bp<U+000A>e\"; this version knows \"character\", \"byte\" and \"bpe\"",
                Map.of("kind", "bp\ne"));
        assertRefused(
                "the tokenizer's kind is a list; this version knows \"character\", \"byte\" and \"bpe\"",
                Map.of("kind", List.of()));
    }

    @Test
    void veryLongKind_isShortenedInTheMessage() {
        assertRefused(
                "the tokenizer's kind is \"" + "x".repeat(40)
                        + "...\"; this version knows \"character\", \"byte\" and \"bpe\"",
                Map.of("kind", "x".repeat(1_000_000)));
    }

    @Test
    void vocabularyOfWrongType_isRefused() {
        assertRefused(
                "the vocabulary of a character tokenizer is a list of strings, not null", Map.of("kind", "character"));
        assertRefused(
                "the vocabulary of a character tokenizer is a list of strings, not \"abc\"",
                Map.of("kind", "character", "vocabulary", "abc"));
    }

    @Test
    void vocabularyWithoutEndOfTextOrCharacter_isRefused() {
        String needed = "the vocabulary of a character tokenizer has at least one character and \"<|endoftext|>\"; this"
                + " one has ";
        assertRefused(needed + "2 entries", character("a", "b"));
        assertRefused(needed + "0 entries", character());
        assertRefused(needed + "1 entries", character("<|endoftext|>"));
    }

    @Test
    void entryThatIsNotOneCharacter_isRefused() {
        Map<Object, String> entries = new LinkedHashMap<>();
        entries.put("ab", "\"ab\"");
        entries.put("", "\"\"");
        entries.put("\uD83D", "\"<U+D83D>\"");
        entries.put(7, "7");
        entries.put(null, "null");
        entries.put('b', "a value of another type");
        entries.put(Map.of(), "a map");
        entries.forEach((entry, shown) -> assertRefused(
                "entry 1 of the vocabulary is " + shown + ", not a string of one character",
                character("a", entry, "<|endoftext|>")));
    }

    @Test
    void duplicateEntries_areRefused() {
        assertRefused(
                "entries 1 and 2 of the vocabulary are both \"b\": each token is there once",
                character("a", "b", "b", "<|endoftext|>"));
        assertRefused(
                "entries 0 and 2 of the vocabulary are both \"<|endoftext|>\": each token is there once",
                character("<|endoftext|>", "b", "<|endoftext|>"));
    }

    @Test
    void anyOrder_keepsItsIds() {
        Tokenizer restored = Tokenizer.restore(character("<|endoftext|>", "b", "a", Character.toString(0x1F600)));
        assertEquals(0, restored.endOfText());
        assertArrayEquals(
                new int[] {2, 1, 3, 0}, restored.encode("ab" + Character.toString(0x1F600) + "<|endoftext|>"));
    }

    @Test
    void unknownKey_isRefused() {
        assertRefused(
                "the description of a byte tokenizer has no \"merges\"; it has kind and vocabulary_size",
                Map.of("kind", "byte", "vocabulary_size", 257, "merges", List.of()));
        Map<String, Object> nullKey = new HashMap<>(character("a", "<|endoftext|>"));
        nullKey.put(null, "x");
        assertRefused("the description of a character tokenizer has no null; it has kind and vocabulary", nullKey);
    }

    @Test
    void byteTokenizerOfAnotherSize_isRefused() {
        for (Object size : new Object[] {256, 257.0, "257", 257L + (1L << 32)}) {
            IllegalArgumentException thrown = assertThrows(
                    IllegalArgumentException.class,
                    () -> Tokenizer.restore(Map.of("kind", "byte", "vocabulary_size", size)));
            assertEquals(
                    "the vocabulary size of a byte tokenizer is 257 (256 bytes and the end of text), not "
                            + (size instanceof String ? "\"257\"" : size),
                    thrown.getMessage());
        }
        assertRefused(
                "the vocabulary size of a byte tokenizer is 257 (256 bytes and the end of text), not null",
                Map.of("kind", "byte"));
    }

    private static Map<String, Object> character(Object... vocabulary) {
        return Map.of("kind", "character", "vocabulary", Arrays.asList(vocabulary));
    }

    private static void assertRefused(String message, Map<String, ?> description) {
        IllegalArgumentException thrown =
                assertThrows(IllegalArgumentException.class, () -> Tokenizer.restore(description));
        assertEquals(message, thrown.getMessage());
    }
}
