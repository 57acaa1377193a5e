package tinygpt.tensor;

/**
 * A matrix that is only read, of whole numbers of 8 bits and float32 scales: element (i, j) is {@code code(i, j) * scale(i,
 * j / group)}. It takes a quarter of the memory of float32, and 4 / group bytes more a number. See {@link PackedProducts}.
 *
 * <p>Design: it lies the way in which a product with one row reads it from beginning to end, each number of the result being
 * one sum: by rows for x a^T, by columns for x a. And it lies on the Java heap, other than every float32 matrix: the Vector
 * API loads from arrays on all JDKs, and copying the codes into an array first, as is done with rows of floats, would take as
 * long as the product itself (measured: 8 instead of 12 numbers a nanosecond).
 */
public final class PackedMatrix implements AutoCloseable {
    /** Which products a matrix is for. */
    public enum Layout {
        /** x a^T: an embedding and the head. */
        BY_ROWS,
        /** x a: a linear layer. */
        BY_COLUMNS
    }

    private final String role;
    private final Layout layout;
    private final int rows;
    private final int columns;
    private final int group;
    private final int groups;
    private byte[] codes; // (rows, columns) or (columns, rows)
    private float[] scales; // (rows, groups) or (groups, rows)

    private PackedMatrix(String role, Layout layout, int rows, int columns, int group) {
        this.role = role;
        this.layout = layout;
        this.rows = rows;
        this.columns = columns;
        this.group = group;
        this.groups = (columns + group - 1) / group;
        this.codes = new byte[rows * columns];
        this.scales = new float[rows * groups];
    }

    /**
     * A matrix whose rows are to be written.
     *
     * @param role what it is for, used in messages
     * @param group how many numbers of a row share a scale
     * @throws IllegalArgumentException if it has more numbers than fit an array
     * @throws OutOfMemoryError if the Java heap has no room for it
     */
    public static PackedMatrix allocate(String role, Layout layout, int rows, int columns, int group) {
        if (rows < 1 || columns < 1 || group < 1) {
            throw new IllegalArgumentException("no packed matrix of " + rows + " x " + columns + ", group " + group);
        }
        if ((long) rows * columns > Integer.MAX_VALUE - Long.BYTES) {
            throw new IllegalArgumentException(
                    role + " is too large to be kept in 8 bits: a matrix may have about 2^31 numbers");
        }
        return new PackedMatrix(role, layout, rows, columns, group);
    }

    public int rows() {
        return rows;
    }

    public int columns() {
        return columns;
    }

    public Layout layout() {
        return layout;
    }

    /** Numbers of a row that share a scale; the last group may have fewer. */
    public int group() {
        return group;
    }

    /** Scales of a row. */
    public int groups() {
        return groups;
    }

    /**
     * Copies some rows in; some dozen at once are faster than one.
     *
     * @param from codes, row after row
     * @param fromScales scales, row after row
     */
    public void writeRows(int first, int count, byte[] from, float[] fromScales) {
        byte[] toCodes = codes();
        if (layout == Layout.BY_ROWS) {
            System.arraycopy(from, 0, toCodes, first * columns, count * columns);
            System.arraycopy(fromScales, 0, scales, first * groups, count * groups);
            return;
        }
        for (int j = 0; j < columns; j++) {
            for (int r = 0; r < count; r++) {
                toCodes[j * rows + first + r] = from[r * columns + j];
            }
        }
        for (int g = 0; g < groups; g++) {
            for (int r = 0; r < count; r++) {
                scales[g * rows + first + r] = fromScales[r * groups + g];
            }
        }
    }

    /**
     * The codes, as they lie.
     *
     * @throws IllegalStateException after {@link #close()}
     */
    byte[] codes() {
        if (codes == null) {
            throw new IllegalStateException("the memory for " + role
                    + " was given back; use a model only while what it was opened with is open");
        }
        return codes;
    }

    /** The scales, as they lie. */
    float[] scales() {
        return scales;
    }

    /** Gives the memory back. */
    @Override
    public void close() {
        codes = null;
        scales = null;
    }
}
