package tinygpt.inspection;

import java.util.ArrayList;
import java.util.List;
import tinygpt.model.Activations;
import tinygpt.model.Gpt;
import tinygpt.tensor.Workspace;

/**
 * The logit lens: what a model would say next if it ended earlier. The final norm and the head, made for the last layer's
 * output, are applied to the residual stream after the embeddings and after each block.
 *
 * <p>Source: nostalgebraist, "Interpreting GPT: the logit lens" (2020).
 */
public final class LogitLens {
    private LogitLens() {}

    /**
     * A likely next token.
     *
     * @param id of the token
     * @param probability at temperature 1
     */
    public record Guess(int id, double probability) {}

    /**
     * What a depth says.
     *
     * @param depth number of blocks before it: 0 is after the embeddings, the number of layers the model's own output
     * @param guesses the likeliest next tokens, the likeliest first, of equal ones the smaller id
     * @param rank of the token that the model's output finds likeliest, from 1
     * @param divergence Kullback-Leibler divergence of this distribution from the final one, sum of p_final ln(p_final / p),
     *     in nats; 0 at the last depth
     */
    public record Depth(int depth, List<Guess> guesses, int rank, double divergence) {
        public Depth {
            guesses = List.copyOf(guesses);
        }
    }

    /**
     * All depths at one position.
     *
     * @param position of the token read last, from 0
     * @param token its id
     * @param depths from the embeddings to the output
     */
    public record Position(int position, int token, List<Depth> depths) {
        public Position {
            depths = List.copyOf(depths);
        }

        /** The token that the model finds likeliest to come next. */
        public int choice() {
            return depths.get(depths.size() - 1).guesses().get(0).id();
        }
    }

    /**
     * Looks at a text.
     *
     * @param tokens 1 to context length ids of the model's vocabulary
     * @param from the first position to look at; T - 1 for the last one only
     * @param top how many guesses are wanted, at least 1
     * @throws ArithmeticException if the logits of a depth are not finite numbers
     */
    public static List<Position> look(Gpt model, Workspace space, int[] tokens, int from, int top) {
        int time = tokens.length;
        float[] row = new float[model.shape().vocabularySize()];
        List<List<Depth>> depths = new ArrayList<>();
        try (Activations a = new Activations(model, 1, time, null)) {
            System.arraycopy(tokens, 0, a.tokens(), 0, time);
            // Two passes, because every depth is compared with the last: keeping all logits would take L times as much.
            model.forward(space, a);
            float[][] last = new float[time - from][row.length];
            for (int i = 0; i < last.length; i++) {
                a.logits().readRow(from + i, last[i], 0);
                depths.add(new ArrayList<>());
            }
            model.forward(space, a, depth -> {
                model.readOut(space, a, depth);
                for (int i = 0; i < last.length; i++) {
                    a.logits().readRow(from + i, row, 0);
                    depths.get(i).add(depth(depth, logProbabilities(row), logProbabilities(last[i]), top));
                }
            });
        }
        List<Position> positions = new ArrayList<>();
        for (int i = 0; i < depths.size(); i++) {
            positions.add(new Position(from + i, tokens[from + i], depths.get(i)));
        }
        return positions;
    }

    private static Depth depth(int depth, double[] here, double[] last, int top) {
        int choice = likeliest(last, 1).get(0).id();
        return new Depth(depth, likeliest(here, top), rank(here, choice), divergence(last, here));
    }

    private static double[] logProbabilities(float[] logits) {
        double largest = Double.NEGATIVE_INFINITY;
        for (float logit : logits) {
            if (!Float.isFinite(logit)) {
                throw new ArithmeticException("the model's logits are not finite numbers, so it makes no guess;"
                        + " its training diverged: use an earlier checkpoint, or train with a smaller learning rate");
            }
            largest = Math.max(largest, logit);
        }
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit - largest);
        }
        double[] logs = new double[logits.length];
        for (int id = 0; id < logs.length; id++) {
            logs[id] = logits[id] - largest - Math.log(sum);
        }
        return logs;
    }

    private static List<Guess> likeliest(double[] logs, int count) {
        List<Guess> guesses = new ArrayList<>();
        boolean[] taken = new boolean[logs.length];
        while (guesses.size() < Math.min(count, logs.length)) {
            int best = -1;
            for (int id = 0; id < logs.length; id++) {
                best = !taken[id] && (best < 0 || logs[id] > logs[best]) ? id : best;
            }
            taken[best] = true;
            guesses.add(new Guess(best, Math.exp(logs[best])));
        }
        return guesses;
    }

    private static int rank(double[] logs, int choice) {
        int rank = 1;
        for (int id = 0; id < logs.length; id++) {
            rank += logs[id] > logs[choice] || (logs[id] == logs[choice] && id < choice) ? 1 : 0;
        }
        return rank;
    }

    private static double divergence(double[] last, double[] here) {
        double sum = 0;
        for (int id = 0; id < last.length; id++) {
            sum += Math.exp(last[id]) * (last[id] - here[id]);
        }
        return Math.max(0, sum); // rounding may leave a little less than nothing
    }
}
