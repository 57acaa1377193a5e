package tinygpt.model;

import tinygpt.hyperparameters.ModelShape;
import tinygpt.tensor.Matrix;
import tinygpt.tensor.Rows;
import tinygpt.tensor.Slab;
import tinygpt.tensor.Workspace;

/**
 * The keys and values of the positions a text has so far, so that one more token costs one row. Holds at most the context
 * length; positions are learned, so a full cache cannot slide and must be filled again.
 */
public final class KeyValueCache implements AutoCloseable {
    private final int capacity;
    private final int heads;
    private final int headWidth;
    private final Slab slab;
    private final Matrix[] keys; // by layer, (capacity, C)
    private final Matrix[] values;
    // Views of the first n positions, made when first met: [layer * heads + head][n - 1].
    private final Matrix[][] keyViews;
    private final Matrix[][] valueViews;
    private int length;

    /** An empty cache for one text. */
    public KeyValueCache(ModelShape shape) {
        capacity = shape.contextLength();
        heads = shape.heads();
        headWidth = shape.headWidth();
        long floats = Activations.Plan.aligned((long) capacity * shape.width());
        // A position is written before it is read, and a short text needs the memory of its positions only.
        slab = Slab.allocateUnwritten("key/value cache", 2 * shape.layers() * floats);
        keys = new Matrix[shape.layers()];
        values = new Matrix[shape.layers()];
        keyViews = new Matrix[shape.layers() * heads][capacity];
        valueViews = new Matrix[shape.layers() * heads][capacity];
        for (int layer = 0; layer < shape.layers(); layer++) {
            keys[layer] = slab.matrix(2 * layer * floats, capacity, shape.width());
            values[layer] = slab.matrix((2 * layer + 1) * floats, capacity, shape.width());
        }
    }

    /** Number of positions held. */
    public int length() {
        return length;
    }

    /** The most positions it can hold, the context length. */
    public int capacity() {
        return capacity;
    }

    /** Forgets everything. */
    public void clear() {
        length = 0;
    }

    /** Replaces the keys and values of a layer by those of a forward pass over one sequence, qkv (T, 3 C). */
    void fill(Workspace space, int layer, Matrix qkv) {
        int c = heads * headWidth;
        Rows.copy(space, qkv.block(0, c, qkv.rows(), c), keys[layer].rows(qkv.rows()));
        Rows.copy(space, qkv.block(0, 2 * c, qkv.rows(), c), values[layer].rows(qkv.rows()));
    }

    void setLength(int positions) {
        length = positions;
    }

    /** Adds the keys and values of the next position to a layer; returns how many positions attention then sees. */
    int append(Workspace space, int layer, Matrix qkv) {
        if (length == capacity) {
            throw new IllegalStateException("the cache is full: the model sees " + capacity + " positions");
        }
        Rows.copyStretch(space, qkv, heads * headWidth, keys[layer], length);
        Rows.copyStretch(space, qkv, 2 * heads * headWidth, values[layer], length);
        return length + 1;
    }

    /** Counts the position that {@link #append} added to all layers. */
    void advance() {
        length++;
    }

    Matrix keys(int layer, int head, int seen) {
        return view(keyViews[layer * heads + head], keys[layer], head, seen);
    }

    Matrix values(int layer, int head, int seen) {
        return view(valueViews[layer * heads + head], values[layer], head, seen);
    }

    private Matrix view(Matrix[] views, Matrix whole, int head, int seen) {
        Matrix view = views[seen - 1];
        if (view == null) {
            view = whole.block(0, head * headWidth, seen, headWidth);
            views[seen - 1] = view;
        }
        return view;
    }

    @Override
    public void close() {
        slab.close();
    }
}
