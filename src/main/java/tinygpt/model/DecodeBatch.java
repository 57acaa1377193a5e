package tinygpt.model;

import tinygpt.tensor.Matrix;
import tinygpt.tensor.Rows;
import tinygpt.tensor.Workspace;

/**
 * Texts that take their next step together. Each keeps its own {@link DecodeState}, so that they may differ in length and
 * come and go; only the weights are shared. A batch is filled anew for every step, which allocates nothing.
 */
public final class DecodeBatch {
    private final DecodeState[] states;
    private final int[] tokens;
    private int count;
    // The same matrices of all states, side by side, as products want them.
    final Matrix[] x; // (1, C) each
    final Matrix[] normed; // (1, C)
    final Matrix[] sublayer; // (1, C)
    final Matrix[] qkv; // (1, 3C)
    final Matrix[] attended; // (1, C)
    final Matrix[] hidden; // (1, F)
    final Matrix[] logits; // (1, V)
    final Matrix[] adapted; // (1, r)

    /** An empty batch of at most so many texts. */
    public DecodeBatch(int capacity) {
        states = new DecodeState[capacity];
        tokens = new int[capacity];
        x = new Matrix[capacity];
        normed = new Matrix[capacity];
        sublayer = new Matrix[capacity];
        qkv = new Matrix[capacity];
        attended = new Matrix[capacity];
        hidden = new Matrix[capacity];
        logits = new Matrix[capacity];
        adapted = new Matrix[capacity];
    }

    /** Makes it empty. */
    public void clear() {
        count = 0;
    }

    /** Adds a text and its next token; a text may be there once only. */
    public void add(DecodeState state, int token) {
        states[count] = state;
        tokens[count] = token;
        x[count] = state.x;
        normed[count] = state.normed;
        sublayer[count] = state.sublayer;
        qkv[count] = state.qkv;
        attended[count] = state.attended;
        hidden[count] = state.hidden;
        logits[count] = state.logits;
        adapted[count] = state.adapted;
        count++;
    }

    /** How many texts it has. */
    public int count() {
        return count;
    }

    DecodeState state(int i) {
        return states[i];
    }

    int token(int i) {
        return tokens[i];
    }

    /** Adds the output of a sublayer to the residual stream of each text. */
    void addSublayer(Workspace space) {
        for (int i = 0; i < count; i++) {
            Rows.add(space, sublayer[i], x[i], x[i]);
        }
    }
}
