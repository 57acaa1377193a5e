package tinygpt.cli;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Ctrl-C and SIGTERM during a long command: the command is asked to stop and gets time to finish its step, to save and to
 * say what became of it. The process then ends with the exit code of the command: 130, or another if saving failed.
 */
final class Interruption implements AutoCloseable {
    private static final int PATIENCE_SECONDS = 120;

    /** The exit code of the program, once everything is printed. */
    private static final CompletableFuture<Integer> ENDED = new CompletableFuture<>();

    private final Thread hook = new Thread(this::interrupt, "tinygpt-interrupt");
    private volatile boolean requested;

    private Interruption() {}

    /** Listens from now on until closed. */
    static Interruption listen() {
        Interruption interruption = new Interruption();
        Runtime.getRuntime().addShutdownHook(interruption.hook);
        return interruption;
    }

    /** Whether somebody wants the command to stop. */
    boolean requested() {
        return requested;
    }

    /** Says that the program has printed everything and ends with this exit code, which a signal then does not change. */
    static void ended(int exitCode) {
        ENDED.complete(exitCode);
    }

    /** Stops listening. If the process is going down already, it still waits for {@link #ended}. */
    @Override
    public void close() {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The JVM is going down, and the hook waits for the exit code.
        }
    }

    private void interrupt() {
        requested = true;
        try {
            Runtime.getRuntime().halt(ENDED.get(PATIENCE_SECONDS, TimeUnit.SECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            // The command hangs; the signal ends the process as it would have without this.
        }
    }
}
