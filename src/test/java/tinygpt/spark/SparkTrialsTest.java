package tinygpt.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tinygpt.runs.RunLock;
import tinygpt.search.Trial;
import tinygpt.search.TrialOutcome;
import tinygpt.search.TrialRunner;
import tinygpt.training.Cluster;
import tinygpt.training.EngineFailedException;

/** Trials as Spark jobs, with the tasks in this process. */
class SparkTrialsTest {
    private static SparkTrials cluster;

    @TempDir
    Path folder;

    @BeforeAll
    static void connect() {
        cluster = SparkTrials.connect(new Cluster.Settings("local[2]", Map.of(), note -> {}));
    }

    @AfterAll
    static void close() {
        cluster.close();
    }

    private SmallSearch search(String set) throws IOException {
        return SmallSearch.create(folder, "search", set);
    }

    @Test
    void stopped_savesTheTrial_whichAnybodyGoesOnWith() throws IOException {
        SmallSearch search = search("steps=90000");
        TrialRunner runner = search.on(cluster);
        Path log = search.run().resolve("metrics.jsonl");
        TrialOutcome stopped = runner.run(search.trial(), 90_000, () -> Files.exists(log));
        assertEquals(TrialOutcome.Kind.STOPPED, stopped.kind());
        RunLock.acquire(search.run()).close(); // its task is over
        int saved = (int) search.trial()
                .folder(search.folder().path())
                .newestFirst()
                .get(0)
                .step();
        TrialOutcome further = runner.run(search.trial(), saved + 3, () -> false);
        assertEquals(TrialOutcome.Kind.REACHED, further.kind(), further.message());
        assertEquals(saved + 3, further.step());
        assertEquals(1, further.attempts());
        SmallSearch other = SmallSearch.create(folder, "here", "steps=90000");
        assertEquals(other.here().run(other.trial(), saved + 3, () -> false).loss(), further.loss());
    }

    /** As on a machine that has not got the file. */
    @Test
    void text_isSent_andItsFileIsNotRead() throws IOException {
        SmallSearch search = search("lr=1e-3");
        TrialRunner runner = search.on(cluster);
        Files.delete(search.text().file());
        for (int step : new int[] {5, 12}) {
            TrialOutcome outcome = runner.run(search.trial(), step, () -> false);
            assertEquals(TrialOutcome.Kind.REACHED, outcome.kind(), outcome.message());
            assertEquals(step, outcome.step());
        }
    }

    @Test
    void whatGoesWrongWithATrial_isItsOutcome() throws IOException {
        SmallSearch search = search("context=4096");
        TrialOutcome outcome = search.on(cluster).run(search.trial(), 12, () -> false);
        assertEquals(TrialOutcome.Kind.FAILED, outcome.kind());
        assertTrue(outcome.message().contains("text.txt"), outcome.message());
        assertEquals(1, outcome.attempts(), "it would fail again");
    }

    @Test
    void trialThatTheSearchDoesNotHave_isAFailure() throws IOException {
        SmallSearch search = search("lr=1e-3");
        Trial other = new Trial(77, search.trial().values(), search.trial().hyperparameters());
        TrialOutcome outcome = search.on(cluster).run(other, 12, () -> false);
        assertEquals(TrialOutcome.Kind.FAILED, outcome.kind());
        assertEquals("the search has no trial 77", outcome.message());
    }

    /** What an executor sees on a machine whose disk is its own. */
    @Test
    void folderThatIsNotShared_endsTheSearch() throws IOException {
        SmallSearch search = search("lr=1e-3");
        TrialRunner runner = search.on(cluster);
        Path definition = search.folder().path().resolve("search.json");
        Files.writeString(definition, Files.readString(definition) + "\n");
        String another = assertThrows(EngineFailedException.class, () -> runner.run(search.trial(), 12, () -> false))
                .getMessage();
        assertTrue(another.contains(" sees another search in " + search.folder().path()), another);
        Files.delete(definition);
        String nothing = assertThrows(EngineFailedException.class, () -> runner.run(search.trial(), 12, () -> false))
                .getMessage();
        assertTrue(nothing.contains(" does not see the folder of the search"), nothing);
        assertTrue(nothing.contains("a shared folder, at the same path on every machine"), nothing);
    }
}
