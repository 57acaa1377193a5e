package tinygpt.training;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import tinygpt.model.Activations;
import tinygpt.model.Gpt;
import tinygpt.tensor.WorkerTeam;
import tinygpt.tensor.Workspace;
import tinygpt.text.Windows;

/**
 * The exact loss of a model on a text: every token but the first is predicted once, in windows side by side of the model's
 * context length, of which the last may be shorter.
 */
public final class Evaluation {
    /** Tokens in one pass of a worker, about: enough rows for fast products, few enough to stay in the cache. */
    private static final int TOKENS_IN_PASS = 512;

    private Evaluation() {}

    /**
     * The loss of a text.
     *
     * @param loss mean cross-entropy, in nats per token
     * @param standardError of that mean, from the spread of the windows' means; NaN for a single window
     * @param tokens number of predicted tokens
     */
    public record Result(double loss, double standardError, long tokens) {
        /** e to the loss. */
        public double perplexity() {
            return Math.exp(loss);
        }
    }

    /** The loss of each window of a text: what the loss of the whole and its standard error are made of. */
    public static final class WindowLosses {
        private final double[] sums;
        private final int tokens;
        private final int time;

        private WindowLosses(double[] sums, int tokens, int time) {
            this.sums = sums;
            this.tokens = tokens;
            this.time = time;
        }

        /** The loss of the text. */
        public Result result() {
            return Evaluation.result(sums, tokens, time);
        }

        /**
         * How much higher this loss is than another one of the same text. The standard error is that of the windows'
         * differences: windows that are hard for both models do not blur it.
         *
         * @throws IllegalArgumentException if the other was not measured on windows like these
         */
        public Result minus(WindowLosses other) {
            if (other.tokens != tokens || other.time != time) {
                throw new IllegalArgumentException("losses of " + tokens + " tokens in windows of " + time
                        + " cannot be compared with those of " + other.tokens + " in windows of " + other.time);
            }
            double[] differences = new double[sums.length];
            Arrays.setAll(differences, i -> sums[i] - other.sums[i]);
            return Evaluation.result(differences, tokens, time);
        }
    }

    /**
     * Evaluates window by window, to compare models on the same text.
     *
     * @throws IllegalArgumentException as {@link #evaluate(Gpt, int[], WorkerTeam)}
     */
    public static WindowLosses windows(Gpt model, int[] tokens, WorkerTeam team) {
        return windows(model, tokens, team, () -> false);
    }

    /**
     * Evaluates on a team of workers. Any number of workers gives the same bits.
     *
     * @throws IllegalArgumentException if there are fewer than two tokens, so that there is nothing to predict
     */
    public static Result evaluate(Gpt model, int[] tokens, WorkerTeam team) {
        return evaluate(model, tokens, team, () -> false);
    }

    /** The same; null if it was asked to stop before it was through. */
    static Result evaluate(Gpt model, int[] tokens, WorkerTeam team, BooleanSupplier stop) {
        WindowLosses losses = windows(model, tokens, team, stop);
        return losses == null ? null : losses.result();
    }

    private static WindowLosses windows(Gpt model, int[] tokens, WorkerTeam team, BooleanSupplier stop) {
        if (tokens.length < 2) {
            throw new IllegalArgumentException(
                    "nothing to evaluate: a text of " + tokens.length + " tokens has no next token to predict");
        }
        int time = Math.min(model.shape().contextLength(), tokens.length - 1);
        int windows = Windows.count(tokens.length, time);
        int whole = (tokens.length - 1) / time;
        double[] losses = new double[windows]; // sum of each window
        // How many windows share a pass is a function of the model alone: it could change bits.
        int inPass = Math.max(1, Math.min(whole, sequencesInPass(time)));
        AtomicInteger next = new AtomicInteger();
        team.run((worker, space) -> {
            try (Activations many = new Activations(model, inPass, time, null)) {
                int first;
                while ((first = next.getAndAdd(inPass)) + inPass <= whole && !stop.getAsBoolean()) {
                    pass(model, space, many, tokens, first, losses);
                }
            }
        });
        for (int i = whole / inPass * inPass; i < windows && !stop.getAsBoolean(); i++) {
            try (Activations one = new Activations(model, 1, Windows.length(i, tokens.length, time), null)) {
                pass(model, team.workspace(), one, tokens, i, time, losses);
            }
        }
        return stop.getAsBoolean() ? null : new WindowLosses(losses, tokens.length, time);
    }

    /** The most windows of that length in one pass of a worker. */
    static int sequencesInPass(int time) {
        return Math.max(1, TOKENS_IN_PASS / time);
    }

    private static void pass(Gpt model, Workspace space, Activations a, int[] tokens, int first, double[] losses) {
        pass(model, space, a, tokens, first, a.time(), losses);
    }

    private static void pass(
            Gpt model, Workspace space, Activations a, int[] tokens, int first, int stride, double[] losses) {
        int time = a.time();
        for (int i = 0; i < a.sequences(); i++) {
            System.arraycopy(tokens, (first + i) * stride, a.tokens(), i * time, time);
            System.arraycopy(tokens, (first + i) * stride + 1, a.targets(), i * time, time);
        }
        model.forward(space, a);
        for (int i = 0; i < a.sequences(); i++) {
            losses[first + i] = model.loss(space, a, i);
        }
    }

    private static Result result(double[] losses, int tokens, int time) {
        double sum = 0;
        for (double loss : losses) {
            sum += loss;
        }
        long predicted = tokens - 1L;
        double mean = sum / predicted;
        double squares = 0;
        for (int i = 0; i < losses.length; i++) {
            int length = Windows.length(i, tokens, time);
            double d = losses[i] / length - mean;
            squares += d * d * length / time; // a shorter window counts for less
        }
        double n = predicted / (double) time;
        double error = losses.length < 2 ? Double.NaN : Math.sqrt(squares / (n - 1) / n);
        return new Result(mean, error, predicted);
    }
}
