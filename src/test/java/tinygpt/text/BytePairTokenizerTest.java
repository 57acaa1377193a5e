package tinygpt.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.knuddels.jtokkit.Encodings;
import com.knuddels.jtokkit.api.Encoding;
import com.knuddels.jtokkit.api.EncodingType;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import tinygpt.random.CounterRandom;
import tinygpt.random.Stream;

class BytePairTokenizerTest {
    private static final Encoding JTOKKIT = Encodings.newLazyEncodingRegistry().getEncoding(EncodingType.R50K_BASE);

    private BytePairTokenizer gpt2;

    @BeforeEach
    void load() throws IOException {
        gpt2 = new BytePairTokenizer(Gpt2Vocabulary.get());
    }

    @Test
    void gpt2_hasThePublishedIds() {
        assertEquals(50257, gpt2.vocabularySize());
        assertEquals(50256, gpt2.endOfText());
        assertArrayEquals(new int[] {15496, 995}, gpt2.encode("Hello world"));
        assertArrayEquals(new int[] {428, 318, 12520, 99, 247, 13, 20322}, gpt2.encode(" this is \uD83E\uDD99.cpp"));
        assertArrayEquals(new int[] {50256, 15496, 50256}, gpt2.encode("<|endoftext|>Hello<|endoftext|>"));
        assertEquals("' world'", gpt2.show(995));
        assertEquals("'\\n\\n'", gpt2.show(628));
        assertEquals("0xF0 0x9F", gpt2.show(8582));
        assertEquals("<|endoftext|>", gpt2.show(50256));
    }

    @Test
    void projectTexts_areEncodedAsByJtokkit() throws IOException {
        for (String file : List.of("tales.txt", "scenes.txt")) {
            String text = Files.readString(Path.of(System.getProperty("tinygpt.home", "."), "data", file));
            assertLikeJtokkit(text.replace(Tokenizer.END_OF_TEXT, ""));
        }
    }

    @Test
    void tinyShakespeareAndNames_areEncodedAsByJtokkit(TestInfo test) throws IOException {
        String shakespeare = Files.readString(SharedFolder.require(test, "data/tinyshakespeare.txt"));
        assertEquals(338_025, gpt2.encode(shakespeare).length);
        assertLikeJtokkit(shakespeare);
        assertLikeJtokkit(Files.readString(SharedFolder.require(test, "data/names.txt")));
    }

    @Test
    void anyCharacters_areEncodedAsByJtokkit() {
        for (int text = 0; text < 300; text++) {
            StringBuilder mixed = new StringBuilder();
            for (int i = 0; i < 60; i++) {
                mixed.appendCodePoint(character(text, i));
            }
            assertLikeJtokkit(mixed.toString());
        }
        assertLikeJtokkit(
                "\uD83D\uDC68\u200D\uD83D\uDC69\u200D\uD83D\uDC67 \uD83C\uDDE9\uD83C\uDDEA e\u0301 \u00A0\u2003 \u3000x \r\n\r\n\t\t y   ");
        assertLikeJtokkit("a".repeat(300) + " ".repeat(300) + "!".repeat(300) + "ab".repeat(200) + "\n".repeat(77));
    }

    /** ASCII mostly, and every plane that has characters; nothing that JDK 17 and Unicode 16 see differently. */
    private static int character(int text, int i) {
        int[] ends = {0x80, 0x80, 0x800, 0x3100, 0xD800, 0x1FB00};
        int[] starts = {0, 0x20, 0x80, 0x2000, 0x3000, 0x1D000};
        for (int attempt = 0; ; attempt++) {
            int range = (int) CounterRandom.below(ends.length, 5, Stream.BATCH, text, i);
            int c = starts[range]
                    + (int) CounterRandom.below(ends[range] - starts[range], 6 + attempt, Stream.BATCH, text, i);
            if (Character.isDefined(c) && Character.getType(c) != Character.SURROGATE) {
                return c;
            }
        }
    }

    @Test
    void randomBytes_roundTrip() {
        for (int text = 0; text < 200; text++) {
            byte[] bytes = new byte[100];
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = (byte) CounterRandom.below(256, 7, Stream.BATCH, text, i);
            }
            assertArrayEquals(bytes, bytes(gpt2, gpt2.encode(bytes)));
        }
    }

    @Test
    void longWord_isMergedLikeItsDefinition() {
        // Runs of one letter: rules overlap, and the leftmost pair comes first.
        for (int length = 1; length < 70; length++) {
            String word = "a".repeat(length);
            assertArrayEquals(JTOKKIT.encode(word).toArray(), gpt2.encode(word), word);
        }
        int[] million = gpt2.encode("ha".repeat(500_000)); // quadratic merging would not end
        assertArrayEquals(million, gpt2.encode("ha".repeat(500_000)));
        assertEquals("ha".repeat(500_000), gpt2.decode(million));
    }

    @Test
    void characterInSeveralTokens_isHeldBackWhileStreaming() {
        int[] ids = gpt2.encode(" \uD83E\uDD99!");
        StreamingDecoder decoder = new StreamingDecoder(gpt2);
        StringBuilder text = new StringBuilder();
        for (int id : ids) {
            String piece = decoder.accept(id);
            assertEquals(-1, piece.indexOf('\uFFFD'));
            text.append(piece);
        }
        assertEquals(" \uD83E\uDD99!", text.append(decoder.flush()).toString());
    }

    @Test
    void explanation_namesEveryMerge() {
        List<MergedWord> words = gpt2.explain("low lower<|endoftext|>".getBytes(StandardCharsets.UTF_8));
        assertEquals(3, words.size());
        MergedWord lower = words.get(1);
        assertEquals(3, lower.from());
        assertEquals(9, lower.to());
        assertEquals(6, lower.start().size());
        int last = -1;
        for (MergedWord.Step step : lower.steps()) {
            assertEquals(
                    gpt2.vocabulary().tokens().get(step.rule().left())
                            + gpt2.vocabulary().tokens().get(step.rule().right()),
                    gpt2.vocabulary().tokens().get(step.result()));
            assertEquals(step.rule(), gpt2.vocabulary().merges().get(step.rank()));
            last = step.tokens().size();
        }
        assertEquals(1, last);
        assertArrayEquals(
                gpt2.encode(" lower"),
                lower.tokens().stream().mapToInt(Integer::intValue).toArray());
        assertEquals(List.of(50256), words.get(2).tokens());
    }

    @Test
    void description_restoresTheSameTokenizer() {
        Tokenizer restored = Tokenizer.restore(gpt2.describe());
        assertEquals(gpt2.vocabulary(), ((BytePairTokenizer) restored).vocabulary());
        assertEquals(50256, restored.endOfText());
    }

    @Test
    void vocabularyWithoutAllBytes_refusesLeavesOutOrReplaces() {
        BytePairTokenizer small = small("a", "b", "ab", "\u0120");
        byte[] text = "ab\u00E9b".getBytes(StandardCharsets.UTF_8);
        UnknownCharacterException refused =
                assertThrows(UnknownCharacterException.class, () -> small.encode("ab\u00E9b"));
        assertEquals(List.of(0xE9), refused.codePoints());
        assertArrayEquals(new int[] {2, 1}, small.encode(text, UnknownPolicy.SKIP));
        assertArrayEquals(new int[] {2, 3, 1}, small.encode(text, UnknownPolicy.REPLACE));
        BytePairTokenizer extended = small.extendedBy(text);
        assertEquals(7, extended.vocabularySize());
        assertEquals("ab\u00E9b", extended.decode(extended.encode("ab\u00E9b")));
        assertArrayEquals(small.encode("ab b"), extended.encode("ab b"));
        assertSame(gpt2, gpt2.extendedBy(text));
    }

    @Test
    void longestSpecialToken_isFound() {
        BytePairTokenizer tokenizer = new BytePairTokenizer(BytePairVocabulary.of(
                List.of("a", "<x>", "<x>a", "<|endoftext|>"),
                List.of(),
                Set.of("<x>", "<x>a", "<|endoftext|>"),
                "<|endoftext|>"));
        assertArrayEquals(new int[] {2, 0, 1, 3}, tokenizer.encode("<x>aa<x><|endoftext|>"));
    }

    @Test
    void brokenVocabulary_isRefused() {
        assertRefused(
                "tokens 0 and 1 of the vocabulary are both \"a\": each token is there once",
                List.of("a", "a"),
                List.of());
        assertRefused(
                "token 1 is \" \", which is not spelled in the byte alphabet of GPT-2 (where a space is \u0120)",
                List.of("a", " "),
                List.of());
        assertRefused(
                "merge 0 makes \"aa\", which is not in the vocabulary", List.of("a", "<|endoftext|>"), List.of("a a"));
        assertRefused(
                "merge 0 is \"a\", not two tokens of the vocabulary with a space between them",
                List.of("a", "<|endoftext|>"),
                List.of("a"));
        assertRefused("the special token \"<|endoftext|>\" is not in the vocabulary", List.of("a"), List.of());
    }

    @Test
    void brokenDescription_isRefused() {
        assertThrows(IllegalArgumentException.class, () -> Tokenizer.restore(Map.of("kind", "bpe")));
        assertEquals(
                "entry 1 of the vocabulary is 3, not a string",
                assertThrows(
                                IllegalArgumentException.class,
                                () -> Tokenizer.restore(Map.of(
                                        "kind", "bpe",
                                        "vocabulary", List.of("a", 3),
                                        "merges", List.of(),
                                        "special", List.of(),
                                        "end_of_text", "a")))
                        .getMessage());
    }

    private static void assertRefused(String message, List<String> tokens, List<String> merges) {
        assertEquals(
                message,
                assertThrows(
                                IllegalArgumentException.class,
                                () -> BytePairVocabulary.of(tokens, merges, Set.of("<|endoftext|>"), "<|endoftext|>"))
                        .getMessage());
    }

    private static BytePairTokenizer small(String... tokens) {
        List<String> all = new java.util.ArrayList<>(Arrays.asList(tokens));
        all.add(Tokenizer.END_OF_TEXT);
        return new BytePairTokenizer(
                BytePairVocabulary.of(all, List.of("a b"), Set.of(Tokenizer.END_OF_TEXT), Tokenizer.END_OF_TEXT));
    }

    private void assertLikeJtokkit(String text) {
        int[] ids = gpt2.encode(text);
        assertArrayEquals(JTOKKIT.encodeOrdinary(text).toArray(), ids);
        assertEquals(text, gpt2.decode(ids));
    }

    private static byte[] bytes(Tokenizer tokenizer, int[] ids) {
        java.io.ByteArrayOutputStream bytes = new java.io.ByteArrayOutputStream();
        for (int id : ids) {
            bytes.writeBytes(tokenizer.bytes(id));
        }
        return bytes.toByteArray();
    }
}
