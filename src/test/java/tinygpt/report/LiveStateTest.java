package tinygpt.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** When a state that was made is still good enough. */
class LiveStateTest {
    private static final long SECOND = 1_000_000_000;

    @TempDir
    Path folder;

    private final EventRing ring = new EventRing();
    private boolean training = true;
    private long now;
    private LiveState state;

    @BeforeEach
    void write() throws IOException {
        Path run = ReportedRun.write(folder.resolve("run"), 9, 2, ReportedRun.noSnapshots());
        state = new LiveState(run, ring, () -> training, () -> now);
    }

    @Test
    void withoutEvents_nothingIsReadAgain() throws IOException {
        byte[] first = state.json();
        byte[] page = state.page();
        now += 1000 * SECOND;
        assertSame(first, state.json());
        assertSame(page, state.page());
    }

    @Test
    void steps_areReadOnceASecond() throws IOException {
        byte[] first = state.json();
        ring.publish(LiveEvent.of(3, LiveEvent.STEP));
        now += SECOND - 1;
        assertSame(first, state.json());
        now += 1;
        byte[] second = state.json();
        assertNotSame(first, second);
        assertSame(second, state.json());
    }

    @Test
    void whatEventsDoNotTell_isReadAtOnce() throws IOException {
        byte[] first = state.json();
        ring.publish(LiveEvent.of(2, LiveEvent.SNAPSHOT));
        assertNotSame(first, state.json());
    }

    @Test
    void status_isThatOfTheTraining_andTheFileIsNotLive() throws IOException {
        assertTrue(text(state.json()).contains("\"live\":true,\"run\":{\"status\":\"running\""));
        assertTrue(text(state.report()).contains("\"live\":false,\"run\":{\"status\":\"running\""));
        training = false;
        LiveEvent done = state.done();
        assertEquals("{\"status\":\"stopped\",\"stepsDone\":2}", done.json());
        ring.end(done);
        assertTrue(text(state.json()).contains("\"live\":true,\"run\":{\"status\":\"stopped\""));
        assertTrue(text(state.page()).contains("\"live\":true"));
        assertTrue(text(state.report()).contains("\"live\":false,\"run\":{\"status\":\"stopped\""));
    }

    private static String text(byte[] utf8) {
        return new String(utf8, StandardCharsets.UTF_8);
    }
}
