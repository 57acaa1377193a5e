package tinygpt.generation;

import tinygpt.random.CounterRandom;
import tinygpt.random.Stream;
import tinygpt.tensor.Matrix;

/**
 * Chooses the tokens of one text: a pure function of (seed, sample, number of the token, logits), and where there are
 * penalties of the tokens before. A uniform number is looked up in the cumulative distribution of the candidates. Allocates
 * nothing unless it is watched. Not thread-safe.
 */
final class Sampler {
    private final Candidates candidates;
    private final SamplingStep[] steps;
    private final TokenHistory history; // null without penalties
    private final boolean greedy;
    private final double temperature;
    private final long seed;
    private final ChoiceRecorder recorder;
    private float[] modelLogits; // null while nobody asks for probabilities
    private double logProbability = Double.NaN;

    Sampler(SamplingSettings settings, Candidates candidates) {
        this(settings, candidates, null);
    }

    /**
     * A sampler that somebody watches.
     *
     * @param candidates may be shared by samplers that take turns
     * @param recorder is shown every choice; null for nobody
     */
    Sampler(SamplingSettings settings, Candidates candidates, ChoiceRecorder recorder) {
        this.recorder = recorder;
        this.candidates = candidates;
        this.steps = settings.steps();
        this.temperature = settings.temperature();
        this.greedy = temperature == 0;
        this.seed = settings.seed();
        this.history =
                settings.penalties().none() ? null : new TokenHistory(settings.penalties(), candidates.logits().length);
    }

    /** From now on {@link #logProbability} is known. */
    void score() {
        modelLogits = new float[candidates.logits().length];
    }

    /** Begins another text. */
    void begin(int... prompt) {
        if (history != null) {
            history.begin(prompt);
        }
    }

    /**
     * The next token.
     *
     * @param logits (1, V)
     * @param sample which of several texts from one prompt, from 0
     * @param number how many tokens of this text were chosen before
     * @throws ArithmeticException if the logits are not finite
     */
    int choose(Matrix logits, long sample, long number) {
        logits.readRow(0, candidates.logits(), 0);
        return choose(sample, number);
    }

    /** The next token from logits that are with the candidates already. */
    int choose(long sample, long number) {
        candidates.reset();
        double whole = modelLogits == null ? 0 : rememberModel();
        if (recorder != null) {
            recorder.begin(candidates);
        }
        if (history != null) {
            history.penalize(candidates.logits());
            candidates.reset();
        }
        int token = byRules(sample, number);
        if (history != null) {
            history.add(token);
        }
        logProbability = modelLogits == null ? Double.NaN : modelLogits[token] - whole;
        return token;
    }

    /**
     * The natural logarithm of the probability that the model gave the last token, before any rule; NaN unless {@link
     * #score} was called.
     */
    double logProbability() {
        return logProbability;
    }

    private double rememberModel() {
        System.arraycopy(candidates.logits(), 0, modelLogits, 0, modelLogits.length);
        return candidates.logSumOfExponentials();
    }

    private int byRules(long sample, long number) {
        if (recorder != null) {
            recorder.penalized(candidates, temperature);
        }
        if (greedy) {
            return chosen(candidates.likeliest(), sample, number, Double.NaN);
        }
        for (SamplingStep step : steps) {
            step.apply(candidates);
            if (recorder != null) {
                recorder.after(step, candidates);
            }
        }
        double drawn = CounterRandom.uniform(seed, Stream.SAMPLING, number, sample);
        return chosen(candidates.at(drawn), sample, number, drawn);
    }

    private int chosen(int token, long sample, long number, double drawn) {
        if (recorder != null) {
            recorder.chosen(candidates, token, sample, number, drawn);
        }
        return token;
    }
}
