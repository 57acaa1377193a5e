package tinygpt.spark;

import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.apache.spark.SparkConf;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorAdded;
import org.apache.spark.scheduler.SparkListenerExecutorRemoved;

/**
 * Who computes at the moment. Spark makes one for each context, before the first executor can come, and tells it of all.
 */
public final class ExecutorWatch extends SparkListener {
    private static final Object LATEST = new Object();
    private static ExecutorWatch latest; // a JVM has one context at a time

    private final Map<String, Executor> present = new TreeMap<>();
    private Consumer<String> notes = note -> {};
    private long lastChange = System.nanoTime();
    private int lost;
    private boolean counted; // somebody has been told who is there

    /** A process that computes. */
    record Executor(String host, int cores) {}

    /** Called by Spark. */
    public ExecutorWatch(SparkConf unused) {
        synchronized (LATEST) {
            latest = this;
        }
    }

    /** That of the context which was made last. */
    static ExecutorWatch ofNewContext() {
        synchronized (LATEST) {
            return latest;
        }
    }

    synchronized void tell(Consumer<String> listener) {
        notes = listener;
    }

    @Override
    public synchronized void onExecutorAdded(SparkListenerExecutorAdded event) {
        Executor one = new Executor(
                event.executorInfo().executorHost(), event.executorInfo().totalCores());
        present.put(event.executorId(), one);
        lastChange = System.nanoTime();
        if (counted || lost > 0) {
            notes.accept("executor " + event.executorId() + " on " + one.host() + " has joined");
        }
        notifyAll();
    }

    @Override
    public synchronized void onExecutorRemoved(SparkListenerExecutorRemoved event) {
        Executor one = present.remove(event.executorId());
        lastChange = System.nanoTime();
        if (one != null) {
            lost++;
            notes.accept("executor " + event.executorId() + " on " + one.host() + " is lost ("
                    + event.reason().strip().replaceAll("\\s+", " ") + "); "
                    + (present.isEmpty()
                            ? "waiting for another"
                            : "what it had not finished is computed again elsewhere"));
        }
        notifyAll();
    }

    /** Those that are there, by id. */
    synchronized Map<String, Executor> present() {
        return new TreeMap<>(present);
    }

    /** The same, for a user; who comes later is worth a note. */
    synchronized Map<String, Executor> counted() {
        counted = true;
        return present();
    }

    /** Whether nobody has ever been there. */
    synchronized boolean none() {
        return lost == 0 && present.isEmpty();
    }

    /** How many went away. */
    synchronized int lost() {
        return lost;
    }

    /** Seconds since the last one came or went. */
    synchronized double secondsUnchanged() {
        return (System.nanoTime() - lastChange) * 1e-9;
    }

    /** Waits until somebody comes or goes, but no longer than so many milliseconds. */
    synchronized void await(long milliseconds) throws InterruptedException {
        wait(milliseconds);
    }
}
