package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
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
import tinygpt.runs.Checkpoint;
import tinygpt.runs.CheckpointHeader;
import tinygpt.runs.RunFolder;
import tinygpt.text.BytePairTokenizer;

/** A model with a byte pair vocabulary, through the commands. */
class BytePairTrainingTest {
    @TempDir
    Path folder;

    private Path text;

    @BeforeEach
    void write() throws IOException {
        // The validation part, the last tenth, has a word that the training part has not.
        text = Files.writeString(
                folder.resolve("text.txt"),
                "the cat sat on the mat.\n".repeat(90) + "zyzyzyzyzy zyzyzyzyzy.\n".repeat(10));
    }

    @Test
    void model_trainsResumesGeneratesAndIsEvaluated() throws IOException {
        Path whole = train("whole", "--steps=12", "--vocab=269");
        Path parts = train("parts", "--steps=12", "--vocab=269", "--stop-after=5");
        Run resumed = Run.of("train", "--resume", parts.toString(), "--quiet", "--threads=1");
        assertEquals(0, resumed.exitCode(), resumed.err());
        assertEquals(weights(whole), weights(parts));

        CheckpointHeader header = Checkpoint.readHeader(new RunFolder(whole).checkpoint(12));
        assertEquals(269, header.hyperparameters().model().vocabularySize());
        BytePairTokenizer tokenizer = (BytePairTokenizer) header.restoreTokenizer(whole);
        assertTrue(tokenizer.vocabulary().tokens().contains("\u0120cat"));
        assertFalse(tokenizer.vocabulary().tokens().contains("zy"), "learned from the validation part");

        Run generated = Run.of(
                "generate", "--model", whole.toString(), "--prompt=the cat \u00E9", "--max-tokens=8", "--samples=1");
        assertEquals(0, generated.exitCode(), generated.err());
        assertTrue(generated.out().contains("the cat \u00E9"), generated.out());

        Run evaluated = Run.of("eval", "--model", whole.toString(), "--format=json");
        assertEquals(0, evaluated.exitCode(), evaluated.err());
        JsonNode json = new ObjectMapper().readTree(evaluated.out());
        assertEquals(269, json.get("vocabulary_size").intValue());
    }

    @Test
    void sizeThatCannotBe_isRefused() {
        Run small = Run.of(
                "train", "--data", text.toString(), "--preset=nano", "--tokenizer=bpe", "--vocab=256", "--quiet");
        assertEquals(Exit.USAGE, small.exitCode());
        assertTrue(small.err().contains("--vocabulary-size 256 is too small for BPE"), small.err());
        Run large = Run.of(
                "train", "--data", text.toString(), "--preset=nano", "--tokenizer=bpe", "--vocab=5000", "--quiet");
        assertEquals(Exit.USAGE, large.exitCode());
        assertTrue(large.err().contains("gives only 269 tokens"), large.err());
    }

    @Test
    void progress_isABarThatBeginsAfterTheBytes_andFits() {
        Glyphs plain = Glyphs.of(StandardCharsets.US_ASCII);
        assertEquals(
                "learning the vocabulary [                          ]   257/1,025 tokens",
                NewVocabulary.progress(257, 1025, plain, 80));
        assertEquals(
                "learning the vocabulary [#############             ]   641/1,025 tokens",
                NewVocabulary.progress(641, 1025, plain, 80));
        assertEquals(
                "learning the vocabulary [##########################] 1,025/1,025 tokens",
                NewVocabulary.progress(1025, 1025, plain, 80));
        assertEquals(
                "learning the vocabulary \u2595\u2588\u2588\u2588\u258f    \u258f   641/1,025 tokens".length(),
                NewVocabulary.progress(641, 1025, Glyphs.of(StandardCharsets.UTF_8), 54)
                        .length());
        assertEquals(39, NewVocabulary.progress(641, 1025, plain, 40).length());
    }

    @Test
    void sizeIsNotGiven_textDecidesUpToTheUsual() throws IOException {
        Path run = train("usual", "--steps=1");
        CheckpointHeader header = Checkpoint.readHeader(new RunFolder(run).checkpoint(1));
        assertEquals(269, header.hyperparameters().model().vocabularySize());
    }

    private static String weights(Path run) {
        return Checkpoint.readHeader(new RunFolder(run).checkpoint(12)).weightsSha256();
    }

    private Path train(String name, String... options) {
        Path run = folder.resolve(name);
        String[] all = new String[options.length + 9];
        System.arraycopy(
                new String[] {
                    "train",
                    "--data",
                    text.toString(),
                    "--preset=nano",
                    "--tokenizer=bpe",
                    "--width=8",
                    "--threads=1",
                    "--quiet",
                    "--out=" + run
                },
                0,
                all,
                0,
                9);
        System.arraycopy(options, 0, all, 9, options.length);
        Run trained = Run.of(all);
        assertEquals(0, trained.exitCode(), trained.err());
        return run;
    }
}
