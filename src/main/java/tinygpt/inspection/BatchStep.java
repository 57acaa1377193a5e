package tinygpt.inspection;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterKind;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.training.AdamW;
import tinygpt.training.BatchPlan;
import tinygpt.training.Trainer;

/**
 * One training step from its text to the loss afterwards.
 *
 * @param sequences in the batch
 * @param start where the first sequence begins in the training tokens
 * @param ids the token ids of the first sequence
 * @param targets what each of its positions is to predict: the token that follows
 * @param weight one weight in this step
 * @param gradients by kind, of what is trained
 * @param clipped whether the gradient was scaled down
 * @param updateRatio |change|_2 / |weights|_2 of the step
 * @param lossAfter of the same batch with the same dropout, with the new weights
 */
public record BatchStep(
        int sequences,
        int start,
        List<Integer> ids,
        List<Integer> targets,
        WeightStep weight,
        Map<ParameterKind, KindGradient> gradients,
        boolean clipped,
        double updateRatio,
        double lossAfter) {

    /**
     * The gradient of one kind of parameter.
     *
     * @param trained how many numbers
     * @param norm 2-norm before clipping
     */
    public record KindGradient(long trained, double norm) {}

    /** The weight that is looked at when nobody names one: the first of the first token's vector, if that is trained. */
    public static WeightElement usualWeight(Trainer trainer) {
        ParameterRegistry registry = trainer.registry();
        Parameter embedding = registry.get("wte.weight");
        if (!embedding.trainable()) {
            return new WeightElement(registry.trained().get(0), 0);
        }
        int first = trainer.corpus().train()[plan(trainer).start(trainer.stepsDone(), 0)];
        return new WeightElement(embedding, (long) first * embedding.shape()[1]);
    }

    /** Lets a trainer take its next step and looks at it. */
    public static BatchStep take(Trainer trainer, ObservedGradients observed, WeightElement element) {
        long step = trainer.stepsDone();
        int[] tokens = trainer.corpus().train();
        int start = plan(trainer).start(step, 0);
        int time = trainer.hyperparameters().model().contextLength();
        WeightStep weight = WeightStep.take(trainer, observed, element);
        AdamW optimizer = trainer.optimizer();
        return new BatchStep(
                trainer.hyperparameters().data().batchSize(),
                start,
                boxed(tokens, start, time),
                boxed(tokens, start + 1, time),
                weight,
                byKind(optimizer),
                optimizer.clipFactor() < 1,
                optimizer.updateRatio(),
                observed.loss(step));
    }

    private static BatchPlan plan(Trainer trainer) {
        return new BatchPlan(trainer.hyperparameters(), trainer.corpus().train().length);
    }

    private static List<Integer> boxed(int[] tokens, int from, int count) {
        return Arrays.stream(tokens, from, from + count).boxed().toList();
    }

    private static Map<ParameterKind, KindGradient> byKind(AdamW optimizer) {
        Map<ParameterKind, KindGradient> kinds = new EnumMap<>(ParameterKind.class);
        List<Parameter> parameters = optimizer.parameters();
        for (int i = 0; i < parameters.size(); i++) {
            Parameter p = parameters.get(i);
            if (p.trainable()) {
                double norm = optimizer.gradientNorm(i);
                kinds.merge(
                        p.kind(),
                        new KindGradient(p.size(), norm),
                        (a, b) -> new KindGradient(a.trained() + b.trained(), Math.hypot(a.norm(), b.norm())));
            }
        }
        return kinds;
    }
}
