package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tinygpt.text.BytePairTrainer;
import tinygpt.text.ByteTokenizer;
import tinygpt.text.CharacterTokenizer;
import tinygpt.text.Tokenizer;

class TokenizeCommandTest {
    @TempDir
    Path folder;

    private String model;

    @BeforeEach
    void write() {
        // "lo", "low" and " lo" are learned, in this order.
        byte[] text = "low\nlow\nlow lot".getBytes(StandardCharsets.UTF_8);
        Tokenizer tokenizer = BytePairTrainer.train(text, 260, 0, BytePairTrainer.Progress.NONE);
        model = "--model=" + SmallModel.random(folder.resolve("bpe"), tokenizer);
    }

    @Test
    void text_isShownAsTokens() {
        Run run = Run.of("tokenize", model, "low lo");
        assertEquals(0, run.exitCode(), run.err());
        assertEquals("""
                #   id  token  bytes
                0  258  'low'      3
                1  259  ' lo'      3

                2 tokens of a vocabulary of 260 (bpe): 6 characters, 6 bytes, 3.00 bytes a token
                round trip: the tokens decode to the same text
                """, run.out());
    }

    @Test
    void merges_areShownRuleByRule() {
        Run run = Run.of("tokenize", model, "--show-merges", "low low low");
        assertEquals(0, run.exitCode(), run.err());
        String low = """

                'l' 'o' 'w'  rule            makes
                'lo' 'w'     #1  'l' + 'o'   'lo' (257)
                'low'        #2  'lo' + 'w'  'low' (258)
                """;
        assertTrue(run.out().contains(low), run.out());
        assertEquals(1, run.out().split("' ' 'l' 'o' 'w'", -1).length - 1); // a repeated word is explained once
    }

    @Test
    void json_hasIdsRoundTripAndMerges() throws IOException {
        Run run = Run.of("tokenize", model, "--json", "--show-merges", "low<|endoftext|>\u00E9");
        JsonNode json = new ObjectMapper().readTree(run.out());
        assertEquals("bpe", json.get("tokenizer").textValue());
        assertEquals("low<|endoftext|>\u00E9", json.get("text").textValue());
        assertEquals(258, json.at("/ids/0").intValue());
        assertEquals(0, json.at("/ids/1").intValue());
        assertEquals(4, json.get("ids").size());
        assertTrue(json.get("round_trip").booleanValue());
        assertEquals(2, json.at("/words/0/merges").size());
        assertEquals(258, json.at("/words/0/merges/1/result").intValue());
        assertEquals("[258]", json.at("/words/0/merges/1/tokens").toString());
    }

    @Test
    void file_isReadAndIdsArePrinted() throws IOException {
        Path text = Files.writeString(folder.resolve("text.txt"), "lowlo");
        assertEquals(
                "258,257\n",
                Run.of("tokenize", model, "--ids", "--file", text.toString()).out());
    }

    @Test
    void folderOfAnotherProgram_isRead() throws IOException {
        Files.writeString(folder.resolve("vocab.json"), "{\"a\": 0, \"b\": 1, \"ab\": 2, \"<|endoftext|>\": 3}");
        Files.writeString(folder.resolve("merges.txt"), "#version: 0.2\na b\n");
        String there = "--tokenizer=" + folder;
        assertEquals("2,1\n", Run.of("tokenize", there, "--ids", "abb").out());
        Run unknown = Run.of("tokenize", there, "abc");
        assertEquals(Exit.USAGE, unknown.exitCode());
        assertTrue(unknown.err().contains("the vocabulary lacks the character 'c' (U+0063)"), unknown.err());
        Run skipped = Run.of("tokenize", there, "--unknown=skip", "abc");
        assertEquals(Exit.FAILURE, skipped.exitCode());
        assertTrue(skipped.out().endsWith("round trip: the tokens decode to ANOTHER text\n"));
        Files.writeString(folder.resolve("merges.txt"), "b a\n");
        Run broken = Run.of("tokenize", there, "ab");
        assertEquals(Exit.BAD_DATA, broken.exitCode());
        assertEquals(1, broken.err().lines().count());
    }

    @Test
    void otherKinds_haveTokensButNoMerges() {
        String characters = "--model=" + SmallModel.random(folder.resolve("c"), CharacterTokenizer.of("ab"));
        assertEquals(
                "0,1,2\n",
                Run.of("tokenize", characters, "--ids", "ab<|endoftext|>").out());
        String bytes = "--model=" + SmallModel.random(folder.resolve("b"), new ByteTokenizer());
        assertEquals("195,169\n", Run.of("tokenize", bytes, "--ids", "\u00E9").out());
        Run merges = Run.of("tokenize", bytes, "--show-merges", "a");
        assertEquals(Exit.USAGE, merges.exitCode());
        assertTrue(merges.err().contains("this tokenizer has no merges, it is of the kind byte"), merges.err());
    }

    @Test
    void contradictions_areRefused() {
        assertEquals(Exit.USAGE, Run.of("tokenize", model).exitCode());
        assertEquals(Exit.USAGE, Run.of("tokenize", model, "--file=x", "a").exitCode());
        assertEquals(Exit.USAGE, Run.of("tokenize", model, "--tokenizer=x", "a").exitCode());
        assertEquals(
                Exit.USAGE, Run.of("tokenize", model, "--ids", "--json", "a").exitCode());
        assertEquals(
                Exit.BAD_DATA, Run.of("tokenize", "--tokenizer=" + folder, "a").exitCode());
    }
}
