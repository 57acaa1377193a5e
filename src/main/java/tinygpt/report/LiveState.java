package tinygpt.report;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;

/**
 * The state of a run and the pages made of it, as they are served: read again only when the run has changed.
 *
 * <p>Clients must not load the machine that trains, however often and however many they ask. So one state is made at a time
 * and serves all; and if nothing but steps has happened, which events tell too, it may be a second old, or ten times what it
 * takes to make.
 */
final class LiveState {
    private static final long LEAST_NANOSECONDS = 1_000_000_000;
    private static final long SHARE = 10;

    private final RunState run;
    private final EventRing ring;
    private final BooleanSupplier running;
    private final LongSupplier clock;
    private ObjectNode state;
    private byte[] json;
    private byte[] page;
    private byte[] report;
    private volatile long published = Long.MAX_VALUE;
    private long news;
    private long madeAt;
    private long took;

    /**
     * Nothing is read yet.
     *
     * @param running whether training goes on
     * @param clock nanoseconds
     */
    LiveState(Path folder, EventRing ring, BooleanSupplier running, LongSupplier clock) {
        this.run = new RunState(folder);
        this.ring = ring;
        this.running = running;
        this.clock = clock;
    }

    /**
     * The state as JSON, for a page that follows the run.
     *
     * @throws tinygpt.formats.BadFileException if the run cannot be read
     */
    synchronized byte[] json() throws IOException {
        refresh();
        if (json == null) {
            json = RunState.toBytes(state.put("live", true));
        }
        return json;
    }

    /** The page that follows the run. */
    synchronized byte[] page() throws IOException {
        refresh();
        if (page == null) {
            page = html(true);
        }
        return page;
    }

    /** The file that needs no server. */
    synchronized byte[] report() throws IOException {
        refresh();
        if (report == null) {
            report = html(false);
        }
        return report;
    }

    /** Where the events begin that the state in use does not hold; that of no event if there is none. */
    long place() {
        return published;
    }

    /** The event for the end of the run. */
    synchronized LiveEvent done() throws IOException {
        ObjectNode now = run.read(false);
        long steps = now.path("run").path("stepsDone").longValue();
        ObjectNode data = now.objectNode();
        data.set("status", now.path("run").path("status"));
        return LiveEvent.of(steps, LiveEvent.DONE, data.put("stepsDone", steps));
    }

    private byte[] html(boolean live) {
        return ReportPage.html(state.put("live", live)).getBytes(StandardCharsets.UTF_8);
    }

    private void refresh() throws IOException {
        long now = clock.getAsLong();
        long publishedNow = ring.published();
        long newsNow = ring.news();
        boolean same = published == publishedNow && news == newsNow;
        boolean young = news == newsNow && now - madeAt < Math.max(LEAST_NANOSECONDS, SHARE * took);
        if (state != null && (same || young)) {
            return;
        }
        ObjectNode fresh = run.read(running.getAsBoolean());
        published = publishedNow;
        news = newsNow;
        madeAt = clock.getAsLong();
        took = madeAt - now;
        state = fresh;
        json = null;
        page = null;
        report = null;
    }
}
