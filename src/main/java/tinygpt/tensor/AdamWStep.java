package tinygpt.tensor;

/**
 * The scalars of one AdamW step, in the order of operations of PyTorch's implementation:
 * w *= 1 - rate * decay; m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2;
 * w -= rate / (1 - b1^t) * m / (sqrt(v) / sqrt(1 - b2^t) + epsilon), with g multiplied by the clip factor first.
 *
 * <p>Mutable, so that a training step allocates nothing; one instance belongs to one optimizer.
 */
public final class AdamWStep {
    float clipFactor;
    float decayFactor;
    float beta1;
    float beta2;
    float oneMinusBeta1;
    float oneMinusBeta2;
    float epsilon;
    float stepSize;
    float inverseRootOfCorrection2;

    /**
     * Sets the scalars of a step.
     *
     * @param number the step, counted from 1
     * @param clipFactor what the gradient is multiplied by, 1 if it was not clipped
     */
    public void set(
            long number,
            double learningRate,
            double weightDecay,
            double beta1,
            double beta2,
            double epsilon,
            double clipFactor) {
        this.clipFactor = (float) clipFactor;
        this.decayFactor = (float) (1 - learningRate * weightDecay);
        this.beta1 = (float) beta1;
        this.beta2 = (float) beta2;
        this.oneMinusBeta1 = (float) (1 - beta1);
        this.oneMinusBeta2 = (float) (1 - beta2);
        this.epsilon = (float) epsilon;
        this.stepSize = (float) (learningRate / (1 - Math.pow(beta1, number)));
        this.inverseRootOfCorrection2 = (float) (1 / Math.sqrt(1 - Math.pow(beta2, number)));
    }

    /** Whether the gradient changes. */
    boolean clips() {
        return clipFactor != 1;
    }
}
