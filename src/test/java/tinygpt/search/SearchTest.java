package tinygpt.search;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tinygpt.formats.BadFileException;

/** What a search decides, with a runner that knows the losses beforehand. */
class SearchTest {
    private static final Search.Listener NOBODY = new Search.Listener() {
        @Override
        public void begins(Trial trial, int rung) {}

        @Override
        public void ended(Trial trial, int rung, TrialOutcome outcome, List<Result> results) {}

        @Override
        public void pruned(Trial trial) {}
    };

    @TempDir
    Path folder;

    private final List<String> done = Collections.synchronizedList(new ArrayList<>());

    /** Trial i is the better the nearer it is to 5, at any step; 7 diverges at once, 8 fails. */
    private TrialRunner runner() {
        return (trial, step, stop) -> {
            done.add(trial.index() + "@" + step);
            if (trial.index() == 7) {
                return new TrialOutcome(TrialOutcome.Kind.DIVERGED, 1, 1, Double.NaN, Double.NaN, -1, 0, 1, "NaN");
            }
            if (trial.index() == 8) {
                return TrialOutcome.failed("the disk is full", 2);
            }
            return Plans.reached(trial, step, Math.abs(trial.index() - 5) + 1.0 / step);
        };
    }

    private List<Result> run(SearchPlan plan, int parallel) throws IOException {
        return run(plan, parallel, runner());
    }

    private List<Result> run(SearchPlan plan, int parallel, TrialRunner runner) throws IOException {
        return Search.open(plan, TrialList.of(plan), folder).run(runner, parallel, () -> false, NOBODY);
    }

    private static String line(Result result) {
        return result.trial().index() + " " + result.state().text() + " " + result.step();
    }

    private static List<String> table(List<Result> results) {
        return results.stream().map(SearchTest::line).toList();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void halving_promotesTheBestThirdOfThoseThatSetOut(int parallel) throws IOException {
        List<Result> results = run(Plans.halving(false), parallel);
        assertEquals(
                List.of(
                        "5 complete 90",
                        "4 pruned 30",
                        "6 pruned 30",
                        "3 pruned 10",
                        "2 pruned 10",
                        "1 pruned 10",
                        "0 pruned 10",
                        "7 diverged 1",
                        "8 failed 0"),
                table(results));
        Set<String> jobs = new TreeSet<>(done);
        assertEquals(jobs.size(), done.size(), "no job is done twice");
        assertEquals(
                Set.of(
                        "0@10", "1@10", "2@10", "3@10", "4@10", "5@10", "6@10", "7@10", "8@10", "4@30", "5@30", "6@30",
                        "5@90"),
                jobs);
        assertEquals("the disk is full", results.get(8).message());
        assertEquals(2, results.get(8).attempts());
    }

    @Test
    void asynchronousHalving_promotesAsSoonAsItCan() throws IOException {
        List<Result> results = run(Plans.halving(true), 1);
        // Of n results the best n/3 may go on at any time: 2 after three, 3 after four, ...; at the end 5, 4 and 6 may.
        assertEquals(
                "[0@10, 1@10, 2@10, 2@30, 3@10, 3@30, 4@10, 4@30, 4@90, 5@10, 5@30, 5@90, 6@10, 7@10, 8@10, 6@30]",
                done.toString());
        assertEquals("5 complete 90", line(results.get(0)));
        assertTrue(results.stream().noneMatch(result -> result.state() == TrialState.UNFINISHED));
    }

    @Test
    void asynchronousHalving_ofTooFewTrials_stillFinishesOne() throws IOException {
        SearchPlan plan = new SearchPlan(
                Plans.nano(),
                SearchSpace.parse(List.of("seed=1,2")),
                SearchPlan.Method.GRID,
                0,
                1,
                new SearchPlan.Halving(3, 20, true),
                false);
        assertEquals(TrialState.COMPLETE, run(plan, 2).get(0).state());
    }

    @Test
    void withoutHalving_allAreComplete() throws IOException {
        List<Result> results = run(Plans.grid("seed=3,4,5"), 2);
        assertEquals(List.of("2 complete 200", "1 complete 200", "0 complete 200"), table(results));
    }

    /** Whatever was written before a search died, the rest follows. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void resumed_afterAnyNumberOfLines_endsWithTheSameTable(boolean async) throws IOException {
        SearchPlan plan = Plans.halving(async);
        List<String> whole = table(run(plan, 1));
        Path journal = folder.resolve(TrialJournal.FILE);
        byte[] bytes = Files.readAllBytes(journal);
        List<String> lines = Files.readAllLines(journal);
        for (int kept = 0; kept <= lines.size(); kept++) {
            Files.write(journal, lines.subList(0, kept));
            if (kept < lines.size()) { // and the next line torn
                Files.writeString(
                        journal, lines.get(kept).substring(0, lines.get(kept).length() / 2), StandardOpenOption.APPEND);
            }
            done.clear();
            assertEquals(whole, table(run(plan, 1)), "after " + kept + " lines");
            assertEquals(lines.size() - kept, done.size(), "nothing is done again");
            assertEquals(new String(bytes), Files.readString(journal));
        }
    }

    @Test
    void stopped_asksForNoMoreJobs_andTheTableSaysWhatIsUnfinished() throws IOException {
        SearchPlan plan = Plans.halving(false);
        boolean[] stop = new boolean[1];
        TrialRunner runner = (trial, step, asked) -> {
            if (trial.index() == 3) {
                stop[0] = true;
                return new TrialOutcome(TrialOutcome.Kind.STOPPED, 4, 4, Double.NaN, Double.NaN, -1, 0, 1, "");
            }
            return Plans.reached(trial, step, trial.index());
        };
        List<Result> results = Search.open(plan, TrialList.of(plan), folder).run(runner, 1, () -> stop[0], NOBODY);
        assertEquals("0 unfinished 10", line(results.get(0)));
        assertEquals(
                9,
                results.stream().filter(r -> r.state() == TrialState.UNFINISHED).count());
        assertEquals(3, Files.readAllLines(folder.resolve(TrialJournal.FILE)).size());
    }

    /** Trial 5, the best, fails at a rung; tried again, everything is decided as if it had not. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "10 | 0 | 4 complete 90, 3 pruned 30 | 5@10, 5@30, 5@90, 8@10",
                "30 | 1 | 4 complete 90              | 5@30, 5@90, 8@10",
                "90 | 2 | ''                         | 5@90, 8@10"
            })
    void retried_takesPartAsIfItHadNotFailed(int failsAt, int rung, String displaced, String jobs) throws IOException {
        SearchPlan plan = Plans.halving(false);
        List<String> sound = table(run(plan, 1));
        Path file = folder.resolve(TrialJournal.FILE);
        Files.delete(file);
        run(
                plan,
                2,
                (trial, step, stop) -> trial.index() == 5 && step == failsAt
                        ? TrialOutcome.failed("the disk is full", 1)
                        : runner().run(trial, step, stop));
        String before = Files.readString(file);
        done.clear();

        Search search = Search.open(plan, TrialList.of(plan), folder);
        assertEquals(
                List.of(5, 8), search.retryFailed(0).stream().map(Trial::index).toList());
        // As if killed here: the journal says what is to be done.
        List<Result> results = run(plan, 2);
        assertEquals("5 complete 90", line(results.get(0)));
        assertEquals(2, results.get(0).attempts());
        assertEquals("8 failed 0", line(results.get(8)));
        assertEquals(4, results.get(8).attempts(), "twice and twice again");
        assertEquals(jobs, String.join(", ", new TreeSet<>(done)));
        String after = Files.readString(file);
        assertTrue(after.startsWith(before), "it is only appended to");
        assertTrue(after.contains("{\"trial\":5,\"rung\":" + rung + ",\"outcome\":\"retry\","), after);
        // Those that were promoted in its place keep what they have; all others are where they would be.
        List<String> others = new ArrayList<>(table(results));
        others.removeAll(sound);
        assertEquals(displaced, String.join(", ", others));
    }

    @Test
    void retried_asynchronously_goesOnWhereItWasPromotedTo() throws IOException {
        SearchPlan plan = Plans.halving(true);
        run(
                plan,
                1,
                (trial, step, stop) -> trial.index() == 2 && step == 30
                        ? TrialOutcome.failed("the disk is full", 1)
                        : runner().run(trial, step, stop));
        done.clear();
        Search again = Search.open(plan, TrialList.of(plan), folder);
        again.retryFailed(0);
        List<Result> results = again.run(runner(), 1, () -> false, NOBODY);
        assertEquals("[2@30, 8@10]", done.toString());
        assertTrue(table(results).contains("2 pruned 30"), table(results).toString());
    }

    @Test
    void timeouts_areTriedAgainWithMoreTimeOnly_andTheDivergedNever() throws IOException {
        SearchPlan plan = Plans.grid("seed=3,4");
        run(
                plan,
                1,
                (trial, step, stop) -> new TrialOutcome(
                        trial.index() == 0 ? TrialOutcome.Kind.TIMEOUT : TrialOutcome.Kind.DIVERGED,
                        7,
                        7,
                        Double.NaN,
                        Double.NaN,
                        -1,
                        60,
                        1,
                        ""));
        for (double seconds : new double[] {0, 60}) {
            Search same = Search.open(plan, TrialList.of(plan), folder);
            assertEquals(List.of(), same.retryFailed(seconds));
        }
        Search longer = Search.open(plan, TrialList.of(plan), folder);
        assertEquals(1, longer.retryFailed(61).size());
        List<Result> results = longer.run(runner(), 1, () -> false, NOBODY);
        assertEquals(List.of("0 complete 200", "1 diverged 7"), table(results));
        assertEquals(2, results.get(0).attempts());
    }

    /** Runners promise not to; if one does, the search ends with what went wrong instead of hanging. */
    @Test
    void runnerThatThrows_endsTheSearch() {
        assertThrows(
                IllegalStateException.class,
                () -> run(Plans.halving(false), 2, (trial, step, stop) -> {
                    throw new IllegalStateException("broken");
                }));
    }

    @Test
    void editedJournal_isRefusedByItsLine() throws IOException {
        SearchPlan plan = Plans.halving(false);
        run(plan, 1);
        Path journal = folder.resolve(TrialJournal.FILE);
        List<String> lines = new ArrayList<>(Files.readAllLines(journal));
        lines.set(1, lines.get(1).replace("reached", "won"));
        Files.write(journal, lines);
        BadFileException e = assertThrows(BadFileException.class, () -> run(plan, 1));
        assertTrue(e.getMessage().contains("line 2 was edited or is damaged"), e.getMessage());
        Files.write(journal, List.of("{\"trial\":99,\"rung\":0,\"outcome\":\"reached\"}"));
        assertTrue(assertThrows(BadFileException.class, () -> run(plan, 1))
                .getMessage()
                .contains("trial 99, which this search does not have"));
    }

    @Test
    void csv_hasALineForEachTrial_andQuotesWhatSomebodyElseSaid() throws IOException {
        SearchPlan plan = Plans.grid("seed=0,1,2,3,4,5,6,7,8");
        List<Result> results = run(
                plan,
                1,
                (trial, step, stop) -> trial.index() == 0
                        ? TrialOutcome.failed("no room, says \"disk\"\nreally", 1)
                        : Plans.reached(trial, step, trial.index()));
        List<String> lines = ResultFiles.csv(plan, results).lines().toList();
        assertEquals(10, lines.size());
        assertEquals(
                "rank,trial,state,val_loss,ppl,best_loss,best_step,step,tokens,tok_s,seconds,attempts,parameters,seed,message",
                lines.get(0));
        assertEquals(
                "1,001,complete,1,2.718281828459045,1,200,200,51200,102400,0.5,1,28448,1,",
                lines.get(1).replaceAll(",[0-9]+,1,$", ",28448,1,"));
        assertTrue(lines.get(9).endsWith(",0,\"no room, says \"\"disk\"\" really\""), lines.get(9));
    }

    /** Ctrl-C prints the best so far, which may be a trial that is not done. */
    @Test
    void stoppedTrial_showsHowFarItCame_andChangesNothingOfWhatComes() throws IOException {
        SearchPlan plan = Plans.grid("seed=0,1");
        AtomicBoolean interrupted = new AtomicBoolean();
        TrialRunner stopped = (trial, step, stop) -> {
            interrupted.set(true);
            return new TrialOutcome(TrialOutcome.Kind.STOPPED, 40, 40, 2.5, 2.4, 20, 3, 1, "");
        };
        List<Result> results = Search.open(plan, TrialList.of(plan), folder).run(stopped, 1, interrupted::get, NOBODY);
        assertEquals(List.of("0 unfinished 40", "1 unfinished 0"), table(results));
        assertEquals(2.5, Result.best(results).loss());
        assertTrue(TrialJournal.read(folder).isEmpty(), "what is not done is not decided on");
        assertEquals(List.of("1 complete 200", "0 complete 200"), table(run(plan, 1)));
    }
}
