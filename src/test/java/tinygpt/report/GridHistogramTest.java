package tinygpt.report;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import tinygpt.random.CounterRandom;
import tinygpt.random.Stream;

class GridHistogramTest {
    private static GridHistogram of(int bins, float... numbers) {
        float min = Float.POSITIVE_INFINITY;
        float max = Float.NEGATIVE_INFINITY;
        for (float x : numbers) {
            min = Math.min(min, x);
            max = Math.max(max, x);
        }
        GridHistogram histogram = GridHistogram.between(min, max, bins);
        histogram.add(numbers, numbers.length);
        return histogram;
    }

    @Test
    void bins_areHalfOpenOnAGridOfPowersOfTwo() {
        GridHistogram h = of(8, -1, -0.5f, 0, 0.25f, 0.5f, 0.99f);
        assertEquals(-2, h.exponent(), "0.25: 8 bins from -1 up to 1");
        assertEquals(-4, h.first());
        assertArrayEquals(new long[] {1, 0, 1, 0, 1, 1, 1, 1}, h.counts());
    }

    @Test
    void widening_countsWhatCountingInWiderBinsDoes() {
        float[] numbers = new float[5000];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = (float) (0.02 * CounterRandom.normal(7, Stream.INITIAL_WEIGHTS, 0, i));
        }
        GridHistogram fine = of(4096, numbers);
        GridHistogram coarse = of(32, numbers);
        GridHistogram widened = fine.widened(coarse.exponent());
        assertEquals(coarse.first(), widened.first());
        assertArrayEquals(coarse.counts(), widened.counts());
        assertEquals(5000, widened.total());
        assertEquals(coarse.exponent(), fine.inAtMost(32).exponent());
        assertThrows(IllegalArgumentException.class, () -> coarse.widened(fine.exponent()));
    }

    @Test
    void extremes_haveRoom() {
        for (float[] numbers : new float[][] {
            {0}, {1}, {-Float.MAX_VALUE, Float.MAX_VALUE}, {Float.MIN_VALUE}, {0, Float.MIN_VALUE}, {1, Math.nextUp(1f)}
        }) {
            GridHistogram h = of(128, numbers);
            assertEquals(numbers.length, h.total());
            assertTrue(h.counts().length <= 128 && Math.abs(h.first()) <= GridHistogram.FARTHEST_BIN, h.toString());
            assertTrue(
                    h.exponent() >= GridHistogram.LEAST_EXPONENT && h.exponent() <= Float.MAX_EXPONENT, h.toString());
        }
    }

    @Test
    void quantiles_areWithinABinOfTheTrueOnes() {
        float[] numbers = new float[1001];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = (i - 500) / 500f; // -1 to 1 evenly: the quantile of p is 2p - 1
        }
        GridHistogram h = of(4096, numbers);
        for (double p : new double[] {0.05, 0.25, 0.5, 0.75, 0.95}) {
            assertEquals(2 * p - 1, h.quantile(p), 0.003, "p " + p);
        }
        assertEquals(0.995, h.sizeExceededBy(1 / 200.0), 0.003);
        assertTrue(Double.isNaN(new GridHistogram(0, 0, new long[3]).quantile(0.5)));
    }

    @Test
    void runBins_holdAllFramesInOneRangeExactly() {
        List<GridHistogram> frames = List.of(of(128, 1), of(128, 0.9f, 1, 1.1f), of(128, -3, 0.5f, 1, 5));
        RunBins bins = RunBins.of(frames);
        assertTrue(bins.count() > 16 && bins.count() <= 32, "bins " + bins.count());
        assertTrue(bins.low() <= -3 && bins.low() > -3.5, "low " + bins.low());
        assertTrue(bins.high() > 5 && bins.high() < 5.6, "high " + bins.high());
        double width = (bins.high() - bins.low()) / bins.count();
        for (GridHistogram frame : frames) {
            long[] counts = bins.counts(frame);
            int ones = (int) ((1 - bins.low()) / width);
            assertTrue(counts[ones] >= 1, "1 is in bin " + ones);
            assertEquals(frame.total(), java.util.Arrays.stream(counts).sum());
        }
    }

    @Test
    void runBins_ofAConstant_lieAroundIt() {
        RunBins ones = RunBins.of(List.of(of(128, 1, 1, 1), of(128, 1)));
        assertEquals(0.5, ones.low());
        assertEquals(1.5, ones.high());
        assertEquals(31, ones.count());
        assertEquals(3, ones.counts(of(128, 1, 1, 1))[15]);
        RunBins zeros = RunBins.of(List.of(of(128, 0)));
        assertEquals(-1e-6, zeros.low());
        assertEquals(1e-6, RunBins.of(List.of()).high(), "of nothing but NaN");
    }
}
