package tinygpt.search;

import java.util.List;
import java.util.function.BooleanSupplier;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.Synchronization;
import tinygpt.model.TrainingFlops;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.text.Corpus;
import tinygpt.training.Trainer;

/**
 * What a search will cost, before it is begun: operations are counted, and the time follows from one measured rate.
 *
 * @param trials what each would cost if it were trained to its end
 * @param steps that are trained in all: with halving fewer than all steps of all trials
 * @param tokens the same in tokens
 * @param seconds estimate of the training time, evaluations left out; NaN if nothing was measured
 */
public record SearchCost(List<OfTrial> trials, long steps, long tokens, double seconds) {
    private static final int MOST_STEPS = 400;
    private static final double NANOSECONDS = 1e-9;
    private static final double LONGEST_SECONDS = 3;

    /**
     * The cost of one trial, trained to its end.
     *
     * @param seconds NaN if nothing was measured
     */
    public record OfTrial(Trial trial, long parameters, long tokens, double seconds) {}

    public SearchCost {
        trials = List.copyOf(trials);
    }

    /**
     * The cost of the trials of a plan.
     *
     * @param rate floating point operations a second of a trial, or NaN
     * @param parallel how many trials at a time
     */
    public static SearchCost of(SearchPlan plan, List<Trial> trials, double rate, int parallel) {
        List<OfTrial> costs = trials.stream().map(trial -> of(trial, rate)).toList();
        // Which trials go on is not known: on average they cost what all do.
        double share = share(plan, trials.size());
        long steps = Math.round(share * trials.stream().mapToLong(Trial::steps).sum());
        long tokens =
                Math.round(share * costs.stream().mapToLong(OfTrial::tokens).sum());
        double seconds = share * costs.stream().mapToDouble(OfTrial::seconds).sum() / Math.min(parallel, trials.size());
        return new SearchCost(costs, steps, tokens, seconds);
    }

    private static OfTrial of(Trial trial, double rate) {
        ParameterRegistry registry = ParameterRegistry.of(trial.hyperparameters());
        return new OfTrial(
                trial,
                registry.count(),
                trial.steps() * trial.tokensPerStep(),
                trial.steps() * flops(registry, trial.hyperparameters()) / rate);
    }

    /** The share of all steps that is trained when one in eta goes on at each rung. */
    private static double share(SearchPlan plan, int trials) {
        List<Double> rungs = plan.rungs();
        double sum = 0;
        double before = 0;
        int alive = trials;
        for (double rung : rungs) {
            sum += alive * (rung - before);
            before = rung;
            alive = plan.halving() == null
                    ? alive
                    : Math.max(1, alive / plan.halving().eta());
        }
        return sum / trials;
    }

    private static double flops(ParameterRegistry registry, Hyperparameters hyperparameters) {
        return hyperparameters.synchronization().replicas()
                * TrainingFlops.ofStep(
                        registry,
                        hyperparameters.data().batchSize(),
                        hyperparameters.model().contextLength());
    }

    /**
     * Floating point operations a second of training, by the quickest of the steps of some seconds: the first ones are slow,
     * while the JVM compiles. The model is thrown away.
     */
    public static double measure(Hyperparameters hyperparameters, Corpus corpus, int threads, BooleanSupplier stop) {
        Hyperparameters alone = hyperparameters.withSynchronization(Synchronization.EVERY_STEP); // short steps
        try (Trainer trainer = new Trainer(alone, corpus, threads)) {
            int steps = Math.min(MOST_STEPS, hyperparameters.optimization().steps());
            double flops = flops(trainer.registry(), trainer.hyperparameters());
            double quickest = Double.POSITIVE_INFINITY;
            long begun = System.nanoTime();
            for (int i = 0; i < steps && !stop.getAsBoolean(); i++) {
                long start = System.nanoTime();
                trainer.step();
                quickest = Math.min(quickest, (System.nanoTime() - start) * NANOSECONDS);
                if ((System.nanoTime() - begun) * NANOSECONDS > LONGEST_SECONDS) {
                    break;
                }
            }
            return flops / quickest;
        }
    }
}
