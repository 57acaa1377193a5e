package tinygpt.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import tinygpt.hyperparameters.BatchOrder;
import tinygpt.random.CounterRandom;
import tinygpt.random.Stream;

class WindowsTest {

    @Test
    void random_isTheCounterGeneratorBelowNMinusT() {
        for (int step = 0; step < 50; step++) {
            for (int position = 0; position < 12; position++) {
                assertEquals(
                        (int) CounterRandom.below(1_003_790, 1337, Stream.BATCH, step, position),
                        Windows.start(BatchOrder.RANDOM, 1337, step, 12, position, 1_003_854, 64));
            }
        }
    }

    @Test
    void random_reachesEveryStartThatLeavesATarget_andNoOther() {
        boolean[] seen = new boolean[12];
        for (int step = 0; step < 1000; step++) {
            seen[Windows.start(BatchOrder.RANDOM, 7, step, 1, 0, 20, 8)] = true;
        }
        boolean[] all = new boolean[12]; // starts 0 to 11: start 11 has targets 12 to 19
        Arrays.fill(all, true);
        assertArrayEquals(all, seen);
    }

    @Test
    void random_dependsOnSeedStepAndPosition() {
        int start = Windows.start(BatchOrder.RANDOM, 1, 2, 4, 3, 1_000_000, 64);
        assertNotEquals(start, Windows.start(BatchOrder.RANDOM, 2, 2, 4, 3, 1_000_000, 64));
        assertNotEquals(start, Windows.start(BatchOrder.RANDOM, 1, 3, 4, 3, 1_000_000, 64));
        assertNotEquals(start, Windows.start(BatchOrder.RANDOM, 1, 2, 4, 2, 1_000_000, 64));
    }

    @Test
    void sequential_putsWindowsSideBySide_andStartsOverInsideABatch() {
        // 24 tokens have 23 targets: five whole windows of 4.
        int[] starts = IntStream.range(0, 12)
                .map(i -> Windows.start(BatchOrder.SEQUENTIAL, 99, i / 3, 3, i % 3, 24, 4))
                .toArray();
        assertArrayEquals(new int[] {0, 4, 8, 12, 16, 0, 4, 8, 12, 16, 0, 4}, starts);
    }

    @Test
    void sequential_lastTargetIsTheLastToken_whenWindowsFitExactly() {
        assertEquals(16, Windows.start(BatchOrder.SEQUENTIAL, 0, 4, 1, 0, 21, 4));
        assertEquals(0, Windows.start(BatchOrder.SEQUENTIAL, 0, 4, 1, 0, 20, 4));
    }

    @Test
    void sequential_farStep_doesNotOverflow() {
        // 2^63 - 1 = 7 mod 10 and 2^31 - 1 = 7 mod 10, so the window is (7 * 7 + 5) mod 10.
        assertEquals(4, Windows.start(BatchOrder.SEQUENTIAL, 0, Long.MAX_VALUE, Integer.MAX_VALUE, 5, 11, 1));
    }

    @Test
    void shuffled_aPassReadsEveryTokenOnce_butForItsEnds() {
        int n = 103;
        int t = 8;
        int windows = 11; // floor(103 / 8) - 1
        for (int pass = 0; pass < 200; pass++) {
            int[] read = new int[n];
            for (int i = 0; i < windows; i++) {
                long at = (long) pass * windows + i;
                int start = Windows.start(BatchOrder.SHUFFLED, 5, at / 4, 4, (int) (at % 4), n, t);
                assertTrue(start >= 0 && start + t < n, "a window must leave room for its last target");
                for (int k = start; k < start + t; k++) {
                    read[k]++;
                }
            }
            assertEquals(windows * t, Arrays.stream(read).filter(r -> r == 1).count());
            assertEquals(
                    n - windows * t, Arrays.stream(read).filter(r -> r == 0).count());
        }
    }

    @Test
    void shuffled_passesDifferInOrderAndInPhase_andReachEveryStart() {
        int n = 103;
        int t = 8;
        boolean[] reached = new boolean[n - t];
        Set<List<Integer>> orders = new HashSet<>();
        for (int pass = 0; pass < 300; pass++) {
            List<Integer> order = new ArrayList<>();
            for (int i = 0; i < 11; i++) {
                int start = Windows.start(BatchOrder.SHUFFLED, 5, pass * 11L + i, 1, 0, n, t);
                reached[start] = true;
                order.add(start / t);
            }
            orders.add(order);
        }
        boolean[] all = new boolean[n - t];
        Arrays.fill(all, true);
        assertArrayEquals(all, reached);
        assertTrue(orders.size() > 290, "only " + orders.size() + " orders of 300 differ");
    }

    @Test
    void shuffled_tooFewTokensForTwoWindows_drawsOneAnywhere() {
        boolean[] seen = new boolean[5]; // 13 tokens, context 8: starts 0 to 4
        for (int step = 0; step < 200; step++) {
            seen[Windows.start(BatchOrder.SHUFFLED, 1, step, 1, 0, 13, 8)] = true;
        }
        assertArrayEquals(new boolean[] {true, true, true, true, true}, seen);
    }

    @Test
    void oneWindow_isAlwaysTaken() {
        for (BatchOrder order : BatchOrder.values()) {
            assertEquals(0, Windows.start(order, 3, 17, 5, 4, 9, 8));
        }
    }

    @Test
    void noWholeWindow_isRefused() {
        for (BatchOrder order : BatchOrder.values()) {
            assertThrows(IllegalArgumentException.class, () -> Windows.start(order, 3, 0, 1, 0, 8, 8));
        }
    }

    @Test
    void stepOrPositionOutOfRange_isRefused() {
        assertThrows(IllegalArgumentException.class, () -> Windows.start(BatchOrder.RANDOM, 0, -1, 4, 0, 99, 8));
        assertThrows(IllegalArgumentException.class, () -> Windows.start(BatchOrder.RANDOM, 0, 0, 4, 4, 99, 8));
        assertThrows(IllegalArgumentException.class, () -> Windows.start(BatchOrder.RANDOM, 0, 0, 4, -1, 99, 8));
        assertThrows(IllegalArgumentException.class, () -> Windows.start(BatchOrder.RANDOM, 0, 0, 4, 0, 99, 0));
    }

    @Test
    void evaluation_coversEveryTargetExactlyOnce() {
        for (int tokens = 2; tokens < 40; tokens++) {
            for (int context = 1; context < 45; context++) {
                int[] covered = new int[tokens];
                for (int i = 0; i < Windows.count(tokens, context); i++) {
                    int start = Windows.start(i, tokens, context);
                    int length = Windows.length(i, tokens, context);
                    assertTrue(length >= 1 && length <= context);
                    for (int t = start + 1; t <= start + length; t++) {
                        covered[t]++;
                    }
                }
                int[] once = new int[tokens];
                Arrays.fill(once, 1, tokens, 1);
                assertArrayEquals(once, covered);
            }
        }
    }

    @Test
    void evaluation_ofTinyShakespeare_has1743Windows() {
        assertEquals(1743, Windows.count(111_540, 64));
        assertEquals(111_488, Windows.start(1742, 111_540, 64));
        assertEquals(51, Windows.length(1742, 111_540, 64));
        assertEquals(64, Windows.length(1741, 111_540, 64));
    }

    @Test
    void evaluation_outOfRange_isRefused() {
        assertThrows(IllegalArgumentException.class, () -> Windows.count(1, 8));
        assertThrows(IllegalArgumentException.class, () -> Windows.count(9, 0));
        assertThrows(IllegalArgumentException.class, () -> Windows.start(1, 9, 8));
        assertThrows(IllegalArgumentException.class, () -> Windows.length(-1, 9, 8));
    }

    @Test
    void evaluation_hugeContext_isOneWindow() {
        assertEquals(1, Windows.count(Integer.MAX_VALUE, Integer.MAX_VALUE));
        assertEquals(Integer.MAX_VALUE - 1, Windows.length(0, Integer.MAX_VALUE, Integer.MAX_VALUE));
    }
}
