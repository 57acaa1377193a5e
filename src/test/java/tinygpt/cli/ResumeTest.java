package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tinygpt.cli.Run.with;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tinygpt.formats.SafetensorsReader;
import tinygpt.runs.Checkpoint;
import tinygpt.runs.CheckpointHeader;
import tinygpt.runs.RunFolder;

/** A run that is interrupted and resumed ends where one ends that was left alone. */
class ResumeTest {
    private static final String TEXT =
            "A fox ran over the hill and saw a dog. \"Good day!\" said the dog.\n".repeat(30);

    @TempDir
    Path folder;

    private Path text;

    @BeforeEach
    void writeText() throws IOException {
        text = folder.resolve("text.txt");
        Files.writeString(text, TEXT);
    }

    private record Result(int exit, String out, String err) {}

    @Test
    void stoppedAndResumedWithOtherThreads_endsBitwiseWhereAnUninterruptedRunDoes() {
        String[] flags = {"--steps", "14", "--dropout", "0.1", "--eval-every", "4", "--shards", "4"};
        Path whole = train("whole", with(flags, "--threads", "3"));
        Path parts = train("parts", with(flags, "--threads", "2", "--stop-after", "5"));
        assertEquals(5, newest(parts).step());
        // Stops at 8, where an evaluation is due, at 9, where none is, and then goes to the end.
        assertEquals(
                0,
                run("train", "--resume", parts.toString(), "--stop-after", "3", "--threads", "1")
                        .exit());
        assertEquals(8, newest(parts).step());
        assertEquals(
                0, run("train", "--resume", parts.toString(), "--steps", "9").exit());
        assertEquals(9, newest(parts).step());
        Result last = run("train", "--resume", parts.toString(), "--threads", "4");
        assertEquals(0, last.exit(), last.err());

        assertSameState(whole, parts);
        assertEquals(facts(whole), facts(parts), "losses, best step and settings too");
    }

    @Test
    void resume_ofAFinishedRun_trainsNothingAndSaysSo() throws IOException {
        Path out = train("run", "--steps", "3");
        byte[] before = Files.readAllBytes(new RunFolder(out).checkpoint(3));
        Result again = run("train", "--resume", out.toString());
        assertEquals(0, again.exit());
        assertTrue(
                again.err()
                        .contains(
                                "note: this run is at step 3, its last; nothing is trained. --steps N --allow-change lets"
                                        + " it go on to step N"),
                again.err());
        assertTrue(again.out().contains("trained 0 steps"), again.out());
        assertEquals(3, newest(out).step());
        assertArrayEquals(before, Files.readAllBytes(new RunFolder(out).checkpoint(3)), "it was not written again");
    }

    @Test
    void runStoppedBeforeItsFirstCheckpoint_saysWhatToDo() throws IOException {
        Path out = train("run", "--steps", "2");
        for (RunFolder.Saved saved : new RunFolder(out).checkpoints()) {
            Files.delete(saved.file());
        }
        Result resumed = run("train", "--resume", out.toString());
        assertEquals(3, resumed.exit());
        assertTrue(
                resumed.err().contains("start the run anew, with another --out or after removing this"), resumed.err());
        Result again = run("train", "--preset", "nano", "--data", text.toString(), "--out", out.toString());
        assertEquals(2, again.exit());
        assertTrue(again.err().contains("holds a run that was stopped before its first checkpoint"), again.err());
        Result none = run("train", "--resume", folder.resolve("none").toString());
        assertEquals(3, none.exit());
        assertTrue(none.err().contains("there is no such folder; --resume takes the folder of a run"), none.err());
    }

    @Test
    void resume_toAStepThatIsBehind_trainsNothingAndSaysSo() {
        Path out = train("run", "--steps", "6", "--stop-after", "4");
        Result back = run("train", "--resume", out.toString(), "--steps", "2");
        assertEquals(0, back.exit(), back.err());
        assertTrue(
                back.err()
                        .contains(
                                "note: this run is at step 4, which is where --steps would stop it; nothing is trained"),
                back.err());
        assertEquals(4, newest(out).step());
    }

    /** The weights of the best, of a step, of a step that is gone. */
    @Test
    void checkpointNamedBehindTheRun_isTheModel() {
        Path out = train("run", "--steps", "6", "--eval-every", "1", "--learning-rate", "50", "--warmup-steps", "3");
        String best = newest(out).extras().get("best_step");
        assertTrue(json(out + "@best").contains("\"step\": " + best + ","), "step " + best);
        assertTrue(json(out + "@5").contains("\"step\": 5,"));
        assertTrue(json(out.toString()).contains("\"step\": 6,"));
        Result gone = run("eval", "--model", out + "@77");
        assertEquals(3, gone.exit());
        assertTrue(gone.err().contains("has no checkpoint of step 77; there are those of steps 0, "), gone.err());
    }

    /** {@code runs/latest} is a file, so that it works where links do not. */
    @Test
    void latest_isTheRunThatItNames() throws IOException {
        Path out = train("run", "--steps", "4", "--stop-after", "2");
        Path latest = Files.writeString(folder.resolve("latest"), out + "\n");
        assertEquals(0, run("train", "--resume", latest.toString()).exit());
        assertEquals(4, newest(out).step());
        assertTrue(json(latest.toString()).contains("\"step\": 4,"));
        assertTrue(json(latest + "@0").contains("\"step\": 0,"));
        assertEquals(0, run("ledger", latest.toString()).exit());
        assertEquals(0, run("params", "--stats", latest.toString()).exit());

        Path tuned = folder.resolve("tuned");
        Result from = run(
                "train",
                "--from",
                latest.toString(),
                "--data",
                text.toString(),
                "--out",
                tuned.toString(),
                "--steps",
                "1");
        assertEquals(0, from.exit(), from.err());
        assertEquals(out.toString(), newest(tuned).extras().get("from"), "not the name, which moves on");

        Files.writeString(latest, folder.resolve("gone") + "\n");
        Result gone = run("eval", "--model", latest.toString());
        assertEquals(3, gone.exit());
        assertTrue(gone.err().contains("which is not there any more"), gone.err());
    }

    private String json(String model) {
        Result result = run("eval", "--model", model, "--data", text.toString(), "--format", "json");
        assertEquals(0, result.exit(), result.err());
        return result.out();
    }

    @Test
    void checkpoints_theFirstTheNewestTwoAndTheBest_areKept() {
        Path out = train("run", "--steps", "9", "--eval-every", "1", "--learning-rate", "0.01");
        assertEquals(List.of(0L, 8L, 9L), steps(out)); // the best is the newest
        Path worse =
                train("worse", "--steps", "6", "--eval-every", "1", "--learning-rate", "50", "--warmup-steps", "3");
        List<Long> kept = steps(worse);
        long best = Long.parseLong(newest(worse).extras().get("best_step"));
        assertTrue(best > 0 || kept.size() == 3, "the best is one of " + kept);
        assertTrue(kept.contains(best), "the best, " + best + ", is one of " + kept);
        assertTrue(kept.containsAll(List.of(0L, 5L, 6L)), kept.toString());

        Path four = train("four", "--steps", "9", "--eval-every", "0", "--save-every", "2", "--keep", "3");
        assertEquals(List.of(0L, 6L, 8L, 9L), steps(four));
    }

    /** A bit in the weights, in the first moments, in the second. */
    @ParameterizedTest
    @ValueSource(doubles = {0.25, 0.5, 0.9})
    void newestCheckpointDamaged_resumeUsesTheOneBeforeAndEndsTheSame(double place) throws IOException {
        String[] flags = {"--steps", "8", "--eval-every", "2"};
        Path whole = train("whole", flags);
        Path hurt = train("hurt", with(flags, "--stop-after", "6"));
        Path newest = new RunFolder(hurt).checkpoint(6);
        byte[] bytes = Files.readAllBytes(newest);
        bytes[(int) (bytes.length * place)] ^= 4;
        Files.write(newest, bytes);

        Result resumed = run("train", "--resume", hurt.toString());

        assertEquals(0, resumed.exit(), resumed.err());
        assertTrue(
                resumed.err().contains("step-000006.safetensors is damaged and was put aside; going on from step 4"),
                resumed.err());
        assertTrue(Files.exists(newest.resolveSibling("step-000006.safetensors.damaged")));
        assertSameState(whole, hurt);
    }

    @Test
    void newestCheckpointTorn_generateUsesTheOneBefore() throws IOException {
        Path out = train("run", "--steps", "4", "--eval-every", "2");
        Path newest = new RunFolder(out).checkpoint(4);
        Files.write(newest, Arrays.copyOf(Files.readAllBytes(newest), 2000));
        Result result = run("generate", "--model", out.toString(), "--prompt", "A fox", "--max-tokens", "5");
        assertEquals(0, result.exit(), result.err());
        assertTrue(result.err().contains("The checkpoint of step 2 is used instead"), result.err());
    }

    @Test
    void everyCheckpointDamaged_isBadData() throws IOException {
        Path out = train("run", "--steps", "2", "--eval-every", "1");
        for (RunFolder.Saved saved : new RunFolder(out).checkpoints()) {
            Files.write(saved.file(), new byte[100]);
        }
        Result result = run("train", "--resume", out.toString());
        assertEquals(3, result.exit(), result.err());
        assertTrue(result.err().contains("none of its 3 checkpoints can be used"), result.err());
        assertEquals(3, new RunFolder(out).checkpoints().size(), "none was put aside");
    }

    @Test
    void changedHyperparameter_isRefusedByName_unlessAllowed() {
        Path out = train("run", "--steps", "6", "--eval-every", "3", "--stop-after", "3");
        Result refused =
                run("train", "--resume", out.toString(), "--learning-rate", "0.5", "--min-learning-rate", "0.1");
        assertEquals(2, refused.exit());
        assertTrue(
                refused.err()
                        .contains("optimization.learning_rate 0.01 -> 0.5, optimization.min_learning_rate 0.001"
                                + " -> 0.1. Leave that out, or add --allow-change"),
                refused.err());
        Result longer = run("train", "--resume", out.toString(), "--steps", "7");
        assertEquals(2, longer.exit());
        assertTrue(longer.err().contains("optimization.steps 6 -> 7"), longer.err());
        Result wider = run("train", "--resume", out.toString(), "--width", "64", "--allow-change");
        assertEquals(2, wider.exit());
        assertTrue(wider.err().contains("cannot go on with another model.width 32 -> 64"), wider.err());

        Result allowed =
                run("train", "--resume", out.toString(), "--batch-size", "4", "--steps", "8", "--allow-change");
        assertEquals(0, allowed.exit(), allowed.err());
        CheckpointHeader after = newest(out);
        assertEquals(8, after.step());
        assertEquals(3 * 8 * 32 + 5 * 4 * 32, after.tokensSeen());
        assertEquals(4, after.hyperparameters().data().batchSize());
    }

    @Test
    void otherText_isRefused() throws IOException {
        Path out = train("run", "--steps", "5", "--stop-after", "3");
        Files.writeString(text, TEXT + "More.");
        Result other = run("train", "--resume", out.toString());
        assertEquals(3, other.exit());
        assertTrue(other.err().contains("is not the text this run was started with"), other.err());
        Result preset = run("train", "--resume", out.toString(), "--preset", "tiny");
        assertEquals(2, preset.exit());
        assertTrue(preset.err().contains("leave out --preset"), preset.err());
    }

    private void assertSameState(Path expected, Path actual) {
        Path a = new RunFolder(expected).newestFirst().get(0).file();
        Path b = new RunFolder(actual).newestFirst().get(0).file();
        assertEquals(a.getFileName(), b.getFileName());
        try (SafetensorsReader one = SafetensorsReader.open(a);
                SafetensorsReader two = SafetensorsReader.open(b)) {
            assertEquals(one.names(), two.names());
            assertTrue(one.names().stream().anyMatch(n -> n.startsWith("adam.v.")));
            for (String name : one.names()) {
                int n = (int) one.entry(name).elements();
                float[] left = new float[n];
                float[] right = new float[n];
                one.readFloats(name, 0, left, 0, n);
                two.readFloats(name, 0, right, 0, n);
                assertArrayEquals(bits(left), bits(right), name);
            }
        }
        assertFalse(newest(expected).weightsSha256().isEmpty());
        assertEquals(newest(expected).tokensSeen(), newest(actual).tokensSeen());
    }

    private static int[] bits(float[] values) {
        int[] bits = new int[values.length];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = Float.floatToRawIntBits(values[i]);
        }
        return bits;
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

    private static List<Long> steps(Path run) {
        return new RunFolder(run)
                .checkpoints().stream().map(RunFolder.Saved::step).toList();
    }

    private Path train(String name, String... flags) {
        Path out = folder.resolve(name);
        List<String> all = new ArrayList<>(List.of("train", "--preset", "nano", "--data", text.toString()));
        all.addAll(List.of("--out", out.toString()));
        all.addAll(List.of(flags));
        Result result = run(all.toArray(new String[0]));
        assertEquals(0, result.exit(), result.err());
        return out;
    }

    private static Result run(String... args) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int exit = Main.run(new PrintWriter(out), new PrintWriter(err), args);
        return new Result(exit, out.toString(), err.toString());
    }
}
