package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tinygpt.formats.SafetensorsReader;
import tinygpt.reference.ModelFixtures;
import tinygpt.runs.Checkpoint;
import tinygpt.runs.CheckpointHeader;
import tinygpt.runs.RunFolder;

/** Fine-tuning is training continued on another text. */
class FineTuningTest {
    private static final String OLD = "the cat sat on the mat and ate. ".repeat(60);
    private static final String NEW = "a dog! a dog! ZEBRA! ".repeat(60);

    @TempDir
    Path folder;

    private Path old;
    private Path other;
    private Path base;

    @BeforeEach
    void trainTheBase() throws IOException {
        old = Files.writeString(folder.resolve("old.txt"), OLD);
        other = Files.writeString(folder.resolve("new.txt"), NEW);
        base = folder.resolve("base");
        Result result =
                run("train", "--preset", "nano", "--data", old.toString(), "--out", base.toString(), "--steps", "30");
        assertEquals(0, result.exit(), result.err());
    }

    private record Result(int exit, String out, String err) {}

    @Test
    void sameVocabulary_beginsWithTheWeightsOfTheBase_andCountsStepsAnew() throws IOException {
        Path text = Files.writeString(folder.resolve("some.txt"), "the mat sat on the cat. ".repeat(60));
        Path out = folder.resolve("tuned");
        Result result = from(out, text, "--steps", "5", "--learning-rate", "0.002");
        assertEquals(0, result.exit(), result.err());
        CheckpointHeader start = Checkpoint.readHeader(new RunFolder(out).checkpoint(0));
        assertEquals(newest(base).weightsSha256(), start.weightsSha256());
        assertEquals(5, newest(out).step());
        assertEquals(0.002, newest(out).hyperparameters().optimization().learningRate());
        assertEquals(newest(base).weightsSha256(), newest(out).extras().get("from_weights_sha256"));
    }

    @Test
    void vocabularyWithoutAModelToStartFrom_isRefused() {
        Path never = folder.resolve("never");
        Result result = run(
                "train",
                "--preset",
                "nano",
                "--data",
                other.toString(),
                "--out",
                never.toString(),
                "--vocabulary",
                "extend");
        assertEquals(2, result.exit(), result.err());
        assertTrue(result.err().contains("--vocabulary belongs to --from"), result.err());
        assertFalse(Files.exists(never));
    }

    @Test
    void charactersTheModelDoesNotKnow_areRefusedByName() {
        Result result = from(folder.resolve("never"), other, "--steps", "5");
        assertEquals(3, result.exit(), result.err());
        assertTrue(
                result.err().contains("has characters that the model has no token for: 'g' (U+0067), '!' (U+0021)"),
                result.err());
        assertTrue(result.err().contains("--vocabulary extend"), result.err());
        assertFalse(Files.exists(folder.resolve("never")));
    }

    @Test
    void extendedVocabulary_keepsOldRows_andAddsInitialisedOnes() {
        Path out = folder.resolve("extended");
        Result result = from(out, other, "--steps", "40", "--vocabulary", "extend");
        assertEquals(0, result.exit(), result.err());
        int before = newest(base).hyperparameters().model().vocabularySize();
        CheckpointHeader tuned = newest(out);
        int after = tuned.hyperparameters().model().vocabularySize();
        assertEquals(before + 7, after, "g ! Z E B R A");
        float[] oldRows = rows(new RunFolder(base).newestFirst().get(0).file(), before);
        Path start = new RunFolder(out).checkpoint(0);
        float[] all = rows(start, after);
        for (int i = 0; i < oldRows.length; i++) {
            assertEquals(oldRows[i], all[i], "element " + i);
        }
        double squares = 0;
        for (int i = oldRows.length; i < all.length; i++) {
            squares += all[i] * all[i];
        }
        assertEquals(0.02, Math.sqrt(squares / (all.length - oldRows.length)), 0.004, "N(0, 0.02)");
        // What was learned is forgotten: the loss on the old text is told before and after.
        assertTrue(result.out().contains("loss on old.txt"), result.out());
        Result generated =
                run("generate", "--model", out.toString(), "--prompt", "ZE", "--greedy", "--max-tokens", "8");
        assertEquals(0, generated.exit(), generated.err());
    }

    @Test
    void extendedVocabularyWithAFrozenEmbedding_isNoted() {
        String[] flags = {"--steps", "1", "--vocabulary", "extend", "--train-only"};
        List<String> frozen = new ArrayList<>(List.of(flags));
        frozen.add("kind:normalization");
        String note = "tinygpt: note: wte.weight is frozen, so 7 new tokens keep the rows of random numbers";
        Result alone = from(folder.resolve("alone"), other, frozen.toArray(new String[0]));
        assertEquals(0, alone.exit(), alone.err());
        assertTrue(alone.err().contains(note), alone.err());
        frozen.addAll(List.of("--train-only", "wte.weight"));
        Result both = from(folder.resolve("both"), other, frozen.toArray(new String[0]));
        assertEquals(0, both.exit(), both.err());
        assertFalse(both.err().contains("new tokens keep"), both.err());
    }

    @Test
    void architectureFlagsOrPresets_areRefused() {
        Path never = folder.resolve("never");
        Result width = from(never, old, "--width", "64");
        assertEquals(2, width.exit());
        assertTrue(width.err().contains("model.width 32 -> 64"), width.err());
        Result preset = from(never, old, "--preset", "tiny");
        assertEquals(2, preset.exit());
        assertTrue(preset.err().contains("leave out --preset"), preset.err());
        Result same = from(folder.resolve("same"), old, "--width", "32", "--steps", "1", "--dropout", "0.1");
        assertEquals(0, same.exit(), same.err());
    }

    @Test
    void huggingFaceFolder_withoutTokenizer_isRefusedWithTheReason() {
        Path golden = ModelFixtures.golden("gpt2-tiny-tied").folder();
        Path never = folder.resolve("never");
        Result result = run("train", "--from", golden.toString(), "--data", old.toString(), "--out", never.toString());
        assertEquals(3, result.exit(), result.err());
        assertEquals(
                "tinygpt: error: " + golden + ": has no tokenizer, so a text cannot become its tokens; put its"
                        + " tokenizer.json, or vocab.json and merges.txt, there",
                result.err().strip());
        assertFalse(Files.exists(never));
    }

    @Test
    void fineTunedRun_resumesLikeAnyOther_andRemembersWhereItCameFrom() {
        Path whole = folder.resolve("whole");
        Path parts = folder.resolve("parts");
        assertEquals(
                0, from(whole, other, "--steps", "8", "--vocabulary", "extend").exit());
        assertEquals(
                0,
                from(parts, other, "--steps", "8", "--vocabulary", "extend", "--stop-after", "3")
                        .exit());
        Result resumed = run("train", "--resume", parts.toString());
        assertEquals(0, resumed.exit(), resumed.err());
        assertEquals(newest(whole).weightsSha256(), newest(parts).weightsSha256());
        assertEquals(facts(whole), facts(parts));
        assertTrue(resumed.out().contains("loss on old.txt"), resumed.out());
    }

    private Result from(Path out, Path data, String... flags) {
        List<String> all = new ArrayList<>(
                List.of("train", "--from", base.toString(), "--data", data.toString(), "--out", out.toString()));
        all.addAll(List.of(flags));
        return run(all.toArray(new String[0]));
    }

    private static float[] rows(Path file, int count) {
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            float[] values = new float[count * 32];
            reader.readFloats("wte.weight", 0, values, 0, values.length);
            return values;
        }
    }

    /** What a checkpoint says, but for its place in the ledger, which has a line more for every resume. */
    private static Map<String, String> facts(Path run) {
        Map<String, String> facts = new HashMap<>(newest(run).extras());
        facts.remove("ledger_prev_sha256");
        return facts;
    }

    private static CheckpointHeader newest(Path run) {
        return Checkpoint.readHeader(new RunFolder(run).newestFirst().get(0).file());
    }

    private static Result run(String... args) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int exit = Main.run(new PrintWriter(out), new PrintWriter(err), args);
        return new Result(exit, out.toString(), err.toString());
    }
}
