package tinygpt.cli;

import java.io.PrintWriter;
import java.lang.reflect.Proxy;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Ctrl-C and SIGTERM during a long command: the command is asked to stop and gets time to finish its step, to save and to
 * say what became of it. The process then ends with the exit code of the command: 130, or another if saving failed. A second
 * signal ends it at once: what is on disk is whole at any moment, only the steps since the last checkpoint are lost.
 */
final class Interruption implements AutoCloseable {
    /** The JDK's own door to signals: in every JDK, though in no standard, so it is looked up instead of compiled in. */
    private static final String SIGNALS = "sun.misc.Signal";

    private static final int PATIENCE_SECONDS = 120;

    /** The exit code of the program, once everything is printed. */
    private static final CompletableFuture<Integer> ENDED = new CompletableFuture<>();

    private final Thread hook = new Thread(this::interrupt, "tinygpt-interrupt");
    private final CountDownLatch requested = new CountDownLatch(1);
    private volatile boolean saves = true;

    private final PrintWriter err;

    private Interruption(PrintWriter err) {
        this.err = err;
    }

    /**
     * Listens from now on until closed.
     *
     * @param err told that a request was heard
     */
    static Interruption listen(PrintWriter err) {
        Interruption interruption = new Interruption(err);
        Runtime.getRuntime().addShutdownHook(interruption.hook);
        return interruption;
    }

    /** Whether somebody wants the command to stop. */
    boolean requested() {
        return requested.getCount() == 0;
    }

    /** Waits for that, but no longer than so many milliseconds; returns whether somebody does. */
    boolean await(long milliseconds) {
        try {
            return requested.await(milliseconds, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    /** From now on a request ends nothing that would be worth a word. */
    void nothingToSave() {
        saves = false;
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
        requested.countDown();
        endAtOnceOnTheNext("INT");
        endAtOnceOnTheNext("TERM");
        if (saves && !ENDED.isDone()) {
            err.println("tinygpt: finishing this step and saving; interrupt again to end at once");
            err.flush();
        }
        try {
            Runtime.getRuntime().halt(ENDED.get(PATIENCE_SECONDS, TimeUnit.SECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            // The command hangs; the signal ends the process as it would have without this.
        }
    }

    /** The JVM ignores signals once it goes down; this makes the next one count. */
    private static void endAtOnceOnTheNext(String name) {
        try {
            Class<?> signal = Class.forName(SIGNALS);
            Class<?> handler = Class.forName(SIGNALS + "Handler");
            Object halt = Proxy.newProxyInstance(
                    Interruption.class.getClassLoader(), new Class<?>[] {handler}, (proxy, method, arguments) -> {
                        Runtime.getRuntime().halt(Exit.INTERRUPTED);
                        return null;
                    });
            signal.getMethod("handle", signal, handler)
                    .invoke(null, signal.getConstructor(String.class).newInstance(name), halt);
        } catch (ReflectiveOperationException | IllegalArgumentException e) {
            // A JVM without it, or without this signal: the first request is still being carried out.
        }
    }
}
