package tinygpt.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class WorkerTeamTest {
    @ParameterizedTest
    @CsvSource({"1, 1000", "2, 1000", "7, 50"}) // seven on two cores wait for each other's time slices
    void everyRound_runsEveryWorkerOnce(int size, int rounds) {
        try (WorkerTeam team = new WorkerTeam(size, 1)) {
            assertEquals(size, team.size());
            AtomicIntegerArray runs = new AtomicIntegerArray(size);
            for (int round = 1; round <= rounds; round++) {
                team.run((worker, workspace) -> runs.incrementAndGet(worker));
                for (int worker = 0; worker < size; worker++) {
                    assertEquals(round, runs.get(worker));
                }
            }
        }
    }

    /** What workers write to plain memory is seen by the caller, and the other way round. */
    @Test
    void plainWrites_areSeenAfterARound() {
        int size = 2;
        long[] cells = new long[size * 16];
        try (WorkerTeam team = new WorkerTeam(size, 1)) {
            for (int round = 0; round < 1000; round++) {
                team.run((worker, workspace) -> cells[worker * 16] += worker + 1);
                cells[0] += 10;
            }
        }
        assertEquals(11_000, cells[0]);
        assertEquals(2000, cells[16]);
    }

    @Test
    void workerZero_isTheCaller_andWorkspacesAreTheirOwn() {
        Thread[] threads = new Thread[2];
        Workspace[] workspaces = new Workspace[2];
        try (WorkerTeam team = new WorkerTeam(2, 5000)) {
            team.run((worker, workspace) -> {
                threads[worker] = Thread.currentThread();
                workspaces[worker] = workspace;
            });
            assertSame(team.workspace(), workspaces[0]);
        }
        assertSame(Thread.currentThread(), threads[0]);
        assertEquals("tinygpt-worker-1", threads[1].getName());
        assertNotSame(workspaces[0], workspaces[1]);
        assertEquals(5000, workspaces[1].longestRow());
    }

    @ParameterizedTest
    @CsvSource({"1, 0", "3, 0", "3, 1", "3, 2"})
    void exceptionOfAWorker_reachesTheCaller_andTheTeamGoesOn(int size, int failing) {
        try (WorkerTeam team = new WorkerTeam(size, 1)) {
            for (Throwable problem :
                    new Throwable[] {new IllegalArgumentException("bad"), new OutOfMemoryError("full")}) {
                AtomicInteger others = new AtomicInteger();
                Throwable thrown = assertThrows(
                        problem.getClass(),
                        () -> team.run((worker, workspace) -> {
                            if (worker == failing) {
                                sneak(problem);
                            }
                            others.incrementAndGet();
                        }));
                assertSame(problem, thrown);
                assertEquals(size - 1, others.get(), "workers that went on");

                AtomicInteger runs = new AtomicInteger();
                team.run((worker, workspace) -> runs.incrementAndGet());
                assertEquals(size, runs.get());
            }
        }
    }

    @Test
    void interruptedCaller_stillWaits_andStaysInterrupted() {
        AtomicInteger runs = new AtomicInteger();
        try (WorkerTeam team = new WorkerTeam(3, 1)) {
            Thread.currentThread().interrupt();
            for (int round = 0; round < 20; round++) {
                team.run((worker, workspace) -> runs.incrementAndGet());
            }
            assertTrue(Thread.interrupted());
        }
        assertEquals(60, runs.get());
    }

    @Test
    void closing_endsTheThreads_andRefusesWork() throws InterruptedException {
        Thread[] threads = new Thread[3];
        WorkerTeam team = new WorkerTeam(3, 1);
        team.run((worker, workspace) -> threads[worker] = Thread.currentThread());
        team.close();
        for (int worker = 1; worker < 3; worker++) {
            threads[worker].join(30_000);
            assertFalse(threads[worker].isAlive(), threads[worker].getName());
        }
        assertEquals(
                "this worker team is closed",
                assertThrows(IllegalStateException.class, () -> team.run((worker, workspace) -> {}))
                        .getMessage());
    }

    @Test
    void closedTeamOfOne_refusesWorkToo() {
        WorkerTeam team = new WorkerTeam(1, 1);
        team.close();
        assertThrows(IllegalStateException.class, () -> team.run((worker, workspace) -> {}));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -1})
    void teamOfNobody_isRefused(int size) {
        assertEquals(
                "a team needs at least one worker, not " + size,
                assertThrows(IllegalArgumentException.class, () -> new WorkerTeam(size, 1))
                        .getMessage());
    }

    private static void sneak(Throwable problem) {
        if (problem instanceof Error error) {
            throw error;
        }
        throw (RuntimeException) problem;
    }
}
