package tinygpt.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SnapshotPlanTest {
    @Test
    void defaultRun_doublesAndThenGoesOnEvenly() {
        assertEquals(
                List.of(
                        0L, 1L, 2L, 4L, 8L, 16L, 32L, 64L, 128L, 200L, 400L, 600L, 800L, 1000L, 1200L, 1400L, 1600L,
                        1800L),
                SnapshotPlan.of(1800, 20).steps());
    }

    @Test
    void shortRuns_areSeenAtEveryStep() {
        assertEquals(List.of(0L), SnapshotPlan.of(0, 20).steps());
        assertEquals(List.of(0L, 1L), SnapshotPlan.of(1, 20).steps());
        assertEquals(List.of(0L, 1L, 2L, 3L, 4L, 5L), SnapshotPlan.of(5, 20).steps());
    }

    @Test
    void fewerThanDoublingNeeds_lieFartherApart() {
        assertEquals(List.of(0L, 1L, 1800L), SnapshotPlan.of(1800, 3).steps());
        assertEquals(List.of(0L, 1L, 16L, 256L, 1800L), SnapshotPlan.of(1800, 5).steps());
    }

    @ParameterizedTest
    @CsvSource({
        "10,20",
        "19,20",
        "20,20",
        "21,20",
        "150,20",
        "1000,20",
        "5000,20",
        "600000,20",
        "2147483647,20",
        "2147483647,200"
    })
    void everyPlan_startsAtZeroEndsAtTheLastAndKeepsItsBound(long steps, int most) {
        SnapshotPlan plan = SnapshotPlan.of(steps, most);
        List<Long> all = plan.steps();
        assertEquals(0, all.get(0));
        assertEquals(steps, all.get(all.size() - 1));
        assertTrue(plan.has(1) && plan.has(steps) && !plan.has(steps + 1), all.toString());
        assertTrue(all.size() <= most, all.size() + " of " + most);
        assertTrue(all.size() >= Math.min(steps + 1, most * 6 / 10), "not far fewer than asked for: " + all);
        assertEquals(all.size(), plan.count());
    }

    @Test
    void tooFew_areRefused() {
        assertThrows(IllegalArgumentException.class, () -> SnapshotPlan.of(100, 2));
    }
}
