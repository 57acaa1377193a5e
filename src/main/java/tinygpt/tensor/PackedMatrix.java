package tinygpt.tensor;

import java.nio.ByteBuffer;
import org.bytedeco.javacpp.BytePointer;

/**
 * A matrix that is only read, of whole numbers of 8 bits and float32 scales: element (i, j) is {@code code(i, j) * scale(i,
 * j / group)}. It lies outside the Java heap and takes a quarter of the memory of float32, and 4 / group bytes more a
 * number. See {@link PackedProducts}.
 */
public final class PackedMatrix implements AutoCloseable {
    private final int rows;
    private final int columns;
    private final int group;
    private final int groups;
    private final BytePointer memory;
    private final ByteBuffer codes;
    private final Slab scales;

    private PackedMatrix(String role, int rows, int columns, int group) {
        this.rows = rows;
        this.columns = columns;
        this.group = group;
        this.groups = (columns + group - 1) / group;
        this.scales = Slab.allocate("the scales of " + role, (long) rows * groups);
        try {
            this.memory = new BytePointer((long) rows * columns);
        } catch (OutOfMemoryError e) {
            scales.close();
            throw e;
        }
        this.codes = memory.asByteBuffer();
    }

    /**
     * A matrix whose rows are to be written.
     *
     * @param role what it is for, used in messages
     * @param group how many numbers of a row share a scale
     * @throws IllegalArgumentException if it has more than 2^31 - 1 numbers
     * @throws OutOfMemoryError if the system or the configured off-heap limit has no such block
     */
    public static PackedMatrix allocate(String role, int rows, int columns, int group) {
        if (rows < 1 || columns < 1 || group < 1) {
            throw new IllegalArgumentException("no packed matrix of " + rows + " x " + columns + ", group " + group);
        }
        if ((long) rows * columns > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    role + " is too large to be kept in 8 bits: a matrix may have 2^31 - 1 numbers");
        }
        return new PackedMatrix(role, rows, columns, group);
    }

    public int rows() {
        return rows;
    }

    public int columns() {
        return columns;
    }

    /** Numbers of a row that share a scale; the last group may have fewer. */
    public int group() {
        return group;
    }

    /** Scales of a row. */
    public int groups() {
        return groups;
    }

    /** Bytes of codes and scales. */
    public long bytes() {
        return (long) rows * columns + (long) rows * groups * Float.BYTES;
    }

    /** Copies one row in. */
    public void writeRow(int row, byte[] rowCodes, float[] rowScales) {
        scales.write((long) row * groups, rowScales, 0, groups);
        codes.put(row * columns, rowCodes, 0, columns);
    }

    /**
     * Copies rows out.
     *
     * @param rowCodes receives the codes, row after row
     * @param rowScales receives the scales, row after row
     * @throws IllegalStateException after {@link #close()}
     */
    void readRows(int row, int count, byte[] rowCodes, float[] rowScales) {
        scales.read((long) row * groups, rowScales, 0, count * groups); // open, or this says that it is not
        codes.get(row * columns, rowCodes, 0, count * columns);
    }

    /** Gives the memory back. */
    @Override
    public void close() {
        scales.close();
        memory.deallocate();
    }
}
