package tinygpt.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class EventRingTest {
    private final EventRing ring = new EventRing();

    private void publish(long from, long to) {
        for (long step = from; step <= to; step++) {
            ring.publish(LiveEvent.of(step, LiveEvent.STEP));
        }
    }

    private static List<Long> steps(EventRing.Batch batch) {
        return batch.events().stream().map(LiveEvent::step).toList();
    }

    @Test
    void events_comeInOrder_andOnce() throws InterruptedException {
        long place = ring.now();
        publish(1, 3);
        EventRing.Batch batch = ring.await(place, 0);
        assertEquals(List.of(1L, 2L, 3L), steps(batch));
        assertFalse(batch.missed());
        publish(4, 4);
        assertEquals(List.of(4L), steps(ring.await(batch.next(), 0)));
        assertEquals(List.of(), steps(ring.await(ring.now(), 1)), "nothing new");
    }

    @Test
    void streamThatFallsBehind_losesTheOldest_andIsTold() throws InterruptedException {
        long place = ring.now();
        publish(1, EventRing.SIZE + 10);
        EventRing.Batch batch = ring.await(place, 0);
        assertTrue(batch.missed());
        assertEquals(EventRing.SIZE, batch.events().size());
        assertEquals(11, batch.events().get(0).step());
        assertEquals(EventRing.SIZE + 10, batch.events().get(EventRing.SIZE - 1).step());
        assertFalse(ring.await(batch.next(), 1).missed());
    }

    @Test
    void placeAfterAnId_isBehindItsStep() throws InterruptedException {
        publish(1, 5);
        assertEquals(List.of(4L, 5L), steps(ring.await(ring.after(3, -7), 0)));
        ring.publish(LiveEvent.of(5, LiveEvent.SNAPSHOT));
        assertEquals(List.of(5L), steps(ring.await(ring.after(5, -7), 0)));
        assertEquals(-7, ring.after(6, -7), "an id from another run");
        publish(6, EventRing.SIZE + 5);
        assertTrue(ring.await(ring.after(2, -7), 0).missed(), "what came after it is gone");
        assertFalse(ring.await(ring.after(EventRing.SIZE, -7), 0).missed());
    }

    @Test
    void end_comesBehindWhatWasPublished() throws InterruptedException {
        long place = ring.now();
        publish(1, 1);
        ring.end(LiveEvent.of(1, LiveEvent.DONE));
        EventRing.Batch batch = ring.await(place, 0);
        assertEquals(List.of(1L), steps(batch));
        assertEquals(LiveEvent.DONE, batch.end().name());
        ring.close();
        assertTrue(ring.await(batch.next(), 0).closed());
    }

    @Test
    void restart_leavesOnlyTheCallToAskAnew() throws InterruptedException {
        long place = ring.now();
        publish(1, 9);
        ring.restart(4);
        EventRing.Batch batch = ring.await(place, 0);
        assertTrue(batch.missed());
        assertEquals(List.of(LiveEvent.of(4, LiveEvent.SNAPSHOT)), batch.events());
    }
}
