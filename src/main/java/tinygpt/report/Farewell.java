package tinygpt.report;

import java.util.concurrent.TimeUnit;

/** Counts the streams that are open and, when a run has ended, the pages that still owe a question for its last state. */
final class Farewell {
    private int open;
    private int owed;

    /** A stream begins, if there are fewer than so many. */
    synchronized boolean begin(int most) {
        if (open == most) {
            return false;
        }
        open++;
        return true;
    }

    /** A stream is going to be told that the run has ended. */
    synchronized void tell() {
        owed++;
    }

    /** A stream ends. */
    synchronized void end() {
        open--;
        notifyAll();
    }

    /** The last state was sent. */
    synchronized void asked() {
        owed = Math.max(0, owed - 1);
        notifyAll();
    }

    synchronized int open() {
        return open;
    }

    /** Waits until no stream is open and no page owes a question, but no longer than so many milliseconds. */
    synchronized void await(long milliseconds) {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(milliseconds);
        try {
            for (long left = milliseconds; (open > 0 || owed > 0) && left > 0; ) {
                wait(left);
                left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
