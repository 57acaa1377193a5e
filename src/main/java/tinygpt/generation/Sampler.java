package tinygpt.generation;

import tinygpt.random.CounterRandom;
import tinygpt.random.Stream;
import tinygpt.tensor.Matrix;

/**
 * Chooses tokens: a pure function of (seed, sample, number of the token, logits). A uniform number is looked up in the
 * cumulative distribution of the candidates. Allocates nothing. Not thread-safe.
 */
final class Sampler {
    private final Candidates candidates;
    private final SamplingStep[] steps;
    private final boolean greedy;
    private final long seed;

    Sampler(SamplingSettings settings, Candidates candidates) {
        this.candidates = candidates;
        this.steps = settings.steps();
        this.greedy = settings.temperature() == 0;
        this.seed = settings.seed();
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
        if (greedy) {
            return candidates.likeliest();
        }
        for (SamplingStep step : steps) {
            step.apply(candidates);
        }
        return candidates.at(CounterRandom.uniform(seed, Stream.SAMPLING, number, sample));
    }
}
