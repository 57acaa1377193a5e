package tinygpt.formats;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.knuddels.jtokkit.Encodings;
import com.knuddels.jtokkit.api.EncodingType;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tinygpt.random.CounterRandom;
import tinygpt.text.BytePairTokenizer;
import tinygpt.text.Tokenizer;

class TokenizerFilesTest {
    private static final String VOCABULARY = "{\"a\": 0, \"b\": 1, \"\u0120\": 2, \"ab\": 3, \"<|endoftext|>\": 4}";
    private static final String JSON = """
            {"version": "1.0", "truncation": null, "padding": null,
             "added_tokens": [{"id": 4, "content": "<|endoftext|>", "single_word": false, "lstrip": false,
               "rstrip": false, "normalized": false, "special": true}],
             "normalizer": null,
             "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
             "post_processor": {"type": "ByteLevel"}, "decoder": {"type": "ByteLevel"},
             "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": "",
               "end_of_word_suffix": "", "fuse_unk": false, "byte_fallback": false, "ignore_merges": false,
               "vocab": {"a": 0, "b": 1, "\u0120": 2, "ab": 3}, "merges": ["a b"]}}
            """;

    @TempDir
    Path folder;

    @Test
    void tokenizerJson_isRead() throws IOException {
        Path file = write("tokenizer.json", JSON);
        for (Path path : List.of(folder, file)) {
            Tokenizer tokenizer = TokenizerFiles.read(path);
            assertArrayEquals(new int[] {3, 2, 3, 1, 4}, tokenizer.encode("ab abb<|endoftext|>"));
            assertEquals(4, tokenizer.endOfText());
        }
    }

    @Test
    void mergesAsPairs_areReadLikeStrings() throws IOException {
        write("tokenizer.json", JSON.replace("[\"a b\"]", "[[\"a\", \"b\"]]"));
        assertArrayEquals(new int[] {3}, TokenizerFiles.read(folder).encode("ab"));
    }

    @ParameterizedTest
    @CsvSource({"vocab.json,merges.txt", "encoder.json,vocab.bpe"})
    void vocabularyWithMerges_isRead(String vocabulary, String merges) throws IOException {
        assertFalse(TokenizerFiles.isAt(folder));
        Path file = write(vocabulary, VOCABULARY);
        write(merges, "#version: 0.2\r\na b\r\n");
        assertTrue(TokenizerFiles.isAt(folder));
        for (Path path : List.of(folder, file)) {
            assertArrayEquals(new int[] {3, 1, 4}, TokenizerFiles.read(path).encode("abb<|endoftext|>"));
        }
    }

    @Test
    void addedTokens_areSpecial() throws IOException {
        write("vocab.json", VOCABULARY);
        write("merges.txt", "a b\n");
        write("added_tokens.json", "{\"<|startoftext|>\": 5}");
        assertArrayEquals(new int[] {5, 0}, TokenizerFiles.read(folder).encode("<|startoftext|>a"));
    }

    @Test
    void otherEndOfText_isTakenFromTheConfiguration() throws IOException {
        write("tokenizer.json", JSON.replace("<|endoftext|>", "</s>"));
        assertRefused("has no token <|endoftext|>");
        write("tokenizer_config.json", "{\"eos_token\": {\"content\": \"</s>\"}}");
        assertEquals(4, TokenizerFiles.read(folder).endOfText());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"type\": \"BPE\" | \"type\": \"Unigram\" | its model is of type Unigram",
                "\"normalizer\": null | \"normalizer\": {\"type\": \"NFC\"} | it has a normalizer",
                "\"add_prefix_space\": false | \"add_prefix_space\": true | add_prefix_space",
                "\"use_regex\": true | \"use_regex\": false | use_regex",
                "{\"type\": \"ByteLevel\", \"add | {\"type\": \"Whitespace\", \"add | its pre_tokenizer is not ByteLevel",
                "\"ignore_merges\": false | \"ignore_merges\": true | ignore_merges",
                "\"byte_fallback\": false | \"byte_fallback\": true | byte_fallback",
                "\"dropout\": null | \"dropout\": 0.1 | dropout",
                "\"lstrip\": false | \"lstrip\": true | has lstrip",
                "\"end_of_word_suffix\": \"\" | \"end_of_word_suffix\": \"</w>\" | it marks words",
                "\"ab\": 3 | \"ab\": 2 | is there twice",
                "\"ab\": 3 | \"ab\": 9 | 9 is too large",
                "\"ab\": 3 | \"ab\": -1 | is not an integer from 0 on",
                "\"ab\": 3 | \"ab\": 3e9 | is not an integer from 0 on",
                "\"ab\": 3 | \"a b\": 3 | not spelled in the byte alphabet",
                "\"ab\": 3 | \"b\": 3 | not valid JSON",
                "[\"a b\"] | [\"a c\"] | merge 0 is \"a c\"",
                "[\"a b\"] | [\"b a\"] | merge 0 makes \"ba\"",
                "[\"a b\"] | [[\"a\"]] | merge 0 is neither",
            },
            quoteCharacter = '`')
    void whatWouldMakeOtherTokens_isRefused(String from, String to, String reason) throws IOException {
        String broken = JSON.replace(from, to);
        assertFalse(broken.equals(JSON), from);
        write("tokenizer.json", broken);
        assertRefused(reason);
    }

    @Test
    void missingFiles_areNamed() throws IOException {
        assertRefused("has no tokenizer: neither tokenizer.json");
        Path file = write("vocab.json", VOCABULARY);
        assertRefused("has no tokenizer");
        assertTrue(assertThrows(BadFileException.class, () -> TokenizerFiles.read(file))
                .getMessage()
                .contains("merges.txt (or vocab.bpe) is missing beside it"));
        assertThrows(BadFileException.class, () -> TokenizerFiles.read(folder.resolve("none.json")));
    }

    @Test
    void damagedFiles_areRefusedOrReadAndNothingElse() throws IOException {
        byte[] good = JSON.getBytes(StandardCharsets.UTF_8);
        String[] nasty = {"null", "-1", "1e999", "[]", "{}", "\"\\ud800\"", "\"\"", "[[[[", "9".repeat(400)};
        int refused = 0;
        for (int i = 0; i < 2000; i++) {
            byte[] bad = good.clone();
            int at = (int) CounterRandom.below(good.length, 1, tinygpt.random.Stream.BATCH, i, 0);
            switch (i % 4) {
                case 0 -> bad[at] = (byte) CounterRandom.below(256, 1, tinygpt.random.Stream.BATCH, i, 1);
                case 1 -> bad = Arrays.copyOf(good, at);
                default -> {
                    int length = (int) CounterRandom.below(30, 1, tinygpt.random.Stream.BATCH, i, 2);
                    String text = JSON.substring(0, Math.min(at, JSON.length()))
                            + nasty[i % nasty.length]
                            + JSON.substring(Math.min(at + length, JSON.length()));
                    bad = text.getBytes(StandardCharsets.UTF_8);
                }
            }
            Files.write(folder.resolve("tokenizer.json"), bad);
            try {
                Tokenizer tokenizer = TokenizerFiles.read(folder);
                byte[] end = tokenizer.bytes(tokenizer.endOfText());
                assertArrayEquals(new int[] {tokenizer.endOfText()}, tokenizer.encode(end));
            } catch (BadFileException e) {
                assertEquals(1, e.getMessage().lines().count());
                refused++;
            }
        }
        assertTrue(refused > 1000, refused + " refused");
    }

    @Test
    void publishedGpt2_isJtokkits(TestInfo test) throws IOException {
        Path shared = vectors(test);
        BytePairTokenizer gpt2 = (BytePairTokenizer) TokenizerFiles.read(shared);
        assertEquals(50257, gpt2.vocabularySize());
        assertEquals(50000, gpt2.vocabulary().merges().size());
        var jtokkit = Encodings.newLazyEncodingRegistry().getEncoding(EncodingType.R50K_BASE);
        for (int id = 0; id < 50256; id++) {
            assertArrayEquals(jtokkit.decodeBytes(intList(id)), gpt2.bytes(id), String.valueOf(id));
        }
        String tales = Files.readString(Path.of(System.getProperty("tinygpt.home", "."), "data", "scenes.txt"))
                .replace(Tokenizer.END_OF_TEXT, "");
        assertArrayEquals(jtokkit.encodeOrdinary(tales).toArray(), gpt2.encode(tales));
    }

    @Test
    void llamaCppsCases_pass(TestInfo test) throws IOException {
        Path shared = vectors(test);
        BytePairTokenizer gpt2 = (BytePairTokenizer) TokenizerFiles.read(shared);
        String[] texts =
                Files.readString(shared.resolve("ggml-vocab-gpt-2.gguf.inp")).split("\n__ggml_vocab_test__\n");
        List<String> expected = Files.readAllLines(shared.resolve("ggml-vocab-gpt-2.gguf.out"));
        assertTrue(texts.length > 40);
        for (int i = 0; i < texts.length; i++) {
            int[] ids = Stream.of(expected.get(i).trim().split(" +"))
                    .filter(id -> !id.isEmpty())
                    .mapToInt(Integer::parseInt)
                    .toArray();
            assertArrayEquals(ids, gpt2.encode(texts[i]), texts[i]);
        }
    }

    private static com.knuddels.jtokkit.api.IntArrayList intList(int id) {
        var list = new com.knuddels.jtokkit.api.IntArrayList();
        list.add(id);
        return list;
    }

    private static Path vectors(TestInfo test) {
        String shared = System.getProperty("tinygpt.shared", "");
        if (shared.isEmpty()) {
            String reason = "DID NOT RUN: needs vectors/gpt2-bpe; give its folder with -Dtinygpt.shared=FOLDER";
            System.out.println(
                    "TokenizerFilesTest." + test.getTestMethod().orElseThrow().getName() + " " + reason);
            Assumptions.abort(reason);
        }
        return Path.of(shared, "vectors", "gpt2-bpe");
    }

    private Path write(String name, String content) throws IOException {
        return Files.writeString(folder.resolve(name), content);
    }

    private void assertRefused(String reason) {
        String message = assertThrows(BadFileException.class, () -> TokenizerFiles.read(folder))
                .getMessage();
        assertTrue(message.contains(reason), message);
    }
}
