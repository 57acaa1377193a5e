package tinygpt.bench;

import java.util.Optional;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.ModelShape;
import tinygpt.model.Gpt;
import tinygpt.model.TrainingFlops;
import tinygpt.parameters.Initializer;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.random.CounterRandom;
import tinygpt.random.Stream;
import tinygpt.tensor.Memory;
import tinygpt.training.LocalEngine;

/**
 * Measures training steps, matrix products and generation of one model on this machine.
 *
 * <p>Design: after a warm-up, rounds of [products on one thread, steps with all threads, steps with one]. All three see the
 * same slow and fast moments of the machine, so that their ratios mean something even where their values wander. What is
 * reported is medians.
 */
public final class Benchmark {
    /** Tokens of a generated text, if the context is that long. */
    public static final int TEXT_LENGTH = 256;

    /** Bytes up to which a second set of gradients and means is made without being asked for. */
    private static final long SMALL = 1L << 30;

    private static final double WARM_UP_SHARE = 0.25;
    private static final double ROUND_SECONDS = 0.5;
    private static final int ROUNDS = 10;
    private static final int WARM_UP_ROUNDS = 3;
    private static final double NANOS = 1e9;

    private final Hyperparameters hyperparameters;
    private final BenchmarkPlan plan;
    private final ParameterRegistry registry;
    private final boolean compares;

    private Benchmark(Hyperparameters hyperparameters, BenchmarkPlan plan) {
        this.hyperparameters = hyperparameters;
        this.plan = plan;
        plan.checkThreads(hyperparameters);
        registry = ParameterRegistry.of(hyperparameters);
        compares = plan.threads() > 1
                && switch (plan.comparison()) {
                    case ALWAYS -> true;
                    case NEVER -> false;
                    case IF_SMALL -> Steps.bytes(registry.trainedSize(), hyperparameters, 1) <= SMALL;
                };
    }

    /**
     * Measures.
     *
     * @throws IllegalArgumentException if there are more threads than shards
     * @throws tinygpt.tensor.NotEnoughMemoryException before anything is allocated, if it would not fit
     */
    public static BenchmarkResult run(Hyperparameters hyperparameters, BenchmarkPlan plan) {
        return new Benchmark(hyperparameters, plan).run();
    }

    private BenchmarkResult run() {
        checkMemory();
        try (ParameterRegistry weights = registry.allocate();
                ProductRate products = new ProductRate()) {
            Initializer.initialize(weights, hyperparameters.seed());
            Gpt model = new Gpt(weights);
            int[] tokens = randomTokens(hyperparameters);
            try (Steps steps = new Steps(model, hyperparameters, tokens, plan.threads(), LocalEngine::new);
                    Steps alone = compares ? new Steps(model, hyperparameters, tokens, 1, LocalEngine::new) : null) {
                measureSteps(products, steps, alone);
                Optional<BenchmarkResult.Text> text =
                        plan.generation() ? Optional.of(generate(model, steps)) : Optional.empty();
                return new BenchmarkResult(
                        hyperparameters,
                        weights.count(),
                        plan.threads(),
                        steps.whole.spread(),
                        steps.gradients.spread().median(),
                        steps.optimizer.spread().median(),
                        Optional.ofNullable(alone).map(a -> a.whole.spread()),
                        TrainingFlops.ofStep(weights, hyperparameters.data().batchSize(), shape().contextLength()),
                        products.bestSize(),
                        NANOS * products.bestRate(),
                        text,
                        Memory.peakResident(),
                        Machine.here());
            }
        }
    }

    private void measureSteps(ProductRate products, Steps steps, Steps alone) {
        double roundSeconds = warmUp(products, steps, alone);
        // Bursts, not single steps: caches and clock settle on the step, not on the product before it.
        int burst = plan.steps() > 0
                ? Math.max(1, plan.steps() / ROUNDS)
                : Math.max(1, (int) (Math.min(ROUND_SECONDS, plan.seconds() / ROUNDS) / roundSeconds));
        long begin = System.nanoTime();
        do {
            products.measure(steps.team().workspace());
            int now = plan.steps() > 0 ? Math.min(burst, plan.steps() - steps.whole.count()) : burst;
            for (int i = 0; i < now; i++) {
                steps.measure();
            }
            for (int i = 0; alone != null && i < now; i++) {
                alone.measure();
            }
        } while (plan.steps() > 0
                ? steps.whole.count() < plan.steps()
                : (System.nanoTime() - begin) / NANOS < plan.seconds());
    }

    /** Lets the compiler see everything; returns how long one step of each kind took in the end, with the products. */
    private double warmUp(ProductRate products, Steps steps, Steps alone) {
        long begin = System.nanoTime();
        for (int rounds = 1; true; rounds++) {
            long start = System.nanoTime();
            products.warmUp(steps.team().workspace());
            steps.warmUp();
            if (alone != null) {
                alone.warmUp();
            }
            long end = System.nanoTime();
            boolean warm = plan.steps() > 0
                    ? rounds * 4 >= plan.steps()
                    : rounds >= WARM_UP_ROUNDS && (end - begin) / NANOS >= WARM_UP_SHARE * plan.seconds();
            if (warm) {
                return (end - start) / NANOS;
            }
        }
    }

    private BenchmarkResult.Text generate(Gpt model, Steps steps) {
        int length = Math.min(TEXT_LENGTH, shape().contextLength());
        double seconds = plan.steps() > 0 ? 0 : plan.seconds() / 2;
        try (Generation generation = new Generation(model, steps.team().workspace(), length)) {
            generation.warmUp(WARM_UP_SHARE * seconds);
            generation.measure((1 - WARM_UP_SHARE) * seconds);
            return new BenchmarkResult.Text(length, generation.greedy(), generation.sampled());
        }
    }

    /** A few batches of random tokens. */
    static int[] randomTokens(Hyperparameters hyperparameters) {
        int batch = Math.multiplyExact(
                hyperparameters.data().batchSize(), hyperparameters.model().contextLength());
        int[] tokens = new int[Math.addExact(Math.multiplyExact(4, batch), 1)];
        for (int i = 0; i < tokens.length; i++) {
            tokens[i] = (int) CounterRandom.below(
                    hyperparameters.model().vocabularySize(), hyperparameters.seed(), Stream.SAMPLING, 0, i);
        }
        return tokens;
    }

    private void checkMemory() {
        long trained = registry.trainedSize();
        long needed = registry.slabSize() * Float.BYTES
                + ProductRate.bytes()
                + Steps.bytes(trained, hyperparameters, plan.threads())
                + (compares ? Steps.bytes(trained, hyperparameters, 1) : 0)
                + 2L * Float.BYTES * shape().layers() * shape().contextLength() * shape().width();
        Memory.require("measuring this model", needed, Memory.available(), "choose a smaller model or batch");
    }

    private ModelShape shape() {
        return hyperparameters.model();
    }
}
