package tinygpt.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

class SlabTest {
    @ParameterizedTest
    @ValueSource(longs = {1, 15, 16, 17, 1000, 100_003})
    void newSlab_isZeroAndAligned(long size) {
        try (Slab slab = Slab.allocate("test", size)) {
            assertEquals(16, slab.address() % 64);
            assertEquals(size, slab.size());
            float[] all = new float[(int) size];
            java.util.Arrays.fill(all, 1);
            slab.read(0, all, 0, all.length);
            assertArrayEquals(new float[(int) size], all);
        }
    }

    @Test
    void lastFloat_canBeWrittenAndRead() {
        try (Slab slab = Slab.allocate("test", 17)) {
            slab.write(16, new float[] {1, 2}, 1, 1);
            float[] read = new float[3];
            slab.read(15, read, 1, 2);
            assertArrayEquals(new float[] {0, 0, 2}, read);
        }
    }

    /** Buffers are windows of 2^27 floats: places are counted within one, without allocating so much. */
    @ParameterizedTest
    @CsvSource({"0, 0", "134217727, 134217727", "134217728, 0", "134217729, 1", "1610612741, 5"})
    void index_isThatWithinTheWindow(long offset, int index) {
        assertEquals(index, Slab.index(offset));
    }

    /** Sizes that the allocator places differently: the first aligned float is not always the first of the block. */
    @ParameterizedTest
    @ValueSource(longs = {40, 44, 49, 54, 1_000_000, 20_000_000})
    void array_sharesMemoryBothWays(long size) {
        try (Slab slab = Slab.allocate("test", size)) {
            INDArray array = slab.array(7, 3, 5);
            assertEquals(DataType.FLOAT, array.dataType());
            assertEquals('c', array.ordering());
            assertArrayEquals(new long[] {3, 5}, array.shape());

            slab.write(7 + 5 + 2, new float[] {4}, 0, 1);
            assertEquals(4, array.getFloat(1, 2));

            array.putScalar(2, 4, 9f);
            float[] read = new float[1];
            slab.read(7 + 2 * 5 + 4, read, 0, 1);
            assertEquals(9, read[0]);

            INDArray vector = slab.array(14, 4);
            assertEquals(4, vector.getFloat(0));
            array.addi(1);
            assertEquals(5, vector.getFloat(0));
        }
    }

    @Test
    void matrix_isRowsWithAStride() {
        try (Slab slab = Slab.allocate("test", 40)) {
            for (int i = 0; i < 40; i++) {
                slab.write(i, new float[] {i}, 0, 1);
            }
            Matrix block = slab.matrix(2, 6, 6).block(1, 2, 3, 2);
            assertArrayEquals(new float[] {10, 11, 16, 17, 22, 23}, block.toArray());
            assertArrayEquals(new float[] {10, 11}, block.rows(1).toArray());
            block.writeRow(2, new float[] {-1, -2, -3}, 1);
            assertArrayEquals(new float[] {10, 11, 16, 17, -2, -3}, block.toArray());
        }
    }

    @ParameterizedTest
    @CsvSource({"0, 11", "10, 1", "11, 0", "-1, 1", "9223372036854775807, 1", "0, -1"})
    void stretchOutside_isRefused(long offset, int count) {
        try (Slab slab = Slab.allocate("norms", 10)) {
            float[] array = new float[20];
            String expected = count + " floats at " + offset + " do not lie within the 10 of norms";
            assertEquals(
                    expected,
                    assertThrows(IndexOutOfBoundsException.class, () -> slab.read(offset, array, 0, count))
                            .getMessage());
            assertEquals(
                    expected,
                    assertThrows(IndexOutOfBoundsException.class, () -> slab.write(offset, array, 0, count))
                            .getMessage());
        }
    }

    @Test
    void viewsOutside_areRefused() {
        try (Slab slab = Slab.allocate("norms", 10)) {
            assertThrows(IndexOutOfBoundsException.class, () -> slab.matrix(0, 3, 4));
            assertThrows(IndexOutOfBoundsException.class, () -> slab.matrix(5, 2, 3));
            assertThrows(IndexOutOfBoundsException.class, () -> slab.array(8, 3));
            Matrix matrix = slab.matrix(0, 2, 5);
            assertThrows(IndexOutOfBoundsException.class, () -> matrix.block(1, 0, 2, 5));
            assertThrows(IndexOutOfBoundsException.class, () -> matrix.block(0, 3, 1, 3));
            assertThrows(IndexOutOfBoundsException.class, () -> matrix.block(-1, 0, 1, 1));
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0, -5})
    void emptySlab_isRefused(long size) {
        assertEquals(
                "a slab for norms needs at least one float, not " + size,
                assertThrows(IllegalArgumentException.class, () -> Slab.allocate("norms", size))
                        .getMessage());
    }

    @Test
    void closedSlab_refusesEveryUse_andMayBeClosedAgain() {
        Slab slab = Slab.allocate("norms", 10);
        slab.array(0, 10);
        slab.close();
        slab.close();
        try (Slab other = Slab.allocate("other", 10)) {
            float[] array = new float[1];
            for (org.junit.jupiter.api.function.Executable use : new org.junit.jupiter.api.function.Executable[] {
                () -> slab.read(0, array, 0, 1),
                () -> slab.write(0, array, 0, 1),
                () -> slab.array(0, 10),
                slab::clear,
                () -> slab.copyFrom(other),
                () -> other.copyFrom(slab)
            }) {
                assertEquals(
                        "the memory for norms was given back; use a model only while what it was opened with is open",
                        assertThrows(IllegalStateException.class, use).getMessage());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {41, 1001, 20_000_000})
    void copyAndClear_reachEveryFloat_andNoOther(int size) {
        try (Slab from = Slab.allocate("from", size);
                Slab to = Slab.allocate("to", size);
                Slab shorter = Slab.allocate("shorter", size - 1)) {
            float[] values = new float[size];
            for (int i = 0; i < values.length; i++) {
                values[i] = i + 1;
            }
            from.write(0, values, 0, size);
            to.copyFrom(from);
            float[] read = new float[size];
            to.read(0, read, 0, size);
            assertArrayEquals(values, read);

            to.clear();
            to.read(0, read, 0, size);
            assertArrayEquals(new float[size], read);
            from.read(0, read, 0, size);
            assertArrayEquals(values, read, "the other slab");
            assertEquals(
                    "shorter has " + (size - 1) + " floats, from has " + size,
                    assertThrows(IllegalArgumentException.class, () -> shorter.copyFrom(from))
                            .getMessage());
        }
    }

    @Test
    void tooLargeSlab_saysWhatItWasFor() {
        String message = assertThrows(OutOfMemoryError.class, () -> Slab.allocate("weights", 1L << 45))
                .getMessage();
        assertTrue(message.startsWith("no 140737488.4 MB of off-heap memory for weights: "), message);
    }
}
