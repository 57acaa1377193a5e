package tinygpt.random;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class RandomPermutationTest {

    @Test
    void everySize_mapsTheRangeOntoItself() {
        for (int size = 1; size < 300; size++) {
            boolean[] hit = new boolean[size];
            for (int i = 0; i < size; i++) {
                int image = (int) RandomPermutation.at(i, size, 3, Stream.SHUFFLE, size);
                assertFalse(hit[image], "size " + size + ": " + image + " is taken twice");
                hit[image] = true;
            }
        }
    }

    @Test
    void images_areSpreadEvenly_overManyPermutations() {
        int size = 10;
        int permutations = 20_000;
        int[][] count = new int[size][size];
        for (int p = 0; p < permutations; p++) {
            for (int i = 0; i < size; i++) {
                count[i][(int) RandomPermutation.at(i, size, 11, Stream.SHUFFLE, p)]++;
            }
        }
        double expected = permutations / (double) size;
        double chiSquare = 0;
        for (int[] row : count) {
            for (int c : row) {
                chiSquare += (c - expected) * (c - expected) / expected;
            }
        }
        // 81 degrees of freedom: the mean is 81, four standard deviations above it 132.
        assertTrue(chiSquare < 132, "chi square " + chiSquare);
    }

    @Test
    void neighbours_doNotStayTogether() {
        int size = 10_000;
        int together = 0;
        for (int i = 1; i < size; i++) {
            long here = RandomPermutation.at(i, size, 1, Stream.SHUFFLE, 0);
            long before = RandomPermutation.at(i - 1, size, 1, Stream.SHUFFLE, 0);
            together += here == before + 1 ? 1 : 0;
        }
        assertTrue(together < 10, together + " of 10,000 neighbours stayed neighbours; 1 is expected");
    }

    @Test
    void largestRange_works() {
        long image = RandomPermutation.at(Long.MAX_VALUE - 1, Long.MAX_VALUE, 1, Stream.SHUFFLE, 0);
        assertTrue(image >= 0 && image < Long.MAX_VALUE);
        assertEquals(0, RandomPermutation.at(0, 1, 1, Stream.SHUFFLE, 0));
    }

    @Test
    void indexOutOfRange_isRefused() {
        assertThrows(IllegalArgumentException.class, () -> RandomPermutation.at(5, 5, 1, Stream.SHUFFLE, 0));
        assertThrows(IllegalArgumentException.class, () -> RandomPermutation.at(-1, 5, 1, Stream.SHUFFLE, 0));
    }
}
