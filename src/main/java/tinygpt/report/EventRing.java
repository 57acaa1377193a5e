package tinygpt.report;

import java.util.ArrayList;
import java.util.List;

/**
 * The newest events of a run, and where streams wait for the next.
 *
 * <p>There is one ring for all streams, each with a place of its own in it. Whoever publishes waits for nobody: a stream that
 * falls behind by more than the ring holds loses the oldest events, and is told that it did.
 */
final class EventRing {
    static final int SIZE = 512;

    private final LiveEvent[] events = new LiveEvent[SIZE];
    private long first;
    private long next;
    private long news;
    private LiveEvent end;
    private boolean closed;

    /**
     * What a stream gets at a time.
     *
     * @param events in order
     * @param next the stream's new place
     * @param missed whether events before these are lost to it
     * @param end the last event of a run that has ended, else null
     * @param closed whether nothing will come any more
     */
    record Batch(List<LiveEvent> events, long next, boolean missed, LiveEvent end, boolean closed) {}

    synchronized void publish(LiveEvent event) {
        events[(int) (next % SIZE)] = event;
        next++;
        first = Math.max(first, next - SIZE);
        if (!event.name().equals(LiveEvent.STEP)) {
            news++;
        }
        notifyAll();
    }

    /** Forgets events, because the run went back to before them, and has everybody ask for the state. */
    synchronized void restart(long step) {
        first = next;
        publish(LiveEvent.of(step, LiveEvent.SNAPSHOT));
    }

    /** The run has ended; what was published comes first. */
    synchronized void end(LiveEvent done) {
        end = done;
        news++;
        notifyAll();
    }

    /** The run goes on after an end. */
    synchronized void goOn() {
        end = null;
        news++;
    }

    synchronized boolean ended() {
        return end != null;
    }

    /** Ends all streams. */
    synchronized void close() {
        closed = true;
        notifyAll();
    }

    /** How many events there were. */
    synchronized long published() {
        return next;
    }

    /** How often something happened besides steps. */
    synchronized long news() {
        return news;
    }

    /** The place of a stream that begins now. */
    synchronized long now() {
        return next;
    }

    /**
     * The place of a stream that was cut after an event with this id. What else happened at that step may have been cut off,
     * so it comes again: a page knows what it has.
     *
     * @param unknown the place if the id is of another run, or of the time before the server was started
     */
    synchronized long after(long id, long unknown) {
        if (next == first || id > at(next - 1).step()) {
            return unknown;
        }
        for (long place = first; place < next; place++) {
            LiveEvent event = at(place);
            if (event.step() > id || (event.step() == id && !event.name().equals(LiveEvent.STEP))) {
                // Where older ones were dropped, the stream may have missed some.
                return place == first && first > 0 ? first - 1 : place;
            }
        }
        return next;
    }

    /** Waits until there is something behind a place, but no longer than so many milliseconds. */
    synchronized Batch await(long place, long milliseconds) throws InterruptedException {
        if (place == next && end == null && !closed) {
            wait(milliseconds);
        }
        List<LiveEvent> batch = new ArrayList<>();
        for (long i = Math.max(place, first); i < next; i++) {
            batch.add(at(i));
        }
        return new Batch(batch, next, place < first, end, closed);
    }

    private LiveEvent at(long place) {
        return events[(int) (place % SIZE)];
    }
}
