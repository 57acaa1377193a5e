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

class SearchCommandTest {
    private static final String[] SEARCH = {
        "search",
        "--set",
        "lr=1e-3,1e-2",
        "--set",
        "width=32,33",
        "--set",
        "dropout=0,0.1",
        "--halving",
        "eta=2,min-steps=2"
    };

    @TempDir
    Path folder;

    private Path text;

    @BeforeEach
    void write() throws IOException {
        text = folder.resolve("text.txt");
        Files.writeString(text, "A fox ran over the hill and saw a dog.\n".repeat(60));
    }

    private String[] search(String out, String... more) {
        List<String> arguments = new ArrayList<>(Arrays.asList(SEARCH));
        arguments.addAll(List.of("--out", folder.resolve(out).toString()));
        arguments.addAll(Arrays.asList(more));
        arguments.addAll(List.of("--", "--preset", "nano", "--steps", "12", "--data", text.toString()));
        return arguments.toArray(String[]::new);
    }

    /** The table but for what a clock says. */
    private List<String> table(String out) throws IOException {
        return table(folder.resolve(out));
    }

    static List<String> table(Path search) throws IOException {
        return Files.readAllLines(search.resolve("results.csv")).stream()
                .map(line -> {
                    List<String> cells = new ArrayList<>(List.of(line.split(",", -1)));
                    cells.remove(10); // seconds
                    cells.remove(9); // tok_s
                    return String.join(",", cells);
                })
                .toList();
    }

    @Test
    void search_ranksTrials_andLeavesWhatItPromises() throws IOException {
        Run run = Run.of(search("one"));
        assertEquals(0, run.exitCode(), run.err());
        assertTrue(
                run.err().contains("4 combinations of 8 left out:\n  2  learning-rate=0.001 width=33 dropout=0: "),
                run.err());
        assertTrue(
                run.lines().get(0).matches("rank +trial +state +val loss .*learning-rate +width +dropout"), run.out());
        assertTrue(run.lines().get(1).contains("complete"), run.out());
        assertEquals(
                4,
                run.lines().stream()
                        .filter(l -> l.contains("pruned") || l.contains("complete"))
                        .count());
        assertTrue(
                run.out()
                        .contains(
                                "hyperparameters: each of 4 runs differs from the base in what was searched (and what follows from it) only"),
                run.out());
        Path best = folder.resolve("one").resolve("best.json");
        assertTrue(run.out().contains(" train --config " + best + " --data " + text), run.out());
        Run again = Run.of(
                "train",
                "--config",
                best.toString(),
                "--data",
                text.toString(),
                "--out",
                folder.resolve("again").toString(),
                "--quiet",
                "--no-latest");
        assertEquals(0, again.exitCode(), again.err());
        String trial = table("one").get(1).split(",")[1];
        assertEquals(
                Files.readString(folder.resolve("one/trials").resolve(trial).resolve("config.json")),
                Files.readString(folder.resolve("again/config.json")));
        String page = Files.readString(folder.resolve("one").resolve("report.html"));
        assertFalse(page.contains("{{"), "all places are filled");
        assertTrue(page.contains("4 runs: each differs from the base in what was searched"), "the proof");
        assertEquals(3 + 2, page.split("<svg", -1).length - 1, "a plot for each searched one, for size and for time");
    }

    @Test
    void killedTwice_andResumed_endsWithTheTableOfAnUninterruptedSearch() throws Exception {
        assertEquals(0, Run.of(search("whole", "--parallel", "2")).exitCode());
        for (String moment : new String[] {"trial 001  step", "goes on to step"}) {
            ChildJvm child = new ChildJvm(
                    folder,
                    "1",
                    List.of("--add-modules", "jdk.incubator.vector"),
                    Main.class,
                    search("killed", "--resume"));
            child.awaitErr(moment);
            child.kill();
        }
        Files.writeString(
                folder.resolve("killed/trials.jsonl"), "{\"trial\":1,\"ru", java.nio.file.StandardOpenOption.APPEND);
        Run last = Run.of("search", "--resume", folder.resolve("killed").toString());
        assertEquals(0, last.exitCode(), last.err());
        assertEquals(table("whole"), table("killed"));
        assertTrue(last.out().contains("(ledgers checked)"), last.out());
        // A finished search can be shown again, and is not trained again.
        Run shown = Run.of("search", "--resume", folder.resolve("killed").toString());
        assertEquals(0, shown.exitCode(), shown.err());
        assertFalse(shown.err().contains("trial 0"), shown.err());
    }

    @Test
    void signal_printsTheBestSoFar_andEndsWith130() throws Exception {
        ChildJvm child = new ChildJvm(
                folder,
                "1",
                List.of("--add-modules", "jdk.incubator.vector"),
                Main.class,
                "search",
                "--set",
                "steps=4,90000",
                "--out",
                folder.resolve("s").toString(),
                "--",
                "--preset",
                "nano",
                "--data",
                text.toString());
        child.awaitErr("trial 001  steps=90000");
        child.terminate();
        assertEquals(130, child.exitCode(), child.err());
        assertTrue(child.out().contains("best: trial 000"), child.out());
        assertTrue(child.out().contains("unfinished"), child.out());
        assertTrue(child.err().contains("search --resume " + folder.resolve("s") + " goes on"), child.err());
    }

    @Test
    void dryRun_printsTrialsAndCosts_andLeavesNothing() {
        Run run = Run.of(search("dry", "--dry-run"));
        assertEquals(0, run.exitCode(), run.err());
        assertTrue(run.out().contains("4 trials, 20 steps and "), run.out()); // 4 to step 2, 2 to 4, 1 to 8 and 12
        assertFalse(Files.exists(folder.resolve("dry")));
    }

    @Test
    void allTrialsFail_isAFailureWithATable() throws IOException {
        Run run = Run.of(
                "search",
                "--set",
                "context=2000,4000",
                "--out",
                folder.resolve("f").toString(),
                "--quiet",
                "--",
                "--preset",
                "nano",
                "--data",
                text.toString());
        assertEquals(1, run.exitCode(), run.err());
        assertTrue(run.out().contains("no trial has a validation loss"), run.out());
        assertTrue(run.out().contains("trial 000 failed: "), run.out());
        assertFalse(Files.exists(folder.resolve("f/best.json")));
    }

    /** Something is in the way of one trial's folder; once it is gone, that trial is trained. */
    @Test
    void failedTrial_staysAsItIs_untilItIsToBeTriedAgain() throws IOException {
        assertEquals(0, Run.of(search("whole")).exitCode());
        Path search = Files.createDirectories(folder.resolve("s"));
        Files.copy(folder.resolve("whole/search.json"), search.resolve("search.json"));
        Path obstacle = Files.createDirectories(search.resolve("trials/001/metrics.jsonl"));
        Run failed = Run.of("search", "--resume", search.toString());
        assertEquals(0, failed.exitCode(), failed.err());
        assertTrue(failed.out().contains("trial 001 failed: "), failed.out());
        assertTrue(
                failed.err()
                        .contains("1 trial failed; tinygpt search --resume " + search + " --retry-failed tries again"),
                failed.err());
        Files.delete(obstacle);
        List<String> before = table("s");
        assertEquals(0, Run.of("search", "--resume", search.toString()).exitCode());
        assertEquals(before, table("s"), "it is not tried again unasked");
        Run again = Run.of("search", "--resume", search.toString(), "--retry-failed");
        assertEquals(0, again.exitCode(), again.err());
        assertTrue(again.err().contains("tried again: trial 001\n"), again.err());
        List<String> expected = table("whole").stream()
                .map(line -> line.startsWith("4,001,") ? line.replaceFirst(",1,(\\d+,0.001)", ",3,$1") : line)
                .toList();
        assertEquals(expected, table("s"), "two tries that failed, and one");
        assertTrue(again.out().contains("each of 4 runs differs"), again.out());
        Run none = Run.of("search", "--resume", search.toString(), "--retry-failed");
        assertTrue(none.err().contains("no trial has failed"), none.err());
    }

    @Test
    void resume_ofAnotherSearch_isRefused() {
        assertEquals(0, Run.of(search("r")).exitCode());
        Run other = Run.of(search("r", "--resume", "--seed", "9"));
        assertEquals(2, other.exitCode());
        assertTrue(other.err().contains("holds a search for something else"), other.err());
        Run again = Run.of(search("r"));
        assertEquals(2, again.exitCode());
        assertTrue(again.err().contains("already holds a search; go on with it with --resume"), again.err());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "--set lr=1,2 --trials 3 | --trials belongs to --method random",
                "--set lr=1e-3..1e-2 --method grid | is a range, and this method needs a list",
                "--set seed=1..1000 --trials 101 | at most 100 are trained unasked",
                "--set lr=1e-3,1e-2 --async | add --halving",
                "--set lr=1e-3,1e-2 --halving eta=1 | eta=1",
                "--set lr=1e-3,1e-2 --halving rungs=1 | --halving takes eta=N and min-steps=N",
                "--set lr=1e-3,1e-2 --timeout 5 | it is a time as in 90s",
                "--set lr=1e-3,1e-2 --resume | takes the folder of a search",
                "--set lr=1e-3,1e-2 -- --layer 3 | Unknown options: '--layer'",
                "--set lr=1e-3,1e-2 -- --stop-after 3 | cannot stand behind --",
                "--set lr=1e-3,1e-2 --parallel 0 | at least one trial",
                "--set lr=1e-3,1e-2 --retry-failed | --retry-failed belongs to --resume",
                "-- --preset nano | nothing is searched"
            })
    void wrongUsage_isOneLineAndExitCode2(String arguments, String complaint) {
        List<String> all = new ArrayList<>(List.of("search"));
        all.addAll(List.of(arguments.split(" ")));
        Run run = Run.of(all.toArray(String[]::new));
        assertEquals(2, run.exitCode(), run.err());
        assertTrue(run.err().contains(complaint), run.err());
        assertEquals(1, run.err().lines().count(), run.err());
    }
}
