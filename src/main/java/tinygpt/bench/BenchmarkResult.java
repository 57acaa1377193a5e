package tinygpt.bench;

import java.util.Optional;
import java.util.OptionalLong;
import tinygpt.hyperparameters.Hyperparameters;

/**
 * What a {@link Benchmark} found.
 *
 * @param parameters of the model
 * @param threads workers of a step
 * @param step milliseconds of a step
 * @param gradientsMs median of its first part: forward, backward, the sum over shards
 * @param optimizerMs median of its second part: norm, clip, AdamW
 * @param oneThreadStep milliseconds of a step with one thread, in turns with the others, if measured
 * @param stepFlops floating point operations of a step, see {@link tinygpt.model.TrainingFlops}
 * @param productSize the best of a few large matrix products, rows x inner x columns
 * @param productRate its rate on one thread, in FLOP/s
 * @param generation of single texts, if measured
 * @param peakResidentBytes the most memory the process had, if known
 */
public record BenchmarkResult(
        Hyperparameters hyperparameters,
        long parameters,
        int threads,
        Spread step,
        double gradientsMs,
        double optimizerMs,
        Optional<Spread> oneThreadStep,
        double stepFlops,
        String productSize,
        double productRate,
        Optional<Text> generation,
        OptionalLong peakResidentBytes,
        Machine machine) {

    /**
     * Generated texts.
     *
     * @param length tokens of each
     * @param greedy tokens per second of each, when always the likeliest token is taken
     * @param sampled the same with the default sampling
     */
    public record Text(int length, Spread greedy, Spread sampled) {}

    /** Tokens of a training step. */
    public long tokensPerStep() {
        return (long) hyperparameters.data().batchSize()
                * hyperparameters.model().contextLength();
    }

    /** Trained tokens per second, from the median step. */
    public double tokensPerSecond() {
        return tokensPerStep() / (step.median() / 1e3);
    }

    /** FLOP/s of the median step. */
    public double achievedRate() {
        return stepFlops / (step.median() / 1e3);
    }

    /** FLOP/s if all threads multiplied matrices at the rate of one, all the time. */
    public double roofline() {
        return threads * productRate;
    }

    /** The part of the roofline that was reached. */
    public double fraction() {
        return achievedRate() / roofline();
    }

    /** How many times faster the threads are than one of them. */
    public Optional<Double> speedUp() {
        return oneThreadStep.map(one -> one.median() / step.median());
    }
}
