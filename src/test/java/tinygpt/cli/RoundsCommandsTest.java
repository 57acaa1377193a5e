package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tinygpt.cli.Run.with;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tinygpt.formats.SafetensorsReader;
import tinygpt.runs.Checkpoint;
import tinygpt.runs.CheckpointHeader;
import tinygpt.runs.RunFolder;

/** Runs that are trained in rounds of replicas: their folders, and the commands that read them. */
class RoundsCommandsTest {
    private static final String TEXT =
            "A fox ran over the hill and saw a dog. \"Good day!\" said the dog.\n".repeat(30);
    private static final List<String> ROUNDS =
            List.of("--sync", "diloco", "--replicas", "2", "--local-steps", "4", "--dropout", "0.1");

    @TempDir
    Path folder;

    private Path text;

    @BeforeEach
    void writeText() throws IOException {
        text = folder.resolve("text.txt");
        Files.writeString(text, TEXT);
    }

    @Test
    void stoppedAnywhereAndResumed_isTheSameRunToTheBit() throws IOException {
        String[] flags = {"--steps", "22", "--eval-every", "5", "--save-every", "3", "--log-every", "1"};
        Path whole = train("whole", flags);
        Path parts = train("parts", with(flags, "--stop-after", "3", "--threads", "1"));
        assertEquals(4, newest(parts).step(), "the end of the first round");
        ok("train", "--resume", parts.toString(), "--stop-after", "1", "--threads", "2");
        assertEquals(8, newest(parts).step());
        ok("train", "--resume", parts.toString(), "--steps", "13");
        assertEquals(16, newest(parts).step());
        // As if killed: the logs know more than the newest checkpoint.
        Files.delete(new RunFolder(parts).checkpoint(16));
        ok("train", "--resume", parts.toString(), "--threads", "3");

        assertSameFiles(whole, parts);
        assertEquals(22 * 2 * 8 * 32, newest(whole).tokensSeen());
        List<String> steps = Files.readAllLines(whole.resolve("metrics.jsonl"));
        assertEquals(
                22, steps.stream().filter(line -> line.contains("\"loss\":")).count());
        assertEquals(
                6, steps.stream().filter(line -> line.contains("\"val_loss\":")).count(), "0 8 12 16 20 22");
        assertEquals(1 + 6, Files.readAllLines(whole.resolve("tensors.jsonl")).size(), "a line a round");
    }

    private void assertSameFiles(Path expected, Path actual) throws IOException {
        assertEquals(tensors(expected), tensors(actual));
        assertEquals(newest(expected).weightsSha256(), newest(actual).weightsSha256());
        assertEquals(newest(expected).optimizerSha256(), newest(actual).optimizerSha256());
        assertTrue(newest(expected).optimizerSha256().isPresent());
        assertEquals(newest(expected).tokensSeen(), newest(actual).tokensSeen());
        for (String log : List.of("tensors.jsonl", "samples.txt", "snapshots.jsonl", "probe.jsonl", "config.json")) {
            assertArrayEquals(Files.readAllBytes(expected.resolve(log)), Files.readAllBytes(actual.resolve(log)), log);
        }
        assertEquals(withoutTimes(expected), withoutTimes(actual));
    }

    private static List<String> withoutTimes(Path run) throws IOException {
        return Files.readAllLines(run.resolve("metrics.jsonl")).stream()
                .map(line -> line.replaceAll("\"(wall|step_ms|tok_s)\":[^,}]*", ""))
                .toList();
    }

    /** A hash of each tensor of the newest checkpoint. */
    private static Map<String, Integer> tensors(Path run) {
        Map<String, Integer> hashes = new TreeMap<>();
        try (SafetensorsReader in =
                SafetensorsReader.open(new RunFolder(run).newestFirst().get(0).file())) {
            for (String name : in.names()) {
                float[] values = new float[(int) in.entry(name).elements()];
                in.readFloats(name, 0, values, 0, values.length);
                hashes.put(name, Arrays.hashCode(values));
            }
        }
        return hashes;
    }

    @Test
    void checkpoint_holdsTheMomentsOfEachReplicaAndTheOuterVelocity() {
        Map<String, Integer> tensors = tensors(train("run", "--steps", "4"));
        long weights = tensors.keySet().stream()
                .filter(n -> !n.matches("(adam|diloco)\\..*"))
                .count();
        assertEquals(6 * weights, tensors.size());
        for (String role : List.of("diloco.outer.", "adam.m.0.", "adam.v.0.", "adam.m.1.", "adam.v.1.")) {
            assertTrue(tensors.containsKey(role + "wte.weight"), role);
        }
        assertFalse(tensors.get("adam.m.0.wte.weight").equals(tensors.get("adam.m.1.wte.weight")));
    }

    /** A bit in one of the moments, in the velocity, in a weight: the order of the file. */
    @ParameterizedTest
    @CsvSource({"0.1", "0.4", "0.6", "0.8", "0.95"})
    void damagedCheckpoint_isPutAside_andTheRunEndsTheSame(double place) throws IOException {
        String[] flags = {"--steps", "12", "--eval-every", "4"};
        Path whole = train("whole", flags);
        Path hurt = train("hurt", with(flags, "--stop-after", "8"));
        Path newest = new RunFolder(hurt).checkpoint(8);
        byte[] bytes = Files.readAllBytes(newest);
        bytes[(int) (bytes.length * place)] ^= 4;
        Files.write(newest, bytes);
        Run resumed = ok("train", "--resume", hurt.toString());
        assertTrue(resumed.err().contains("is damaged and was put aside; going on from step 4"), resumed.err());
        assertEquals(tensors(whole), tensors(hurt));
    }

    @Test
    void config_hasTheGroup_andThatOfARunWithoutRoundsHasNot() throws IOException {
        Path rounds = train("rounds", "--steps", "4");
        String config = Files.readString(rounds.resolve("config.json"));
        assertTrue(config.contains("\"sync\" : \"diloco\"") && config.contains("\"local_steps\" : 4"), config);
        Path plain = folder.resolve("plain");
        ok("train", "--preset", "nano", "--data", text.toString(), "--out", plain.toString(), "--steps", "1");
        assertFalse(Files.readString(plain.resolve("config.json")).contains("sync"));
        assertFalse(newest(plain).hyperparameters().canonicalJson().contains("sync"));
        Run started = Run.of(
                "train",
                "--config",
                rounds.resolve("config.json").toString(),
                "--data",
                text.toString(),
                "--out",
                folder.resolve("again").toString());
        assertEquals(0, started.exitCode(), started.err());
        assertTrue(
                started.err()
                        .contains(
                                "rounds   2 replicas, each with batches of its own · 4 local steps, then an outer step"
                                        + " with rate 0.7, momentum 0.9"),
                started.err());
        assertEquals(tensors(rounds), tensors(folder.resolve("again")));
    }

    @Test
    void commandsThatReadARun_readThisOne() {
        Path run = train("run", "--steps", "8", "--eval-every", "4");
        ok("ledger", run.toString());
        ok("inspect", run.toString(), "wte.weight");
        ok("params", "--stats", run.toString());
        ok("report", run.toString(), "--out", folder.resolve("report.html").toString());
        ok("eval", "--model", run.toString());
        ok("generate", "--model", run.toString(), "--max-tokens", "5", "--prompt", "A fox");
        ok("audit", "--model", run.toString());
        Path tuned = folder.resolve("tuned");
        ok(
                "train",
                "--from",
                run.toString(),
                "--data",
                text.toString(),
                "--out",
                tuned.toString(),
                "--steps",
                "3",
                "--sync",
                "step");
        assertFalse(newest(tuned).hyperparameters().synchronization().inRounds());
    }

    @Test
    void commandsThatFollowOneUpdate_refuseARunThatHasNone() {
        Path run = train("run", "--steps", "4");
        for (Run refused : List.of(
                Run.of("why", "wte.weight[0,0]", "--run", run.toString(), "--step", "2"),
                Run.of("step", "--model", run.toString()),
                Run.of("step", "--sync", "diloco"))) {
            assertEquals(2, refused.exitCode(), refused.err());
            assertTrue(refused.err().contains("is trained in rounds of replicas (--sync diloco)"), refused.err());
            assertEquals(
                    1,
                    refused.err()
                            .strip()
                            .lines()
                            .filter(l -> l.contains("diloco"))
                            .count());
        }
        Run bench = Run.of("bench", "--preset", "nano", "--sync", "diloco");
        assertEquals(2, bench.exitCode());
        assertTrue(bench.err().contains("leave --sync out"), bench.err());
    }

    @Test
    void resume_withOtherRounds_needsLeave_andWithOtherReplicasIsRefused() {
        Path run = train("run", "--steps", "12", "--stop-after", "4");
        Run refused = Run.of("train", "--resume", run.toString(), "--replicas", "3", "--allow-change");
        assertEquals(2, refused.exitCode());
        assertTrue(refused.err().contains("cannot go on with another synchronization.replicas 2 -> 3"), refused.err());
        Run plain = Run.of("train", "--resume", run.toString(), "--sync", "step", "--allow-change");
        assertEquals(2, plain.exitCode());
        assertTrue(plain.err().contains("synchronization.sync \"diloco\" -> \"step\""), plain.err());
        Run asked = Run.of("train", "--resume", run.toString(), "--local-steps", "8");
        assertEquals(2, asked.exitCode());
        assertTrue(asked.err().contains("add --allow-change"), asked.err());
        ok("train", "--resume", run.toString(), "--local-steps", "8", "--allow-change");
        assertEquals(12, newest(run).step());
        ok("ledger", run.toString());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--replicas 2 | replicas 2 belongs to rounds of local steps; add --sync diloco, or leave --replicas out",
                "--outer-momentum 0.5 | outer_momentum 0.5 belongs to rounds of local steps; add --sync diloco",
                "--sync diloco --local-steps 0 | local_steps is 0; it must be at least 1",
                "--sync diloco --replicas 0 | replicas is 0; it must lie between 1 and 1,000",
                "--sync diloco --outer-momentum 1 | outer_momentum is 1.0; it must lie in [0, 1)",
                "--sync diloco --outer-learning-rate 0 | outer_learning_rate is 0.0; it must lie between 0 and 100",
                "--sync diloco --skip-spikes 6 | leave --skip-spikes or --sync diloco out",
                "--sync diloco --replicas 1000 --batch-size 100000 --shards 1 | lower --replicas or --batch-size",
                "--sync async | synchronization.sync takes one of step, diloco",
            })
    void impossibleRounds_areRefusedWithAReason(String flags, String reason) {
        List<String> all = new ArrayList<>(List.of("train", "--preset", "nano", "--data", text.toString()));
        all.addAll(List.of(flags.split(" ")));
        all.addAll(List.of("--out", folder.resolve("none").toString()));
        Run result = Run.of(all.toArray(new String[0]));
        assertEquals(2, result.exitCode());
        assertTrue(result.err().contains(reason), result.err());
        assertFalse(Files.exists(folder.resolve("none")));
    }

    /** Rungs at 3 and 9 of 18 steps, in the middle of rounds: trials get there at the end of the round. */
    @Test
    void search_takesRoundsToo() throws IOException {
        Path out = folder.resolve("search");
        Run result = Run.of(
                "search",
                "--set",
                "sync=step,diloco",
                "--set",
                "lr=1e-3,1e-2",
                "--halving",
                "eta=3,min-steps=3",
                "--out",
                out.toString(),
                "--",
                "--preset",
                "nano",
                "--data",
                text.toString(),
                "--steps",
                "18");
        assertEquals(0, result.exitCode(), result.err());
        String table = Files.readString(out.resolve("results.csv"));
        assertEquals(5, table.lines().count(), table);
        assertTrue(table.contains("diloco"), table);
        assertTrue(result.out().contains("diloco"), result.out());
        assertFalse(result.out().contains("was not searched"), result.out());
        assertTrue(result.err().contains("those with longer rounds have seen more text"), result.err());
    }

    private static CheckpointHeader newest(Path run) {
        return Checkpoint.readHeader(new RunFolder(run).newestFirst().get(0).file());
    }

    private Path train(String name, String... flags) {
        Path out = folder.resolve(name);
        List<String> all = new ArrayList<>(List.of("train", "--preset", "nano", "--data", text.toString()));
        all.addAll(ROUNDS);
        all.addAll(List.of("--out", out.toString()));
        all.addAll(List.of(flags));
        ok(all.toArray(new String[0]));
        return out;
    }

    private static Run ok(String... args) {
        Run result = Run.of(args);
        assertEquals(0, result.exitCode(), result.err());
        return result;
    }
}
