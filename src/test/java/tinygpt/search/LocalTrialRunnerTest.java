package tinygpt.search;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.TokenizerKind;
import tinygpt.runs.RunFolder;
import tinygpt.runs.RunSettings;
import tinygpt.runs.TensorComparison;
import tinygpt.runs.TrainingText;
import tinygpt.training.Trainer;

/** Trials as runs: how they end, and that going on at a rung is as if there were none. */
class LocalTrialRunnerTest {
    private static final int STEPS = 12;

    @TempDir
    Path folder;

    private TrainingText text;

    @BeforeEach
    void write() throws IOException {
        Path file = folder.resolve("text.txt");
        Files.writeString(file, "A fox ran over the hill and saw a dog.\n".repeat(60));
        text = TrainingText.read(file, TokenizerKind.CHARACTER, 0.1);
    }

    private SearchPlan plan(String... sets) {
        Hyperparameters base =
                Trainer.withVocabulary(Plans.nano().with("optimization.steps", Integer.toString(STEPS)), text.corpus());
        return new SearchPlan(base, SearchSpace.parse(List.of(sets)), SearchPlan.Method.GRID, 0, 1, null, false);
    }

    private Trial trial(String set) {
        return TrialList.of(plan(set)).trials().get(0);
    }

    private LocalTrialRunner runner(String name, double seconds) throws IOException {
        Path search = Files.createDirectories(folder.resolve(name));
        RunSettings settings = new RunSettings(5, 0, 2, false, false, new RunSettings.Snapshots(0, List.of(), ""));
        return new LocalTrialRunner(search, text, null, settings, STEPS, 1, new LocalTrialRunner.Limits(seconds, 1));
    }

    private LocalTrialRunner runner(String name) throws IOException {
        return runner(name, Double.POSITIVE_INFINITY);
    }

    @Test
    void rungs_changeNoBitOfATrial() throws IOException {
        Trial trial = trial("dropout=0.1");
        TrialOutcome whole = runner("whole").run(trial, STEPS, () -> false);
        LocalTrialRunner parts = runner("parts");
        TrialOutcome first = parts.run(trial, 4, () -> false);
        assertEquals(TrialOutcome.Kind.REACHED, first.kind());
        assertEquals(4, first.step());
        assertEquals(4 * trial.tokensPerStep(), first.tokens());
        TrialOutcome last = parts.run(trial, STEPS, () -> false);
        assertEquals(whole.loss(), last.loss());
        assertTrue(last.loss() < first.loss());
        RunFolder one = trial.folder(folder.resolve("whole"));
        RunFolder other = trial.folder(folder.resolve("parts"));
        assertTrue(TensorComparison.of(one.checkpoint(STEPS), other.checkpoint(STEPS))
                .difference()
                .isEmpty());
        // Asked again, for a search whose journal lost the line: nothing is trained, and the answer is the same.
        TrialOutcome again = parts.run(trial, STEPS, () -> false);
        assertEquals(last, again);
    }

    @Test
    void proof_holdsForATrial_andFindsAnotherConfig() throws IOException {
        Trial trial = trial("lr=0.02");
        runner("search").run(trial, STEPS, () -> false);
        Path search = folder.resolve("search");
        TrialProof proof = TrialProof.of(plan("lr=0.02"), trial, search);
        assertEquals(List.of(), proof.problems());
        assertEquals(2, proof.differences().size());
        assertEquals("optimization.learning_rate", proof.following().get("optimization.min_learning_rate"));
        assertTrue(proof.ledgerLines() >= 4, "start and three checkpoints");

        TrialProof unsearched = TrialProof.of(plan("layers=2"), trial, search);
        assertFalse(unsearched.holds());
        Path config = trial.folder(search).config();
        Files.writeString(config, Files.readString(config).replace("\"layers\" : 2", "\"layers\" : 3"));
        assertTrue(TrialProof.of(plan("lr=0.02"), trial, search)
                .problems()
                .toString()
                .contains("model.layers 2 -> 3"));
    }

    /** The outer step's rates belong to rounds, so they go when a trial has none. */
    @Test
    void proof_ofATrialWithoutTheRoundsOfTheBase_holds() throws IOException {
        Hyperparameters base = plan("layers=2")
                .base()
                .with("synchronization.sync", "diloco")
                .with("synchronization.replicas", "2")
                .with("synchronization.local_steps", "4")
                .with("synchronization.outer_learning_rate", "0.5")
                .with("synchronization.outer_momentum", "0.3");
        SearchSpace space = SearchSpace.parse(List.of("sync=step,diloco"));
        SearchPlan plan = new SearchPlan(base, space, SearchPlan.Method.GRID, 0, 1, null, false);
        Trial alone = TrialList.of(plan).trials().get(0);
        runner("search").run(alone, STEPS, () -> false);
        TrialProof proof = TrialProof.of(plan, alone, folder.resolve("search"));
        assertEquals(List.of(), proof.problems());
        assertEquals("synchronization.sync", proof.following().get("synchronization.outer_momentum"));
    }

    @Test
    void hugeRate_hasDiverged() throws IOException {
        Trial trial = trial("lr=99");
        LocalTrialRunner runner = runner("search");
        TrialOutcome outcome = runner.run(trial, STEPS, () -> false);
        assertEquals(TrialOutcome.Kind.DIVERGED, outcome.kind(), outcome.toString());
        assertTrue(outcome.step() < STEPS);
        assertFalse(outcome.message().isEmpty());
        TrialOutcome again = runner.run(trial, STEPS, () -> false);
        assertEquals(outcome.step(), again.step(), "a resumed search finds it at the same step");
    }

    @Test
    void timeUp_isATimeout() throws IOException {
        TrialOutcome outcome = runner("search", 1e-9).run(trial("lr=0.01"), STEPS, () -> false);
        assertEquals(TrialOutcome.Kind.TIMEOUT, outcome.kind());
        assertTrue(outcome.step() < STEPS);
    }

    @Test
    void stop_savesAndLaterGoesOn() throws IOException {
        Trial trial = trial("lr=0.01");
        LocalTrialRunner runner = runner("search");
        int[] asked = new int[1];
        TrialOutcome stopped = runner.run(trial, STEPS, () -> ++asked[0] > 8);
        assertEquals(TrialOutcome.Kind.STOPPED, stopped.kind());
        assertTrue(stopped.step() > 0 && stopped.step() < STEPS, stopped.toString());
        TrialOutcome whole = runner("whole").run(trial, STEPS, () -> false);
        assertEquals(whole.loss(), runner.run(trial, STEPS, () -> false).loss());
    }

    @Test
    void folderThatCannotBe_isAFailureThatIsTold() throws IOException {
        LocalTrialRunner runner = runner("search");
        Files.writeString(folder.resolve("search").resolve("trials"), "in the way");
        TrialOutcome outcome = runner.run(trial("lr=0.01"), STEPS, () -> false);
        assertEquals(TrialOutcome.Kind.FAILED, outcome.kind());
        assertTrue(outcome.message().contains("trials"), outcome.message());
    }

    @Test
    void fileThatCannotBeRead_isTriedAgainAndThenAFailure() throws IOException {
        LocalTrialRunner runner = runner("search");
        Trial trial = trial("lr=0.01");
        Files.createDirectories(trial.folder(folder.resolve("search")).path().resolve("metrics.jsonl"));
        TrialOutcome outcome = runner.run(trial, STEPS, () -> false);
        assertEquals(TrialOutcome.Kind.FAILED, outcome.kind());
        assertEquals(2, outcome.attempts());
    }

    @Test
    void textTooShortForTheContext_isAFailureOfThatTrialOnly() throws IOException {
        TrialOutcome outcome = runner("search").run(trial("context=4096"), STEPS, () -> false);
        assertEquals(TrialOutcome.Kind.FAILED, outcome.kind());
        assertEquals(1, outcome.attempts(), "it would fail again");
    }
}
