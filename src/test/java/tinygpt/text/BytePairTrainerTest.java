package tinygpt.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tinygpt.random.CounterRandom;
import tinygpt.random.Stream;

/** The same vocabularies as Hugging Face's trainer; see {@code src/test/resources/bpe/make_golden.py}. */
class BytePairTrainerTest {

    @Test
    void smallTexts_giveTheMergesIdsAndTokensOfHuggingFace() throws IOException {
        JsonNode cases = golden("trained.json");
        assertTrue(cases.size() >= 60);
        for (JsonNode c : cases) {
            String text = c.get("text").textValue();
            BytePairTokenizer tokenizer = train(
                    text,
                    c.get("vocabulary_size").intValue(),
                    c.get("min_frequency").intValue());
            BytePairVocabulary learned = tokenizer.vocabulary();
            assertEquals(strings(c.get("merges")), learned.spelledMerges(), text);
            assertEquals(strings(c.get("learned")), learned.tokens().subList(257, tokenizer.vocabularySize()), text);
            assertArrayEquals(ints(c.get("ids")), tokenizer.encode(text), text);
        }
    }

    @Test
    void tales_giveTheMergesAndTokensOfHuggingFace() throws IOException {
        JsonNode c = golden("trained-tales.json");
        byte[] tales = Files.readAllBytes(Path.of(System.getProperty("tinygpt.home", "."), "data", "tales.txt"));
        List<Integer> seen = new ArrayList<>();
        BytePairTokenizer tokenizer = BytePairTrainer.train(tales, 1024, 0, (tokens, of) -> seen.add(tokens));
        assertEquals(strings(c.get("merges")), tokenizer.vocabulary().spelledMerges());
        assertEquals(1024, tokenizer.vocabularySize());
        assertEquals(c.get("tokens_of_text").intValue(), tokenizer.encode(tales).length);
        assertEquals(767, seen.size());
        assertEquals(1024, seen.get(766));
    }

    @ParameterizedTest
    @ValueSource(strings = {"512 575809", "2048 388533"})
    void tinyShakespeare_hasAsManyTokensAsWithHuggingFace(String sizes, TestInfo test) throws IOException {
        byte[] text = Files.readAllBytes(SharedFolder.require(test, "data/tinyshakespeare.txt"));
        int vocabularySize = Integer.parseInt(sizes.split(" ")[0]);
        BytePairTokenizer tokenizer = BytePairTrainer.train(text, vocabularySize, 0, BytePairTrainer.Progress.NONE);
        assertEquals(vocabularySize, tokenizer.vocabularySize());
        assertEquals(Integer.parseInt(sizes.split(" ")[1]), tokenizer.encode(text).length);
    }

    /** Which counts everything anew for every merge. */
    @Test
    void randomTexts_giveTheMergesOfTheObviousTrainer() {
        for (int text = 0; text < 40; text++) {
            StringBuilder letters = new StringBuilder();
            for (int i = 0; i < 300; i++) {
                letters.append((char) ('a' + CounterRandom.below(20, 1, Stream.BATCH, text, i)));
                letters.append(CounterRandom.below(3, 2, Stream.BATCH, text, i) == 0 ? " " : "");
            }
            List<String> expected = ObviousTrainer.merges(letters.toString(), 257 + 25);
            assertEquals(
                    expected,
                    train(letters.toString(), 257 + 25, 0).vocabulary().spelledMerges());
        }
    }

    @Test
    void ids_areEndOfTextThenBytesInTheOrderOfTheirSpellingThenMerges() {
        BytePairTokenizer tokenizer = train("abab abab", 259, 0);
        List<String> tokens = tokenizer.vocabulary().tokens();
        assertEquals(Tokenizer.END_OF_TEXT, tokens.get(0));
        assertEquals("!", tokens.get(1));
        assertEquals("\u0143", tokens.get(256)); // byte 0xAD
        assertEquals(List.of("ab", "abab"), tokens.subList(257, 259));
        assertEquals(0, tokenizer.endOfText());
    }

    @Test
    void equalCounts_smallestIdsWin() {
        assertEquals(List.of("c d"), train("zy zy cd cd", 258, 0).vocabulary().spelledMerges());
    }

    @Test
    void rarePairs_areNotMerged() {
        assertEquals(
                List.of("a b"),
                train("ab ab cd", 500, 2).vocabulary().spelledMerges().subList(0, 1));
        assertEquals(257, train("ab cd", 500, 2).vocabularySize());
    }

    @Test
    void endOfTextLiterals_areNotLearnedFrom() {
        String literals = "<|endoftext|>".repeat(50);
        assertEquals(
                train("a rose is a rose", 300, 0).vocabulary().merges(),
                train("a rose is a rose" + literals, 300, 0).vocabulary().merges());
    }

    @Test
    void emptyText_hasTheBytesOnly() {
        assertEquals(257, train("", 300, 0).vocabularySize());
    }

    @Test
    void bytesThatAreNoText_canBeLearned() {
        byte[] bytes = {(byte) 0xFF, (byte) 0xFE, ' ', (byte) 0xFF, (byte) 0xFE};
        BytePairTokenizer tokenizer = BytePairTrainer.train(bytes, 258, 0, BytePairTrainer.Progress.NONE);
        assertEquals("0xFF 0xFE", tokenizer.show(257));
    }

    @Test
    void tooSmallVocabulary_isRefused() {
        assertEquals(
                "a byte-level BPE vocabulary of 256 tokens is too small: the 256 bytes and the end of text alone are 257",
                assertThrows(IllegalArgumentException.class, () -> train("a", 256, 0))
                        .getMessage());
    }

    @Test
    void vocabulary_isTheOneTokenizerOfMakes() {
        byte[] text = "a rose is a rose is a rose".getBytes(StandardCharsets.UTF_8);
        assertEquals(
                BytePairTrainer.train(text, 1024, 0, BytePairTrainer.Progress.NONE)
                        .describe(),
                Tokenizer.of(tinygpt.hyperparameters.TokenizerKind.BPE, text).describe());
        assertEquals(
                Set.of(Tokenizer.END_OF_TEXT), train("", 300, 0).vocabulary().special());
    }

    private static BytePairTokenizer train(String text, int vocabularySize, long minimumFrequency) {
        return BytePairTrainer.train(
                text.getBytes(StandardCharsets.UTF_8), vocabularySize, minimumFrequency, BytePairTrainer.Progress.NONE);
    }

    private static JsonNode golden(String name) throws IOException {
        try (InputStream in = BytePairTrainerTest.class.getResourceAsStream("/bpe/" + name)) {
            return new ObjectMapper().readTree(in);
        }
    }

    private static List<String> strings(JsonNode list) {
        List<String> strings = new ArrayList<>();
        list.forEach(entry -> strings.add(entry.textValue()));
        return strings;
    }

    private static int[] ints(JsonNode list) {
        int[] ints = new int[list.size()];
        for (int i = 0; i < ints.length; i++) {
            ints[i] = list.get(i).intValue();
        }
        return ints;
    }
}
