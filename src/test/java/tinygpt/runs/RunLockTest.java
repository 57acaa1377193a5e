package tinygpt.runs;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tinygpt.formats.BadFileException;

class RunLockTest {
    @TempDir
    Path folder;

    @Test
    void acquire_whileThisProcessHoldsIt_isRefused() {
        RunLock first = RunLock.acquire(folder);
        RunInUseException e = assertThrows(RunInUseException.class, () -> RunLock.acquire(folder));
        assertTrue(e.getMessage().startsWith(folder + ": this process is writing to this run"), e.getMessage());
        first.close();
        assertDoesNotThrow(() -> RunLock.acquire(folder).close());
    }

    /** The other process is killed, as by kill -9, so that it can clean up nothing. */
    @Test
    void acquire_whileAnotherProcessHoldsIt_namesIt_andWorksOnceItWasKilled() throws Exception {
        Process other = hold(folder);
        try (BufferedReader out = other.inputReader()) {
            assertEquals("held", out.readLine());
            RunInUseException e = assertThrows(RunInUseException.class, () -> RunLock.acquire(folder));
            assertTrue(e.getMessage().matches(".*: process " + other.pid() + " on \\S+ is writing .*"), e.getMessage());
        } finally {
            other.destroyForcibly().waitFor();
        }
        assertTrue(Files.exists(folder.resolve(RunLock.FILE)), "the file of a killed process stays");
        assertDoesNotThrow(() -> RunLock.acquire(folder).close());
    }

    @Test
    void acquire_fileOfAnythingElse_isNoObstacle() throws IOException {
        Files.write(folder.resolve(RunLock.FILE), new byte[] {27, '[', '2', 'J', (byte) 0xff});
        assertDoesNotThrow(() -> RunLock.acquire(folder).close());
        assertTrue(Files.readString(folder.resolve(RunLock.FILE))
                .startsWith("process " + ProcessHandle.current().pid() + " on "));
    }

    @Test
    void acquire_withoutFolder_saysSo() {
        Path none = folder.resolve("none");
        BadFileException e = assertThrows(BadFileException.class, () -> RunLock.acquire(none));
        assertTrue(
                e.getMessage()
                        .startsWith(none.resolve("lock") + ": cannot be made or locked (its folder does not exist)"),
                e.getMessage());
    }

    private static Process hold(Path folder) throws IOException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        String classes = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        return new ProcessBuilder(java, "-cp", classes, Holder.class.getName(), folder.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    /** Holds the lock until its standard input ends. */
    static final class Holder {
        private Holder() {}

        @SuppressWarnings("try") // it is held, not used
        public static void main(String[] args) throws IOException {
            try (RunLock lock = RunLock.acquire(Path.of(args[0]))) {
                System.out.println("held");
                System.in.read();
            }
        }
    }
}
