package tinygpt.training;

/**
 * Decides which steps are not taken because their batch is far out of line: a damaged stretch of text can undo hours of
 * training in one step.
 *
 * <p>Rule: with k = {@code skip_spikes}, a step is a spike if its loss, or the 2-norm of its whole gradient before
 * clipping, lies above mean + k sd of that number over the steps before. Mean and standard deviation are exponentially
 * weighted over about the last 64 steps; the deviation counts as at least 1 % of the mean, so that a training at rest is
 * not disturbed by a trifle. In the first 64 steps nothing is a spike. A spike enters the history as the limit it went
 * beyond, so that a change that lasts is accepted after some steps instead of ending the training for good.
 *
 * <p>The same idea is in OLMo-core's skip-step optimizers (6 standard deviations over 128 steps). Everything here is a
 * function of {@link #state()} and the next step's two numbers, which are the same for any number of threads.
 */
final class SpikeGuard {
    /** Steps that the history remembers, and that must pass before anything is judged. */
    static final int MEMORY = 64;

    private static final double LEAST_DEVIATION = 0.01;

    private final double factor;
    private final History loss = new History();
    private final History gradientNorm = new History();
    private long steps;
    private long skipped;
    private double lossLimit = Double.POSITIVE_INFINITY;
    private double normLimit = Double.POSITIVE_INFINITY;

    /** A guard without history. With the factor 0 nothing is ever a spike. */
    SpikeGuard(double factor) {
        this.factor = factor;
    }

    /** Judges a step by its loss and gradient norm, both finite, and remembers them. */
    boolean isSpike(double stepLoss, double stepNorm) {
        if (factor == 0) {
            return false;
        }
        boolean judges = steps >= MEMORY;
        lossLimit = judges ? loss.limit(factor) : Double.POSITIVE_INFINITY;
        normLimit = judges ? gradientNorm.limit(factor) : Double.POSITIVE_INFINITY;
        boolean spike = stepLoss > lossLimit || stepNorm > normLimit;
        steps++;
        skipped += spike ? 1 : 0;
        double weight = 1.0 / Math.min(steps, MEMORY);
        loss.add(Math.min(stepLoss, lossLimit), weight);
        gradientNorm.add(Math.min(stepNorm, normLimit), weight);
        return spike;
    }

    /** The largest loss that the last step might have had; infinite if it was not judged. */
    double lossLimit() {
        return lossLimit;
    }

    /** The largest gradient norm that the last step might have had; infinite if it was not judged. */
    double normLimit() {
        return normLimit;
    }

    /** Steps that were spikes. */
    long skipped() {
        return skipped;
    }

    SpikeHistory state() {
        return new SpikeHistory(steps, skipped, loss.mean, loss.variance, gradientNorm.mean, gradientNorm.variance);
    }

    void restore(SpikeHistory state) {
        steps = state.steps();
        skipped = state.skipped();
        loss.mean = state.lossMean();
        loss.variance = state.lossVariance();
        gradientNorm.mean = state.normMean();
        gradientNorm.variance = state.normVariance();
    }

    /** Exponentially weighted mean and variance (West, "Updating mean and variance estimates", 1979). */
    private static final class History {
        private double mean;
        private double variance;

        void add(double value, double weight) {
            double d = value - mean;
            mean += weight * d;
            variance = (1 - weight) * (variance + weight * d * d);
        }

        double limit(double factor) {
            return mean + factor * Math.max(Math.sqrt(variance), LEAST_DEVIATION * Math.abs(mean));
        }
    }
}
