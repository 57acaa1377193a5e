package tinygpt.inspection;

import tinygpt.hyperparameters.Optimization;

/**
 * One step of AdamW of one number, done by hand: in the order of training, each result rounded to float32 where training
 * rounds. What is named double is not rounded.
 *
 * <pre>
 * c = min(1, clip / (norm + 1e-6))              g' = c g
 * m = beta1 m + (1 - beta1) g'                  v  = beta2 v + (1 - beta2) (g' g')
 * s = rate / (1 - beta1^t)                      k  = 1 / sqrt(1 - beta2^t)
 * d = 1 - rate decay, or 1                      w  = w d - s m / (sqrt(v) k + epsilon)
 * </pre>
 *
 * @param clipFactor c
 * @param clipped g'
 * @param mean m after the step
 * @param square v after the step
 * @param meanCorrection 1 - beta1^t, a double
 * @param squareCorrection 1 - beta2^t, a double
 * @param stepSize s
 * @param inverseRoot k
 * @param decayFactor d
 * @param decayed w d
 * @param denominator sqrt(v) k + epsilon
 * @param change s m / denominator, which is subtracted
 * @param after the new value
 */
public record AdamWArithmetic(
        float clipFactor,
        float clipped,
        float mean,
        float square,
        double meanCorrection,
        double squareCorrection,
        float stepSize,
        float inverseRoot,
        float decayFactor,
        float decayed,
        float denominator,
        float change,
        float after) {
    /** What the norm is enlarged by, so that a gradient of 0 can be clipped. */
    public static final double CLIP_EPSILON = 1e-6;

    /**
     * The step of one number.
     *
     * @param rate learning rate of the step
     * @param updates t, the updates there were, with this one
     * @param norm 2-norm of the whole gradient
     * @param decays whether the number belongs to a tensor with weight decay
     * @param before the value
     * @param gradient before clipping
     * @param mean m before the step
     * @param square v before the step
     */
    static AdamWArithmetic of(
            Optimization o,
            double rate,
            long updates,
            double norm,
            boolean decays,
            float before,
            float gradient,
            float mean,
            float square) {
        double clip = o.gradientClip();
        float factor = (float) (clip > 0 ? Math.min(1, clip / (norm + CLIP_EPSILON)) : 1);
        float clipped = gradient * factor;
        float newMean = (float) o.beta1() * mean + (float) (1 - o.beta1()) * clipped;
        float newSquare = (float) o.beta2() * square + (float) (1 - o.beta2()) * (clipped * clipped);
        double meanCorrection = 1 - Math.pow(o.beta1(), updates);
        double squareCorrection = 1 - Math.pow(o.beta2(), updates);
        float stepSize = (float) (rate / meanCorrection);
        float inverseRoot = (float) (1 / Math.sqrt(squareCorrection));
        float decayFactor = decays ? (float) (1 - rate * o.weightDecay()) : 1;
        float decayed = before * decayFactor;
        float denominator = (float) Math.sqrt(newSquare) * inverseRoot + (float) o.epsilon();
        float change = stepSize * newMean / denominator;
        return new AdamWArithmetic(
                factor,
                clipped,
                newMean,
                newSquare,
                meanCorrection,
                squareCorrection,
                stepSize,
                inverseRoot,
                decayFactor,
                decayed,
                denominator,
                change,
                decayed - change);
    }

    /** m / (1 - beta1^t), the unbiased mean; a double, and only for reading: training folds it into the step size. */
    public double correctedMean() {
        return mean / meanCorrection;
    }

    /** v / (1 - beta2^t), the unbiased mean square; a double, as above. */
    public double correctedSquare() {
        return square / squareCorrection;
    }
}
