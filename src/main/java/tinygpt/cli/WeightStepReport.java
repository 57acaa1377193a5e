package tinygpt.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tinygpt.hyperparameters.CanonicalJson;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.Optimization;
import tinygpt.inspection.AdamWArithmetic;
import tinygpt.inspection.DoubleLoss;
import tinygpt.inspection.NudgedGradient;
import tinygpt.inspection.WeightStep;
import tinygpt.parameters.Parameter;
import tinygpt.training.TrainingListener.SpikeReport;

/**
 * The arithmetic of one weight in one step, line by line: name, sign, number, and how it follows from the lines above. Each
 * number is printed with all its digits.
 */
final class WeightStepReport {
    private final WeightStep step;
    private final Hyperparameters hyperparameters;
    private final Optimization o;
    private final Optional<NudgedGradient> nudged;

    /**
     * A report.
     *
     * @param nudged the gradient by nudging; empty if it was not computed
     */
    WeightStepReport(WeightStep step, Hyperparameters hyperparameters, Optional<NudgedGradient> nudged) {
        this.step = step;
        this.hyperparameters = hyperparameters;
        this.o = hyperparameters.optimization();
        this.nudged = nudged;
    }

    /** A number with all its digits. */
    static String digits(float value) {
        return Float.toString(value).replace('E', 'e');
    }

    /** The same. */
    static String digits(double value) {
        return Double.toString(value).replace('E', 'e');
    }

    List<String> lines() {
        TextTable table = new TextTable("llll", List.of("", "", "", ""));
        row(table, "loss of the batch", "L", digits(step.loss()), "nats a token, before the step");
        row(table, "learning rate", "r", digits(step.learningRate()), "= " + ScheduleFormula.of(o, step.step()));
        row(table, "value before", "w0", digits(step.before()), "");
        step.gradient().ifPresent(gradient -> {
            gradientRows(table, gradient);
            step.arithmetic().ifPresent(a -> updateRows(table, a));
        });
        List<String> lines = new ArrayList<>(table.lines());
        lines.remove(0); // the header is empty
        lines.addAll(remarks());
        return lines;
    }

    private void gradientRows(TextTable table, WeightStep.Gradient gradient) {
        String shares = String.join(
                " + ", gradient.shares().stream().map(WeightStepReport::digits).toList());
        String sum = gradient.shares().size() == 1 ? "= dL/dw0" : "= dL/dw0, summed over the shards: " + shares;
        row(table, "gradient", "g", digits(gradient.value()), sum);
        nudged.ifPresent(n -> {
            String e = digits(DoubleLoss.NUDGE);
            row(
                    table,
                    "gradient by nudging",
                    "",
                    digits(n.slope()),
                    "= (L(w0 + e) - L(w0 - e)) / 2e in float64, e = " + e + "; off by "
                            + Show.ratio(n.relativeDifference())
                            + (n.agrees() ? ", rounding" : ": TOO MUCH"));
        });
        row(table, "gradient norm", "n", digits(step.gradientNorm()), "over all weights that are trained");
        row(table, "mean before", "m0", digits(gradient.mean()), "");
        row(table, "mean square before", "v0", digits(gradient.square()), "");
    }

    private void updateRows(TextTable table, AdamWArithmetic a) {
        String clip = o.gradientClip() > 0
                ? "= min(1, " + o.gradientClip() + " / (n + 1e-6))" + (a.clipFactor() < 1 ? "" : ": not clipped")
                : "clipping is off";
        String t = String.valueOf(step.updates());
        row(table, "clip factor", "c", digits(a.clipFactor()), clip);
        row(table, "clipped gradient", "g'", digits(a.clipped()), "= c g");
        row(table, "mean", "m", digits(a.mean()), "= " + o.beta1() + " m0 + " + rest(o.beta1()) + " g'");
        row(table, "mean square", "v", digits(a.square()), "= " + o.beta2() + " v0 + " + rest(o.beta2()) + " g' g'");
        row(table, "corrected mean", "M", digits(a.correctedMean()), "= m / (1 - " + o.beta1() + "^" + t + ")");
        row(table, "corrected square", "V", digits(a.correctedSquare()), "= v / (1 - " + o.beta2() + "^" + t + ")");
        Parameter parameter = step.element().parameter();
        String decay = parameter.decayed()
                ? "= w0 (1 - r " + o.weightDecay() + ")"
                : "= w0, not decayed: "
                        + (parameter.shape().length == 1 ? "biases and norms are not" : "its kind is not");
        row(table, "after weight decay", "d", digits(a.decayed()), decay);
        row(table, "change", "u", digits(a.change()), "= r M / (sqrt(V) + " + digits(o.epsilon()) + ")");
        row(table, "value after", "w", digits(a.after()), "= d - u");
    }

    /** 1 - beta as a person writes it: without the rounding of binary fractions. */
    private static String rest(double beta) {
        return java.math.BigDecimal.ONE
                .subtract(java.math.BigDecimal.valueOf(beta))
                .toPlainString();
    }

    private List<String> remarks() {
        List<String> remarks = new ArrayList<>();
        String name = step.element().parameter().name();
        if (step.gradient().isEmpty()) {
            remarks.add("");
            remarks.add(name + " is frozen (" + hyperparameters.adaptation().trainable()
                    + " is trained): it has no gradient and no moments, and no step moves it.");
            return remarks;
        }
        if (step.spike().isPresent()) {
            SpikeReport spike = step.spike().get();
            remarks.add("");
            remarks.add("This step was a spike, more than " + CanonicalJson.shortest(o.skipSpikes())
                    + " sd above the mean of the steps before (--skip-spikes): "
                    + beyond("L", spike.loss(), spike.lossLimit()) + ", "
                    + beyond("n", spike.gradientNorm(), spike.normLimit()) + ".");
            remarks.add("So it was skipped: weights and moments stay as they were.");
            return remarks;
        }
        if (step.gradient().get().value() == 0) {
            remarks.add("");
            remarks.add("Its gradient is 0: nothing in this batch depends on it. What moves it still is the mean of"
                    + " earlier gradients, and weight decay if it has any.");
        }
        step.arithmetic().ifPresent(a -> {
            remarks.add("");
            remarks.add("Training rounds each result to float32, and the change is s m / (sqrt(v) k + "
                    + digits(o.epsilon()) + ")");
            remarks.add("with s = r / (1 - " + o.beta1() + "^" + step.updates() + ") = " + digits(a.stepSize())
                    + " and k = 1 / sqrt(1 - " + o.beta2() + "^" + step.updates() + ") = " + digits(a.inverseRoot())
                    + ".");
        });
        return remarks;
    }

    private static String beyond(String sign, double value, double limit) {
        return sign + " is " + Show.decimals(value, 4) + " and might be " + Show.decimals(limit, 4)
                + (value > limit ? " at most" : "");
    }

    /** What training left, beside what is computed here. */
    String verdict() {
        String training = digits(step.after()) + " (bits " + bits(step.after()) + ")";
        return step.sameBits()
                ? "training leaves " + training + ": the same bits"
                : "training leaves " + training + ", but by hand it is " + digits(step.expected()) + " (bits "
                        + bits(step.expected()) + "): THEY DIFFER";
    }

    /** The 32 bits of a number in hexadecimal. */
    static String bits(float value) {
        return java.util.HexFormat.of().toHexDigits(Float.floatToRawIntBits(value));
    }

    void json(ObjectNode node) {
        node.put("weight", step.element().label())
                .put("kind", step.element().parameter().kind().label())
                .put("step", step.step())
                .put("updates", step.updates());
        StatisticsData.number(node, "loss", step.loss());
        node.put("learning_rate", step.learningRate());
        node.put("trained", step.gradient().isPresent()).put("skipped", step.skipped());
        step.spike()
                .ifPresent(spike ->
                        node.put("loss_limit", spike.lossLimit()).put("gradient_norm_limit", spike.normLimit()));
        node.put("value_before", step.before());
        step.gradient().ifPresent(g -> {
            node.put("gradient", g.value());
            ArrayNode shares = node.putArray("gradient_of_shards");
            g.shares().forEach(shares::add);
            nudged.ifPresent(n -> node.put("gradient_by_nudging", n.slope())
                    .put("nudge", DoubleLoss.NUDGE)
                    .put("gradients_differ_by", n.relativeDifference())
                    .put("gradients_agree", n.agrees()));
            node.put("gradient_norm", step.gradientNorm());
            node.put("mean_before", g.mean()).put("mean_square_before", g.square());
        });
        step.arithmetic()
                .ifPresent(a -> node.put("clip_factor", a.clipFactor())
                        .put("clipped_gradient", a.clipped())
                        .put("mean", a.mean())
                        .put("mean_square", a.square())
                        .put("corrected_mean", a.correctedMean())
                        .put("corrected_mean_square", a.correctedSquare())
                        .put("step_size", a.stepSize())
                        .put("inverse_root", a.inverseRoot())
                        .put("decayed", step.element().parameter().decayed())
                        .put("decay_factor", a.decayFactor())
                        .put("value_decayed", a.decayed())
                        .put("denominator", a.denominator())
                        .put("change", a.change()));
        node.put("value_by_hand", step.expected())
                .put("value_after", step.after())
                .put("bits_after", bits(step.after()))
                .put("same_bits", step.sameBits());
    }

    private static void row(TextTable table, String name, String sign, String value, String how) {
        table.add(List.of(name, sign, value, how));
    }
}
