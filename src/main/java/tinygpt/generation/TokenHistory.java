package tinygpt.generation;

import java.util.Arrays;

/** Which tokens a text has so far, for its penalties. Allocates nothing after construction. */
final class TokenHistory {
    private final Penalties penalties;
    private final int[] distinct; // the ids that came, in order of their first coming
    private final int[] generated; // by id: -1 for never, otherwise how often it was generated
    private int count;

    TokenHistory(Penalties penalties, int vocabulary) {
        this.penalties = penalties;
        distinct = new int[vocabulary];
        generated = new int[vocabulary];
        Arrays.fill(generated, -1);
    }

    /** Forgets everything and begins with a prompt. */
    void begin(int... prompt) {
        count = 0;
        Arrays.fill(generated, -1);
        for (int id : prompt) {
            meet(id);
        }
    }

    /** Takes a token that was generated. */
    void add(int id) {
        meet(id);
        generated[id]++;
    }

    /** Changes the logits, (V), of the tokens that came. */
    void penalize(float[] logits) {
        for (int i = 0; i < count; i++) {
            int id = distinct[i];
            logits[id] = penalties.applyTo(logits[id], generated[id]);
        }
    }

    private void meet(int id) {
        if (generated[id] < 0) {
            generated[id] = 0;
            distinct[count++] = id;
        }
    }
}
