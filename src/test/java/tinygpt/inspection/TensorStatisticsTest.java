package tinygpt.inspection;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TensorStatisticsTest {
    @Test
    void numbers_areThoseComputedByHand() {
        float[] now = {1, -2, 0, 5};
        float[] start = {1, 1, 0, 1};
        TensorStatistics s = TensorStatistics.of(now, start, 4);
        assertEquals(1, s.mean());
        assertEquals(Math.sqrt((0 + 9 + 1 + 16) / 4.0), s.std(), 1e-15);
        assertEquals(-2, s.min());
        assertEquals(5, s.max());
        assertEquals(Math.sqrt(30), s.norm());
        assertEquals(5, s.change());
        assertEquals(5 / Math.sqrt(3), s.relativeChange(), 1e-15);
        assertEquals(2.5, s.typicalChange());
        assertEquals(2, s.changed());
        assertEquals(1, s.zeros());
    }

    @Test
    void pieces_addUpToTheWhole() {
        float[] all = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3.5f, -8, 97};
        float[] start = new float[all.length];
        TensorStatistics whole = TensorStatistics.of(all, start, all.length);
        TensorStatistics sum = TensorStatistics.none(true);
        for (int at = 0; at < all.length; at += 5) {
            float[] piece = Arrays.copyOfRange(all, at, Math.min(all.length, at + 5));
            sum = sum.plus(TensorStatistics.of(piece, start, piece.length));
        }
        assertEquals(whole.mean(), sum.mean(), 1e-12);
        assertEquals(whole.std(), sum.std(), 1e-12);
        assertEquals(whole.norm(), sum.norm(), 1e-12);
        assertEquals(whole.count(), sum.count());
        assertEquals(whole.min(), sum.min());
        assertEquals(whole.max(), sum.max());
        assertEquals(12, sum.changed());
    }

    @Test
    void numbersThatAreNotFinite_areCountedAndLeftOutOfTheMean() {
        float[] now = {2, Float.NaN, 4, Float.POSITIVE_INFINITY};
        TensorStatistics s = TensorStatistics.of(now, null, 4).plus(TensorStatistics.none(false));
        assertEquals(2, s.notFinite());
        assertEquals(3, s.mean());
        assertEquals(1, s.std());
        assertEquals(4, s.max());
        assertTrue(Double.isNaN(s.norm()));
        assertTrue(Double.isNaN(s.change()));
        assertEquals(-1, s.changed());
    }

    @Test
    void histogram_countsEveryNumberOnce(@TempDir Path run) {
        InspectedModel.write(run, InspectedModel.nano(1), 0, registry -> {
            InspectedModel.set(registry, "ln_f.weight", -1, -0.75f, -0.5f, 0, 0.99f, 7, Float.NaN, -2);
        });
        try (WeightFile file = WeightFile.open(run)) {
            var gain = List.of(file.registry().get("ln_f.weight"));
            ValueHistogram h = ValueHistogram.of(file, gain, -1, 1, 4);
            assertArrayEquals(new long[] {2, 1, 1, 25}, h.counts()); // 24 ones are in the last bin with 0.99
            assertEquals(1, h.below());
            assertEquals(1, h.above());
            var zeros = List.of(file.registry().get("ln_f.bias"));
            assertArrayEquals(
                    new long[] {0, 32, 0},
                    ValueHistogram.of(file, zeros, 0, 0, 3).counts());
        }
    }
}
