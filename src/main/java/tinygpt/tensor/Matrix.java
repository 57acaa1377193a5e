package tinygpt.tensor;

import java.nio.FloatBuffer;

/**
 * A row-major view of a slab: element (i, j) lies at {@code offset + i * stride + j}. A view allocates nothing off-heap
 * and is immutable, so that threads may share it.
 */
public final class Matrix {
    private final Slab slab;
    private final long offset;
    private final int rows;
    private final int columns;
    private final int stride;

    Matrix(Slab slab, long offset, int rows, int columns, int stride) {
        if (rows < 0 || columns < 0 || stride < columns) {
            throw new IllegalArgumentException("no matrix of " + rows + " x " + columns + ", stride " + stride);
        }
        if (rows > 0) {
            slab.checkRange(offset, (rows - 1L) * stride + columns);
        }
        this.slab = slab;
        this.offset = offset;
        this.rows = rows;
        this.columns = columns;
        this.stride = stride;
    }

    public int rows() {
        return rows;
    }

    public int columns() {
        return columns;
    }

    /** A block of this matrix, sharing its memory. */
    public Matrix block(int row, int column, int rows, int columns) {
        if (row < 0 || column < 0 || row + rows > this.rows || column + columns > this.columns) {
            throw new IndexOutOfBoundsException("block " + rows + " x " + columns + " at (" + row + ", " + column
                    + ") does not lie within " + this.rows + " x " + this.columns);
        }
        return new Matrix(slab, offset + (long) row * stride + column, rows, columns, stride);
    }

    /** The first rows of this matrix, sharing its memory. */
    public Matrix rows(int count) {
        return block(0, 0, count, columns);
    }

    /** Copies one row out. */
    public void readRow(int row, float[] destination, int at) {
        slab.read(rowOffset(row), destination, at, columns);
    }

    /** Copies one row in. */
    public void writeRow(int row, float[] source, int at) {
        slab.write(rowOffset(row), source, at, columns);
    }

    /** All elements, row after row; for tests and inspection. */
    public float[] toArray() {
        float[] all = new float[Math.multiplyExact(rows, columns)];
        for (int i = 0; i < rows; i++) {
            readRow(i, all, i * columns);
        }
        return all;
    }

    int stride() {
        return stride;
    }

    long address() {
        return slab.address() + offset * Float.BYTES;
    }

    long rowOffset(int row) {
        return offset + (long) row * stride;
    }

    FloatBuffer buffer(long at) {
        return slab.buffer(at);
    }
}
