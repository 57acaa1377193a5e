package tinygpt.inspection;

import java.util.ArrayList;
import java.util.List;
import tinygpt.model.Activations;
import tinygpt.model.Gpt;
import tinygpt.tensor.Workspace;

/**
 * Where one attention head looks in one text of T tokens.
 *
 * <p>The means leave out the first query, which can only look at itself, and are NaN for a text of one token. Shares may
 * overlap: for the second token, the previous one is the first one.
 */
public final class AttentionHead {
    private final int layer;
    private final int head;
    private final int time;
    private final float[] weights; // (T, T)

    private AttentionHead(int layer, int head, int time, float[] weights) {
        this.layer = layer;
        this.head = head;
        this.time = time;
        this.weights = weights;
    }

    /** How much a query takes from a key. */
    private interface Share {
        double of(int query, int key);
    }

    /**
     * All heads of a model over one text, layer by layer.
     *
     * @param tokens 1 to context length ids of the model's vocabulary
     */
    public static List<AttentionHead> of(Gpt model, Workspace space, int[] tokens) {
        int time = tokens.length;
        List<AttentionHead> heads = new ArrayList<>();
        try (Activations a = new Activations(model, 1, time, null)) {
            System.arraycopy(tokens, 0, a.tokens(), 0, time);
            model.forward(space, a, depth -> {
                for (int head = 0; depth > 0 && head < model.shape().heads(); head++) {
                    heads.add(new AttentionHead(depth - 1, head, time, a.attention(depth - 1, 0, head)));
                }
            });
        }
        return List.copyOf(heads);
    }

    /** A head that takes the same from every key it sees: what to compare the means of others with. */
    public static AttentionHead even(int time) {
        float[] weights = new float[time * time];
        for (int query = 0; query < time; query++) {
            for (int key = 0; key <= query; key++) {
                weights[query * time + key] = 1f / (query + 1);
            }
        }
        return new AttentionHead(-1, -1, time, weights);
    }

    /** The layer, counted from 0. */
    public int layer() {
        return layer;
    }

    /** The head within its layer, counted from 0. */
    public int head() {
        return head;
    }

    /** T. */
    public int time() {
        return time;
    }

    /** How much the query at one position takes from the key at another, 0 to 1; a row sums to 1. */
    public float weight(int query, int key) {
        return weights[query * time + key];
    }

    /** Mean share that goes to the token before the query's. */
    public double onPrevious() {
        return mean((query, key) -> key == query - 1 ? weight(query, key) : 0);
    }

    /** Mean share that goes to the query's own token. */
    public double onItself() {
        return mean((query, key) -> key == query ? weight(query, key) : 0);
    }

    /** Mean share that goes to the first token of the text. */
    public double onFirst() {
        return mean((query, key) -> key == 0 ? weight(query, key) : 0);
    }

    /** Mean entropy of a row, in nats: 0 if each query looks at one key only, ln(t + 1) if evenly at all t + 1 it sees. */
    public double entropy() {
        return mean((query, key) -> {
            double p = weight(query, key);
            return p > 0 ? -p * Math.log(p) : p == 0 ? 0 : Double.NaN;
        });
    }

    private double mean(Share share) {
        double sum = 0;
        for (int query = 1; query < time; query++) {
            for (int key = 0; key <= query; key++) {
                sum += share.of(query, key);
            }
        }
        return time < 2 ? Double.NaN : sum / (time - 1);
    }
}
