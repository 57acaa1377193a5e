package tinygpt.cli;

import java.util.OptionalDouble;
import picocli.CommandLine.Option;
import tinygpt.inspection.DoubleLoss;
import tinygpt.inspection.WeightElement;
import tinygpt.training.Trainer;

/** Whether a gradient is computed a second time by nudging the weight. */
final class NudgeOption {
    /** Multiply-adds up to which nobody has to ask for it: about a minute. */
    private static final double MOST_WORK = 1e11;

    @Option(
            names = "--nudge",
            negatable = true,
            defaultValue = Option.NULL_VALUE,
            description = "Compute the gradient by nudging too; unless given, if it takes less than about a minute.")
    private Boolean nudge;

    /** The gradient of the loss of the trainer's next step, by nudging; empty if it is not wanted or the weight frozen. */
    OptionalDouble slope(Trainer trainer, WeightElement element, Output output) {
        if (!element.parameter().trainable() || Boolean.FALSE.equals(nudge)) {
            return OptionalDouble.empty();
        }
        double work = 2 * DoubleLoss.work(trainer.registry(), trainer.hyperparameters());
        if (nudge == null && work > MOST_WORK) {
            output.err()
                    .println("tinygpt: note: the gradient by nudging would take " + Show.ratio(work)
                            + " multiply-adds in float64 and is left out; --nudge computes it");
            return OptionalDouble.empty();
        }
        return OptionalDouble.of(new DoubleLoss(
                        trainer.hyperparameters(),
                        trainer.registry(),
                        trainer.corpus().train(),
                        trainer.stepsDone())
                .slope(element));
    }
}
