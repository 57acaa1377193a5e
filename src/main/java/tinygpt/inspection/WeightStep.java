package tinygpt.inspection;

import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import tinygpt.hyperparameters.Optimization;
import tinygpt.training.LearningRateSchedule;
import tinygpt.training.Trainer;
import tinygpt.training.TrainingListener;

/**
 * What one training step did to one number, and why.
 *
 * @param element the number
 * @param step counted from 1
 * @param updates t of the bias corrections: the updates there were, with this one unless it was skipped; fewer than the
 *     steps where spikes were skipped
 * @param loss of the step's batch, before the step, in nats per token
 * @param learningRate of the step
 * @param gradientNorm 2-norm of the whole gradient, before clipping
 * @param typicalGradient root mean square of the gradient of its tensor, before clipping; 0 if it is frozen
 * @param before its value before the step
 * @param after its value after the step, as training left it
 * @param spike why the step was skipped and nothing was moved; empty if it was taken
 * @param gradient where its gradient came from; empty if it is frozen
 * @param arithmetic the update by hand; empty if it is frozen or the step was skipped
 */
public record WeightStep(
        WeightElement element,
        long step,
        long updates,
        double loss,
        double learningRate,
        double gradientNorm,
        double typicalGradient,
        float before,
        float after,
        Optional<TrainingListener.SpikeReport> spike,
        Optional<Gradient> gradient,
        Optional<AdamWArithmetic> arithmetic) {

    /**
     * A number's gradient and moments.
     *
     * @param value before clipping
     * @param shares of the shards, whose sum in this order it is
     * @param mean m before the step
     * @param square v before the step
     */
    public record Gradient(float value, List<Float> shares, float mean, float square) {}

    /** What a trainer tells about a step. */
    private static final class Report implements TrainingListener {
        StepReport step;
        SpikeReport spike;

        @Override
        public void onSpike(SpikeReport report) {
            spike = report;
        }

        @Override
        public void onStep(StepReport report) {
            step = report;
        }
    }

    /**
     * Lets a trainer take its next step and looks at one number.
     *
     * @param observed what the trainer has its gradients from
     */
    public static WeightStep take(Trainer trainer, ObservedGradients observed, WeightElement element) {
        Report report = new Report();
        trainer.listen(report);
        Optimization o = trainer.hyperparameters().optimization();
        long step = trainer.stepsDone();
        boolean trained = element.parameter().trainable();
        float before = element.weight(trainer.registry().weights());
        float mean = trained ? element.trained(trainer.mean()) : 0;
        float square = trained ? element.trained(trainer.meanSquare()) : 0;
        observed.watch(trained ? element : null);
        trainer.step();
        long updates = trainer.stepsDone() - trainer.stepsSkipped();
        observed.watch(null);
        double norm = trainer.optimizer().gradientNorm();
        double rate = LearningRateSchedule.at(o, step);
        Optional<Gradient> gradient = Optional.empty();
        Optional<AdamWArithmetic> arithmetic = Optional.empty();
        if (trained) {
            gradient = Optional.of(new Gradient(observed.gradient(), boxed(observed.shares()), mean, square));
        }
        if (trained && report.spike == null) {
            arithmetic = Optional.of(AdamWArithmetic.of(
                    o, rate, updates, norm, element.parameter().decayed(), before, observed.gradient(), mean, square));
        }
        return new WeightStep(
                element,
                step + 1,
                updates,
                report.step.loss(),
                rate,
                norm,
                typicalGradient(trainer, element),
                before,
                element.weight(trainer.registry().weights()),
                Optional.ofNullable(report.spike),
                gradient,
                arithmetic);
    }

    private static double typicalGradient(Trainer trainer, WeightElement element) {
        int index = trainer.optimizer().parameters().indexOf(element.parameter());
        return trainer.optimizer().gradientNorm(index)
                / Math.sqrt(element.parameter().size());
    }

    /** Whether the step was a spike and was not taken. */
    public boolean skipped() {
        return spike.isPresent();
    }

    /** What the value must be after the step: by hand, or unchanged where nothing moves it. */
    public float expected() {
        return arithmetic.map(AdamWArithmetic::after).orElse(before);
    }

    /** Whether training left exactly these bits. */
    public boolean sameBits() {
        return Float.floatToRawIntBits(expected()) == Float.floatToRawIntBits(after);
    }

    private static List<Float> boxed(float[] values) {
        return IntStream.range(0, values.length).mapToObj(i -> values[i]).toList();
    }
}
