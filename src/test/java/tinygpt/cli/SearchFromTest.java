package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tinygpt.runs.Checkpoint;
import tinygpt.runs.CheckpointHeader;
import tinygpt.runs.RunFolder;

/** A search whose trials begin with the weights of another model. */
class SearchFromTest {
    @TempDir
    Path folder;

    private Path text;
    private Path base;

    @BeforeEach
    void trainTheBase() throws IOException {
        text = Files.writeString(folder.resolve("text.txt"), "A fox ran over the hill and saw a dog.\n".repeat(60));
        base = train("base", "--preset", "nano", "--steps", "5");
    }

    private Path train(String name, String... flags) {
        Path out = folder.resolve(name);
        List<String> arguments = new ArrayList<>(List.of("train", "--data", text.toString(), "--out", out.toString()));
        arguments.addAll(List.of("--quiet", "--no-latest"));
        arguments.addAll(Arrays.asList(flags));
        Run run = Run.of(arguments.toArray(String[]::new));
        assertEquals(0, run.exitCode(), run.err());
        return out;
    }

    /** Ranks of adapters, and none, which trains everything. */
    private String[] search(String out, String... more) {
        List<String> arguments = new ArrayList<>(List.of(
                "search",
                "--set",
                "lora-rank=0,2,4",
                "--halving",
                "eta=2,min-steps=2",
                "--out",
                folder.resolve(out).toString()));
        arguments.addAll(Arrays.asList(more));
        arguments.addAll(List.of("--", "--from", base.toString(), "--steps", "8", "--data", text.toString()));
        return arguments.toArray(String[]::new);
    }

    private static CheckpointHeader at(Path run, long step) {
        return Checkpoint.readHeader(new RunFolder(run).checkpoint(step));
    }

    private List<String> table(String out) throws IOException {
        return SearchCommandTest.table(folder.resolve(out));
    }

    @Test
    void everyTrial_beginsWithTheWeightsOfTheBase_andTheBestCanBeTrainedAgain() throws IOException {
        Run run = Run.of(search("s"));
        assertEquals(0, run.exitCode(), run.err());
        String sha = at(base, 5).weightsSha256();
        Path trials = folder.resolve("s").resolve("trials");
        assertEquals(sha, at(trials.resolve("000"), 0).weightsSha256(), "without adapters it is the base itself");
        for (String trial : new String[] {"000", "001", "002"}) {
            assertEquals(sha, at(trials.resolve(trial), 0).baseWeightsSha256().orElseThrow());
        }
        assertTrue(
                run.out()
                        .contains(
                                "each of 3 runs differs from the base in what was searched (and what follows from it) only,"
                                        + " began with the weights of " + base + "@5, and kept"),
                run.out());
        String line = run.lines().stream()
                .filter(l -> l.startsWith("train it: "))
                .findFirst()
                .orElseThrow();
        assertTrue(
                line.endsWith(
                        " train --config " + folder.resolve("s/best.json") + " --from " + base + "@5 --data " + text),
                line);
        String best = table("s").get(1).split(",")[1];
        Path again = train("again", "--config", folder.resolve("s/best.json").toString(), "--from", base + "@5");
        assertEquals(
                at(trials.resolve(best), 8).weightsSha256(), at(again, 8).weightsSha256(), "the same, bit for bit");
        assertEquals(
                Files.readString(trials.resolve(best).resolve("config.json")),
                Files.readString(again.resolve("config.json")));
        assertEquals(
                Files.exists(again.resolve("adapter/adapter_model.safetensors")),
                Files.exists(trials.resolve(best).resolve("adapter/adapter_model.safetensors")));
        assertTrue(
                Files.readString(folder.resolve("s/report.html")).contains("each began with the weights of the same"));
    }

    @Test
    void killed_andResumed_endsWithTheTableOfAnUninterruptedSearch() throws Exception {
        assertEquals(0, Run.of(search("whole")).exitCode());
        ChildJvm child = new ChildJvm(
                folder,
                "1",
                List.of("--add-modules", "jdk.incubator.vector"),
                Main.class,
                search("killed", "--resume"));
        child.awaitErr("trial 001  step");
        child.kill();
        Run resumed = Run.of(search("killed", "--resume", "--parallel", "2"));
        assertEquals(0, resumed.exitCode(), resumed.err());
        assertEquals(table("whole"), table("killed"));
        assertTrue(resumed.out().contains("began with the weights of"), resumed.out());
    }

    @Test
    void resumed_withAnotherBase_isRefused() throws IOException {
        assertEquals(0, Run.of(search("s")).exitCode());
        String first = base.toString();
        base = train("other", "--preset", "nano", "--steps", "5", "--seed", "7");
        Run asked = Run.of(search("s", "--resume"));
        assertEquals(2, asked.exitCode(), asked.err());
        assertTrue(asked.err().contains("holds a search for something else"), asked.err());
        Files.copy(
                new RunFolder(base).checkpoint(5),
                new RunFolder(Path.of(first)).checkpoint(5),
                java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        Run changed = Run.of("search", "--resume", folder.resolve("s").toString());
        assertEquals(3, changed.exitCode(), changed.err());
        assertTrue(changed.err().contains(first + "@5: is not the model this search was begun with"), changed.err());
        assertEquals(1, changed.err().lines().count(), changed.err());
    }

    @Test
    void newCharacters_getTokens_alsoWhenTheBestIsTrainedAgain() throws IOException {
        Files.writeString(text, "A zebra! And a quick yak?\n".repeat(60));
        Run dry = Run.of(search("s", "--dry-run"));
        assertEquals(3, dry.exitCode(), dry.err());
        assertTrue(dry.err().contains("--vocabulary extend"), dry.err());
        List<String> arguments = new ArrayList<>(Arrays.asList(search("s")));
        arguments.addAll(List.of("--vocabulary", "extend"));
        Run run = Run.of(arguments.toArray(String[]::new));
        assertEquals(0, run.exitCode(), run.err());
        assertTrue(run.out().contains(" --from " + base + "@5 --vocabulary extend --data "), run.out());
        assertEquals(
                0, Run.of("search", "--resume", folder.resolve("s").toString()).exitCode());
        train(
                "again",
                "--config",
                folder.resolve("s/best.json").toString(),
                "--from",
                base + "@5",
                "--vocabulary",
                "extend");
    }

    @Test
    void dryRun_countsWhatWouldBeTrained() {
        Run run = Run.of(search("s", "--dry-run"));
        assertEquals(0, run.exitCode(), run.err());
        assertTrue(run.out().contains("3 trials, 12 steps"), run.out()); // 3 to step 2, 1 to 4 and 8
        assertFalse(Files.exists(folder.resolve("s")));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--set width=16,32    | -- --from BASE          | --set width: every trial begins with the weights of BASE",
                "--set layers=1,2     | -- --from BASE          | search it without --from",
                "--set lr=1e-3,1e-2   | -- --from BASE --layers 3 | stays as it is, but this would change model.layers",
                "--set lr=1e-3,1e-2   | -- --preset nano --from BASE | leave out --preset",
                "--set lr=1e-3,1e-2   | -- --vocabulary extend  | --vocabulary belongs to --from",
                "--sizes 16,32        | -- --from BASE          | cannot all begin with the weights of one"
            })
    void whatTheModelDecides_cannotBeAskedFor(String what, String flags, String complaint) {
        List<String> arguments = new ArrayList<>(List.of(what.startsWith("--sizes") ? "scale-study" : "search"));
        arguments.addAll(List.of(what.split(" ")));
        arguments.addAll(List.of(flags.replace("BASE", base.toString()).split(" ")));
        arguments.addAll(List.of("--data", text.toString()));
        Run run = Run.of(arguments.toArray(String[]::new));
        assertEquals(2, run.exitCode(), run.err());
        assertTrue(run.err().contains(complaint.replace("BASE", base.toString())), run.err());
        assertEquals(1, run.err().lines().count(), run.err());
    }

    @Test
    void adaptersOfTheBase_areItsOwn() {
        base = train("adapted", "--preset", "nano", "--steps", "2", "--lora", "rank=2");
        Run run = Run.of(search("s"));
        assertEquals(2, run.exitCode(), run.err());
        assertTrue(run.err().contains("--set lora-rank: " + base + " has adapters already"), run.err());
    }
}
