package tinygpt.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Ctrl-C and SIGTERM during a long command: the command is asked to stop, gets time to finish its step and save, and the
 * process then ends with exit code 130.
 */
final class Interruption implements AutoCloseable {
    private static final int PATIENCE_SECONDS = 120;

    private final CountDownLatch finished = new CountDownLatch(1);
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

    /** Says that everything is saved and printed. */
    @Override
    public void close() {
        finished.countDown();
        if (!requested) {
            try {
                Runtime.getRuntime().removeShutdownHook(hook);
            } catch (IllegalStateException e) {
                // The JVM is going down already; the hook is done with waiting.
            }
        }
    }

    private void interrupt() {
        requested = true;
        try {
            if (finished.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                Runtime.getRuntime().halt(Exit.INTERRUPTED);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
