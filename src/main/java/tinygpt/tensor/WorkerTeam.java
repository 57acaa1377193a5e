package tinygpt.tensor;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * A fixed team of threads, each with a workspace of its own. The calling thread is worker 0, so that a team of one has no
 * threads and no hand-over at all.
 *
 * <p>Handing out work allocates nothing. Idle workers spin for a moment before they sleep, because the next phase of a
 * training step is usually microseconds away.
 */
public final class WorkerTeam implements AutoCloseable {
    private static final int SPINS = 20_000;

    /** A piece of work that every worker runs once. */
    @FunctionalInterface
    public interface Job {
        void run(int worker, Workspace workspace);
    }

    private final Workspace[] workspaces;
    private final Thread[] threads;
    private final AtomicInteger running = new AtomicInteger();
    private volatile Job job;
    private volatile int round;
    private volatile Throwable failure;
    private volatile boolean closed;
    private volatile Thread caller;

    /**
     * Starts a team.
     *
     * @param size number of workers, at least 1
     * @param longestRow the most columns of a matrix they will meet
     */
    public WorkerTeam(int size, int longestRow) {
        if (size < 1) {
            throw new IllegalArgumentException("a team needs at least one worker, not " + size);
        }
        workspaces = new Workspace[size];
        threads = new Thread[size];
        for (int i = 0; i < size; i++) {
            workspaces[i] = new Workspace(longestRow);
        }
        for (int i = 1; i < size; i++) {
            int worker = i;
            threads[i] = new Thread(() -> work(worker), "tinygpt-worker-" + i);
            threads[i].setDaemon(true);
            threads[i].start();
        }
    }

    public int size() {
        return workspaces.length;
    }

    /** The workspace of the calling thread, worker 0, for use between jobs. */
    public Workspace workspace() {
        return workspaces[0];
    }

    /**
     * Runs the job once on every worker and waits for all. Only one thread may call this.
     *
     * <p>What a worker throws is thrown to the caller, once all have ended; if several do, that of the caller or else of the
     * last.
     *
     * @throws IllegalStateException if the team is closed
     */
    public void run(Job work) {
        if (closed) {
            throw new IllegalStateException("this worker team is closed");
        }
        if (workspaces.length == 1) {
            work.run(0, workspaces[0]);
            return;
        }
        failure = null;
        caller = Thread.currentThread();
        running.set(workspaces.length - 1);
        job = work;
        round++; // publishes the job
        for (int i = 1; i < threads.length; i++) {
            LockSupport.unpark(threads[i]);
        }
        Throwable own = null;
        try {
            work.run(0, workspaces[0]);
        } catch (RuntimeException | Error e) {
            own = e;
        }
        for (int spins = 0; running.get() > 0; spins++) {
            if (spins < SPINS) {
                Thread.onSpinWait();
            } else {
                LockSupport.park(this);
            }
        }
        Throwable problem = own != null ? own : failure;
        if (problem instanceof Error error) {
            throw error;
        }
        if (problem instanceof RuntimeException exception) {
            throw exception;
        }
    }

    /** Ends the threads. */
    @Override
    public void close() {
        closed = true;
        round++;
        for (int i = 1; i < threads.length; i++) {
            LockSupport.unpark(threads[i]);
        }
    }

    private void work(int worker) {
        int seen = 0;
        while (true) {
            for (int spins = 0; round == seen; spins++) {
                if (spins < SPINS) {
                    Thread.onSpinWait();
                } else {
                    LockSupport.park(this);
                }
            }
            seen = round;
            if (closed) {
                return;
            }
            try {
                job.run(worker, workspaces[worker]);
            } catch (RuntimeException | Error e) {
                failure = e;
            } finally {
                if (running.decrementAndGet() == 0) {
                    LockSupport.unpark(caller);
                }
            }
        }
    }
}
