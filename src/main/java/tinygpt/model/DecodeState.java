package tinygpt.model;

import tinygpt.hyperparameters.ModelShape;
import tinygpt.tensor.Matrix;
import tinygpt.tensor.Slab;
import tinygpt.tensor.Workspace;

/** The memory of one text that is being generated: its cache, and one row of every activation. */
public final class DecodeState implements AutoCloseable {
    private final KeyValueCache cache;
    private final Slab slab;
    private final int[] token = new int[1];
    private final Matrix[] queries;
    private final Matrix[] attendedHeads;
    private final Matrix[] scores;
    private final Matrix scoreRow;
    final Matrix x; // (1, C)
    final Matrix normed; // (1, C)
    final Matrix statistics; // (1, 2)
    final Matrix sublayer; // (1, C)
    final Matrix qkv; // (1, 3C)
    final Matrix attended; // (1, C)
    final Matrix hidden; // (1, F)
    final Matrix logits; // (1, V)
    final Matrix adapted; // (1, r)

    /** The state of one text, for a model. */
    public DecodeState(Gpt model) {
        ModelShape shape = model.shape();
        int c = shape.width();
        int d = shape.headWidth();
        long size = 4 * Activations.Plan.aligned(c)
                + Activations.Plan.aligned(2)
                + Activations.Plan.aligned(3L * c)
                + Activations.Plan.aligned(shape.feedForwardWidth())
                + Activations.Plan.aligned(shape.vocabularySize())
                + Activations.Plan.aligned(shape.contextLength())
                + Activations.Plan.aligned(model.adapterRank());
        cache = new KeyValueCache(shape);
        slab = allocate(size);
        Activations.Plan plan = new Activations.Plan(slab);
        x = plan.take(1, c);
        normed = plan.take(1, c);
        sublayer = plan.take(1, c);
        attended = plan.take(1, c);
        statistics = plan.take(1, 2);
        qkv = plan.take(1, 3 * c);
        hidden = plan.take(1, shape.feedForwardWidth());
        logits = plan.take(1, shape.vocabularySize());
        adapted = plan.take(1, model.adapterRank());
        scoreRow = plan.take(1, shape.contextLength());
        scores = new Matrix[shape.contextLength()];
        queries = new Matrix[shape.heads()];
        attendedHeads = new Matrix[shape.heads()];
        for (int head = 0; head < shape.heads(); head++) {
            queries[head] = qkv.block(0, head * d, 1, d);
            attendedHeads[head] = attended.block(0, head * d, 1, d);
        }
    }

    private Slab allocate(long size) {
        try {
            return Slab.allocate("decoding", size);
        } catch (OutOfMemoryError e) {
            cache.close();
            throw e;
        }
    }

    public KeyValueCache cache() {
        return cache;
    }

    /** The logits of the last step, (1, V). */
    public Matrix logits() {
        return logits;
    }

    /**
     * Forgets what was there and reads a whole prompt in one forward pass, which is much faster than token by token.
     *
     * @param ids 1 to context length tokens, from {@code from} on
     * @return the logits that follow the last one, (1, V)
     */
    public Matrix read(Gpt model, Workspace space, int[] ids, int from, int count) {
        // All but the last token fill the cache; the last one is an ordinary step, which gives the logits.
        cache.clear();
        if (count > 1) {
            try (Activations prompt = Activations.forPrompt(model, count - 1)) {
                System.arraycopy(ids, from, prompt.tokens(), 0, count - 1);
                model.fill(space, prompt, cache);
            }
        }
        return model.step(space, this, ids[from + count - 1]);
    }

    int[] token(int id) {
        token[0] = id;
        return token;
    }

    Matrix query(int head) {
        return queries[head];
    }

    Matrix attended(int head) {
        return attendedHeads[head];
    }

    Matrix scores(int seen) {
        Matrix view = scores[seen - 1];
        if (view == null) {
            view = scoreRow.block(0, 0, 1, seen);
            scores[seen - 1] = view;
        }
        return view;
    }

    @Override
    public void close() {
        slab.close();
        cache.close();
    }
}
