package tinygpt.runs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunActivityTest {
    @TempDir
    Path folder;

    @Test
    void run_goesOn_whileItsLockIsHeld() {
        assertFalse(RunActivity.goesOn(folder), "it has not begun");
        try (RunLock lock = RunLock.acquire(folder)) {
            assertTrue(RunActivity.goesOn(folder), lock.toString());
        }
        assertFalse(RunActivity.goesOn(folder), "it was let go, although the process is alive");
    }

    @Test
    void signature_ofAProcessThatIsGone_meansNothing() throws Exception {
        Process gone = new ProcessBuilder("true").start();
        gone.waitFor();
        sign(String.valueOf(gone.pid()), host());
        assertFalse(RunActivity.goesOn(folder));
        Path lock = sign(String.valueOf(ProcessHandle.current().pid()), host());
        assertTrue(RunActivity.goesOn(folder));
        Files.setLastModifiedTime(lock, FileTime.from(Instant.now().minus(Duration.ofDays(999))));
        assertFalse(RunActivity.goesOn(folder), "another process has that number now");
    }

    @Test
    void processOnAnotherMachine_isSeenByItsLog() throws IOException {
        sign("1", "elsewhere.example");
        assertFalse(RunActivity.goesOn(folder));
        Path log = Files.writeString(folder.resolve("metrics.jsonl"), "{}\n");
        assertTrue(RunActivity.goesOn(folder));
        Files.setLastModifiedTime(log, FileTime.from(Instant.now().minus(Duration.ofHours(1))));
        assertFalse(RunActivity.goesOn(folder));
    }

    /** Whoever is refused by the lock is still told who holds it. */
    @Test
    void asking_takesNoLock() {
        try (RunLock lock = RunLock.acquire(folder)) {
            RunActivity.goesOn(folder);
            assertEquals(RunInUseException.class, inUse(lock).getClass());
        }
    }

    private RuntimeException inUse(RunLock held) {
        try {
            RunLock.acquire(folder).close();
            throw new AssertionError("it was not held: " + held);
        } catch (RunInUseException e) {
            return e;
        }
    }

    private Path sign(String process, String host) throws IOException {
        return Files.writeString(folder.resolve(RunLock.FILE), "process " + process + " on " + host + "\n");
    }

    private String host() throws IOException {
        try (RunLock lock = RunLock.acquire(folder)) {
            return RunLock.signature(folder.resolve(RunLock.FILE))
                    .map(RunLock.Holder::host)
                    .orElseThrow(() -> new AssertionError(lock.toString()));
        }
    }
}
