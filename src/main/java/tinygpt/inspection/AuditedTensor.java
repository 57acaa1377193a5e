package tinygpt.inspection;

import java.util.ArrayList;
import java.util.List;
import tinygpt.parameters.InitialLaw;
import tinygpt.parameters.Parameter;

/**
 * What was measured of one parameter, and what is wrong with it.
 *
 * <p>The tolerances: of n normal numbers the mean has the standard error s / sqrt(n) and the deviation s / sqrt(2 n); a
 * measured one may be {@value #MOST_ERRORS} of them away, which happens by chance once in 1.7 million. Constants hold
 * exactly. The decay is measured as what explains the step beyond Adam's share of it; where rounding hides it, the declared
 * group alone counts.
 *
 * @param parameter what is declared
 * @param initial the numbers after initialisation
 * @param sharesNumbers whether it lies where the one it is tied to lies
 * @param gradientNorm |g| of the step, 2-norm, after clipping; NaN if it is frozen
 * @param changeNorm |W1 - W0|, 2-norm
 * @param weightDecay the hyperparameter
 * @param decay the coefficient measured; NaN if it cannot be
 * @param decayError how far rounding may have moved that
 */
public record AuditedTensor(
        Parameter parameter,
        TensorStatistics initial,
        boolean sharesNumbers,
        double gradientNorm,
        double changeNorm,
        double weightDecay,
        double decay,
        double decayError) {
    /** Standard errors that a measured mean or deviation may be away from its law. */
    public static final int MOST_ERRORS = 5;

    /** How far the mean is from 0, in standard errors; NaN for a constant. */
    public double meanErrors() {
        return parameter.initialLaw() instanceof InitialLaw.Normal law
                ? initial.mean() / (law.std() / Math.sqrt(initial.count()))
                : Double.NaN;
    }

    /** How far the standard deviation is from its law, in standard errors; NaN for a constant. */
    public double stdErrors() {
        return parameter.initialLaw() instanceof InitialLaw.Normal law
                ? (initial.std() - law.std()) / (law.std() / Math.sqrt(2.0 * initial.count()))
                : Double.NaN;
    }

    /** What the law of the deviation allows, relative to it. */
    public double tolerance() {
        return parameter.initialLaw() instanceof InitialLaw.Normal ? MOST_ERRORS / Math.sqrt(2.0 * initial.count()) : 0;
    }

    /** Whether the decay could be told from rounding. */
    public boolean decayMeasured() {
        return Double.isFinite(decay) && weightDecay > 0 && decayError < weightDecay / 4;
    }

    AuditedTensor withGradientNorm(double norm) {
        return new AuditedTensor(parameter, initial, sharesNumbers, norm, changeNorm, weightDecay, decay, decayError);
    }

    /** What is wrong; empty if nothing is. */
    public List<String> faults() {
        List<String> faults = new ArrayList<>();
        lawFaults(faults);
        boolean matrix = parameter.shape().length == 2;
        if (parameter.decayed() != matrix) {
            faults.add(matrix ? "is a matrix and is not decayed" : "is a vector and is decayed");
        }
        double expected = parameter.decayed() ? weightDecay : 0;
        if (decayMeasured() && Math.abs(decay - expected) > Math.max(weightDecay / 10, 2 * decayError)) {
            faults.add("was decayed by " + (float) decay + ", not " + (float) expected);
        }
        boolean tied = parameter.tiedTo() != null;
        if (tied && (!sharesNumbers || parameter.count() != 0)) {
            faults.add(
                    "is tied to " + parameter.tiedTo().name() + ", but does not share its numbers or is counted twice");
        }
        if (!tied && parameter.count() != parameter.size()) {
            faults.add("is counted as " + parameter.count() + " of " + parameter.size());
        }
        if (parameter.trainable() && !(gradientNorm > 0 && Double.isFinite(gradientNorm))) {
            faults.add(gradientNorm == 0 ? "is not reached by the backward pass" : "has a gradient that is not finite");
        }
        if (parameter.trainable() && !(changeNorm > 0 && Double.isFinite(changeNorm))) {
            faults.add(changeNorm == 0 ? "was not moved by the step" : "was moved to something that is not finite");
        }
        if (!parameter.trainable() && changeNorm != 0) {
            faults.add("is frozen, but was moved");
        }
        return faults;
    }

    private void lawFaults(List<String> faults) {
        InitialLaw law = parameter.initialLaw();
        if (law instanceof InitialLaw.Normal normal && normal.std() > 0) {
            if (!(Math.abs(stdErrors()) <= MOST_ERRORS) || initial.notFinite() > 0) {
                faults.add("has the standard deviation " + (float) initial.std() + ", but its law is " + law);
            }
            if (!(Math.abs(meanErrors()) <= MOST_ERRORS)) {
                faults.add("has the mean " + (float) initial.mean() + ", but its law is " + law);
            }
        } else if (law instanceof InitialLaw.Constant constant
                && (initial.min() != constant.value() || initial.max() != constant.value())) {
            faults.add("holds numbers from " + initial.min() + " to " + initial.max() + ", but its law is " + law);
        }
    }
}
