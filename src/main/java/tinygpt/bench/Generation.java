package tinygpt.bench;

import tinygpt.model.DecodeState;
import tinygpt.model.Gpt;
import tinygpt.tensor.Matrix;
import tinygpt.tensor.Workspace;

/** One text at a time, the likeliest token always, from an empty context until it is full. */
final class Generation implements AutoCloseable {
    private static final double NANOS = 1e9;

    private final Gpt model;
    private final Workspace workspace;
    private final DecodeState state;
    private final int length;
    private final int[] prompt = {0};
    private final float[] logits;
    private final Samples rates = new Samples();

    Generation(Gpt model, Workspace workspace, int length) {
        this.model = model;
        this.workspace = workspace;
        this.length = length;
        this.state = new DecodeState(model);
        this.logits = new float[model.shape().vocabularySize()];
    }

    /** Tokens of a text. */
    int length() {
        return length;
    }

    /** Tokens per second of each text. */
    Spread rates() {
        return rates.spread();
    }

    /** Generates texts until the time is over, the last one broken off. */
    void warmUp(double seconds) {
        long end = System.nanoTime() + (long) (seconds * NANOS);
        while (System.nanoTime() < end) {
            text(end);
        }
    }

    /** Generates and measures whole texts, at least one, until the time is over. */
    void measure(double seconds) {
        long begin = System.nanoTime();
        do {
            long start = System.nanoTime();
            text(Long.MAX_VALUE);
            rates.add(length * NANOS / (System.nanoTime() - start));
        } while (System.nanoTime() - begin < seconds * NANOS);
    }

    private void text(long end) {
        Matrix next = state.read(model, workspace, prompt, 0, 1);
        for (int i = 1; i < length && (end == Long.MAX_VALUE || System.nanoTime() < end); i++) {
            next = model.step(workspace, state, likeliest(next));
        }
        prompt[0] = likeliest(next); // another text next time
    }

    private int likeliest(Matrix row) {
        row.readRow(0, logits, 0);
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            best = logits[i] > logits[best] ? i : best;
        }
        return best;
    }

    @Override
    public void close() {
        state.close();
    }
}
