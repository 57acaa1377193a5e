package tinygpt.tensor;

import java.nio.FloatBuffer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.nd4j.linalg.api.buffer.DataBuffer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * One block of float32 memory outside the Java heap, zeroed unless told otherwise and 16 bytes behind a multiple of 64: all weights, or all gradients of a
 * shard, or the activations of a worker.
 *
 * <p>A slab is wrapped as an {@link INDArray} when somebody first asks for one, because starting ND4J costs about a
 * second that generation and training need not pay. Arrays and matrices are views: they see every later change. After
 * {@link #close()} matrices and the slab itself refuse to be used; an INDArray cannot, and must not be used any more.
 */
public final class Slab implements AutoCloseable {
    /** Floats to a window of buffers: a direct buffer cannot span more than 2^31 bytes. */
    private static final int WINDOW_BITS = 27;

    private static final long WINDOW = 1L << WINDOW_BITS;
    private static final int ALIGNMENT = 64;

    /**
     * Bytes by which the first float lies behind such a boundary: oneDNN's AVX2 kernels are up to a quarter slower on
     * matrices whose rows all start at one (384 x 128 x 512: 70 and 89 GFLOP/s), and no other reader minds.
     */
    private static final int SKEW = 16;

    private final String role;
    private final long size;
    private final FloatPointer memory;

    /** The first aligned float. Not a position in {@link #memory}: JavaCPP's memset and memcpy count positions in bytes. */
    private final FloatPointer first;

    private final FloatBuffer[] windows;
    private INDArray array;
    private boolean closed;

    private Slab(String role, long size, boolean zeroed) {
        this.role = role;
        this.size = size;
        this.memory = reserve(role, size + (ALIGNMENT + SKEW) / Float.BYTES);
        long address = (memory.address() + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT + SKEW;
        long skipped = (address - memory.address()) / Float.BYTES;
        this.first = memory.getPointer(skipped).capacity(size);
        if (zeroed) {
            Pointer.memset(first, 0, size * Float.BYTES);
        }
        this.windows = new FloatBuffer[(int) ((size + WINDOW - 1) / WINDOW)];
        for (int i = 0; i < windows.length; i++) {
            // Windows overlap by half, so that every row of up to 2^27 floats lies whole in one of them.
            long start = i * WINDOW;
            long length = Math.min(2 * WINDOW - 1, size - start);
            windows[i] = new FloatPointer(first)
                    .position(start)
                    .limit(start + length)
                    .asBuffer();
        }
    }

    /**
     * Allocates a slab of zeros.
     *
     * @param role what it is for, used in messages
     * @param size number of floats, at least 1
     * @throws OutOfMemoryError if the system or the configured off-heap limit has no such block, saying how much was asked
     */
    public static Slab allocate(String role, long size) {
        return allocate(role, size, true);
    }

    /**
     * Allocates a slab whose numbers are anything until they are written. What is never written takes no memory: a system
     * gives a process a page when it is first touched.
     */
    public static Slab allocateUnwritten(String role, long size) {
        return allocate(role, size, false);
    }

    private static Slab allocate(String role, long size, boolean zeroed) {
        if (size < 1) {
            throw new IllegalArgumentException("a slab for " + role + " needs at least one float, not " + size);
        }
        return new Slab(role, size, zeroed);
    }

    /** Number of floats. */
    public long size() {
        return size;
    }

    /** What it is for. */
    public String role() {
        return role;
    }

    /**
     * A row-major matrix view.
     *
     * @param offset place of element (0, 0) in this slab
     * @throws IndexOutOfBoundsException if the matrix does not lie within this slab
     */
    public Matrix matrix(long offset, int rows, int columns) {
        return new Matrix(this, offset, rows, columns, columns);
    }

    /**
     * A view as an INDArray in C order; the first call of a process starts ND4J.
     *
     * @param offset place of the first element in this slab
     */
    public synchronized INDArray array(long offset, long... shape) {
        checkOpen();
        if (array == null) {
            // A pointer whose address is the first float: ND4J would ignore a position.
            DataBuffer buffer = Nd4j.createBuffer(new FloatPointer(first), size, DataType.FLOAT);
            array = Nd4j.create(buffer, new long[] {1, size}, new long[] {size, 1}, 0, 'c');
        }
        long[] strides = new long[shape.length];
        long length = 1;
        for (int i = shape.length - 1; i >= 0; i--) {
            strides[i] = length;
            length *= shape[i];
        }
        checkRange(offset, length);
        return Nd4j.create(array.data(), shape, strides, offset, 'c');
    }

    /** Copies floats out. */
    public void read(long offset, float[] destination, int at, int count) {
        checkRange(offset, count);
        buffer(offset).get(index(offset), destination, at, count);
    }

    /** Copies floats in. */
    public void write(long offset, float[] source, int at, int count) {
        checkRange(offset, count);
        buffer(offset).put(index(offset), source, at, count);
    }

    /** Copies another slab's floats into this one from the start; sizes must be equal. */
    public void copyFrom(Slab other) {
        if (other.size != size) {
            throw new IllegalArgumentException(role + " has " + size + " floats, " + other.role + " has " + other.size);
        }
        checkOpen();
        other.checkOpen();
        Pointer.memcpy(first, other.first, size * Float.BYTES);
    }

    /** Sets every float to zero. */
    public void clear() {
        checkOpen();
        Pointer.memset(first, 0, size * Float.BYTES);
    }

    /** Gives the memory back. Views must not be used any more. */
    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            if (array != null) {
                array.setCloseable(false);
                array = null;
            }
            memory.deallocate();
        }
    }

    /** Address of the first float; asked for by every product, so that none reads memory that was given back. */
    long address() {
        checkOpen();
        return first.address();
    }

    /** The buffer in which a row that starts at this offset lies; asked for once a tile. */
    FloatBuffer buffer(long offset) {
        checkOpen();
        return windows[(int) (offset >>> WINDOW_BITS)];
    }

    /** The index of an offset within its {@link #buffer(long)}. */
    static int index(long offset) {
        return (int) (offset & (WINDOW - 1));
    }

    void checkRange(long offset, long count) {
        if (offset < 0 || count < 0 || offset > size - count) {
            throw new IndexOutOfBoundsException(
                    count + " floats at " + offset + " do not lie within the " + size + " of " + role);
        }
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("the memory for " + role
                    + " was given back; use a model only while what it was opened with is open");
        }
    }

    private static FloatPointer reserve(String role, long floats) {
        try {
            return new FloatPointer(floats);
        } catch (OutOfMemoryError e) {
            OutOfMemoryError told = new OutOfMemoryError(String.format(
                    java.util.Locale.ROOT,
                    "no %.1f MB of off-heap memory for %s: %s",
                    floats * 4e-6,
                    role,
                    e.getMessage()));
            told.initCause(e);
            throw told;
        }
    }
}
