package tinygpt.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tinygpt.runs.Ledger;
import tinygpt.runs.LedgerEntry;
import tinygpt.search.TrialOutcome;
import tinygpt.search.TrialRunner;
import tinygpt.training.Cluster;

/** Trials in executors that are processes of their own, one of which dies. */
@Tag("cluster")
class SparkTrialsClusterTest {
    private static final int STEPS = 400;
    private static final List<String> NOTES = Collections.synchronizedList(new ArrayList<>());
    private static SparkTrials cluster;

    @TempDir
    Path folder;

    @BeforeAll
    static void connect() {
        cluster = SparkTrials.connect(new Cluster.Settings("local-cluster[2,2,1024]", Map.of(), NOTES::add));
    }

    @AfterAll
    static void close() {
        cluster.close();
    }

    /** The process that trains a trial, by the signature in its lock. */
    private static long process(SmallSearch search) {
        try {
            return Long.parseLong(Files.readString(search.run().resolve("lock")).split(" ")[1]);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean hasCheckpoint(SmallSearch search, int step) {
        return search.trial().folder(search.folder().path()).newestFirst().stream()
                .anyMatch(saved -> saved.step() >= step);
    }

    @Test
    void executorThatIsKilled_losesNothingOfATrialButTime() throws IOException {
        SmallSearch search = SmallSearch.create(folder, "killed", "steps=" + STEPS);
        Long[] killed = new Long[1];
        TrialOutcome outcome = search.on(cluster).run(search.trial(), STEPS, () -> {
            if (killed[0] == null && hasCheckpoint(search, 20)) {
                killed[0] = process(search);
                assertTrue(ProcessHandle.of(killed[0]).orElseThrow().destroyForcibly());
            }
            return false;
        });
        assertEquals(TrialOutcome.Kind.REACHED, outcome.kind(), outcome.message());
        assertEquals(2, outcome.attempts());
        assertNotEquals(killed[0], process(search));
        assertNotEquals(ProcessHandle.current().pid(), process(search));
        assertTrue(NOTES.toString().contains("is lost"), NOTES.toString());
        assertTrue(
                Ledger.verify(search.run()).rows().stream()
                        .anyMatch(row -> row.entry().event() == LedgerEntry.Event.RESUME
                                && row.entry().step() >= 20),
                "it went on from a checkpoint");
        SmallSearch here = SmallSearch.create(folder, "here", "steps=" + STEPS);
        assertEquals(here.here().run(here.trial(), STEPS, () -> false).loss(), outcome.loss());
    }

    /** Each has both cores of an executor, so that two at a time are in two executors. */
    @Test
    void twoTrialsAtATime_haveAnExecutorEach() throws Exception {
        assertEquals(2, cluster.width());
        Map<String, Long> begun = new ConcurrentHashMap<>(); // the process of each; the lock has another when it ends
        List<Thread> threads = new ArrayList<>();
        for (String name : new String[] {"one", "other"}) {
            SmallSearch search = SmallSearch.create(folder, name, "steps=90000");
            TrialRunner runner = search.on(cluster);
            Thread thread = new Thread(() -> runner.run(search.trial(), 90_000, () -> {
                if (Files.exists(search.run().resolve("metrics.jsonl"))) {
                    begun.computeIfAbsent(name, unused -> process(search));
                }
                return begun.size() == 2; // neither ends before the other has begun
            }));
            thread.start();
            threads.add(thread);
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertEquals(2, new TreeSet<>(begun.values()).size(), begun.toString());
    }
}
