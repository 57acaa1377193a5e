package tinygpt.tensor;

import org.bytedeco.javacpp.FloatPointer;

/**
 * What one worker thread needs to compute: its kernels, tiles in Java arrays, and the three pointers it shows to BLAS.
 * Everything is allocated here, once, so that a training step allocates nothing. Not thread-safe.
 */
public final class Workspace {
    /** Floats in a tile: four tiles fit into a first-level cache of 32 KB. */
    static final int TILE = 2048;

    final Kernels kernels;
    final float[] tileA;
    final float[] tileB;
    final float[] tileC;
    final float[] tileD;
    final double[] sums = new double[4];
    final PackedProducts.Scratch widened = new PackedProducts.Scratch();
    private NormScratch normScratch = new NormScratch(TILE);
    final BlasPointer pointerA;
    final BlasPointer pointerB;
    final BlasPointer pointerC;

    /**
     * Scratch memory for rows of a given length.
     *
     * @param longestRow the most columns of a matrix this worker will meet
     */
    public Workspace(int longestRow) {
        this(longestRow, KernelChoice.newKernels());
    }

    Workspace(int longestRow, Kernels kernels) {
        this.kernels = kernels;
        int tile = Math.max(TILE, longestRow);
        tileA = new float[tile];
        tileB = new float[tile];
        tileC = new float[tile];
        tileD = new float[2 * tile]; // two statistics a row, even for rows of one float
        pointerA = new BlasPointer();
        pointerB = new BlasPointer();
        pointerC = new BlasPointer();
    }

    /** Scratch vectors of {@link Rows#layerNormBackward}. */
    NormScratch normScratch(int columns) {
        if (columns > normScratch.gain.length) {
            normScratch = new NormScratch(columns);
        }
        return normScratch;
    }

    /** The most columns of a matrix this workspace can take. */
    public int longestRow() {
        return tileA.length;
    }

    /** How many rows of this length one tile holds, at least 1. */
    int rowsInTile(int columns) {
        if (columns > tileA.length) {
            throw new IllegalArgumentException(
                    "a row of " + columns + " floats is longer than this workspace's " + tileA.length);
        }
        return Math.max(1, TILE / Math.max(1, columns));
    }

    /**
     * A pointer that can be set to any float in memory without a new object: JavaCPP passes address + 4 * position to C,
     * so a position relative to a fixed block reaches every address that is a multiple of 4.
     */
    static final class BlasPointer {
        private final FloatPointer pointer = new FloatPointer(1);
        private final long base = pointer.address();

        FloatPointer to(Matrix matrix) {
            pointer.position((matrix.address() - base) / Float.BYTES);
            return pointer;
        }
    }
}
