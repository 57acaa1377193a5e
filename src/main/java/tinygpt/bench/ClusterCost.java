package tinygpt.bench;

import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.model.Gpt;
import tinygpt.model.TrainingFlops;
import tinygpt.parameters.Initializer;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.training.Cluster;
import tinygpt.training.LocalEngine;

/**
 * Measures what a cluster costs: training steps by its executors, by this machine, and synchronisations of nothing, in turns.
 */
public final class ClusterCost {
    private static final int WARM_UP = 3;
    private static final int FEWEST = 3;
    private static final int BURST = 5;
    private static final double NANOS_PER_MS = 1e6;
    private static final double MS_PER_SECOND = 1e3;
    private static final double BROADCAST = 1.5;

    /**
     * What was found; times in milliseconds.
     *
     * @param cluster who computes
     * @param threads of the local step
     * @param parameters of the model
     * @param empty a synchronisation of nothing: a broadcast, a task for each executor, an answer
     * @param step by the cluster
     * @param local by this machine
     * @param computing the longest part of an executor in a step of the cluster
     * @param exchange bytes of a step
     * @param stepFlops floating point operations of a step
     */
    public record Result(
            String cluster,
            Hyperparameters hyperparameters,
            int threads,
            long parameters,
            Spread empty,
            Spread step,
            Spread local,
            Spread computing,
            Cluster.Exchange exchange,
            double stepFlops,
            Machine machine) {

        /** How many times longer a step of the cluster takes than one here. */
        public double ratio() {
            return step.median() / local.median();
        }

        /** Milliseconds of a step in which executors do not compute. */
        public double overheadMs() {
            return Math.max(0, step.median() - computing.median());
        }

        /** How it would scale, by these numbers. */
        public ScalingModel model() {
            double moving = Math.max(1e-3, overheadMs() - empty.median()) / MS_PER_SECOND;
            double moved = exchange.gradientBytes() + BROADCAST * exchange.weightBytes();
            return new ScalingModel(
                    empty.median() / MS_PER_SECOND,
                    moved / moving,
                    stepFlops / exchange.blocks() / (computing.median() / MS_PER_SECOND));
        }
    }

    private ClusterCost() {}

    /**
     * Measures; the plan's comparison and generation do not matter here.
     *
     * @throws tinygpt.training.EngineFailedException if the cluster does not answer any more
     */
    public static Result measure(Hyperparameters h, BenchmarkPlan plan, Cluster cluster) {
        plan.checkThreads(h);
        int[] tokens = Benchmark.randomTokens(h);
        String who = cluster.describe();
        Samples empty = new Samples();
        Samples computing = new Samples();
        try (ParameterRegistry registry = ParameterRegistry.of(h).allocate()) {
            Initializer.initialize(registry, h.seed());
            Gpt model = new Gpt(registry);
            try (Steps local = new Steps(model, h, tokens, plan.threads(), LocalEngine::new);
                    Steps remote = new Steps(model, h, tokens, plan.threads(), cluster.engines())) {
                for (int i = 0; i < WARM_UP; i++) {
                    local.warmUp();
                    remote.warmUp();
                    cluster.synchronise();
                }
                long begin = System.nanoTime();
                while (goesOn(plan, local.whole.count(), begin)) {
                    // Bursts, not single steps: caches and threads settle on one kind of step.
                    int burst = plan.steps() > 0 ? Math.min(BURST, plan.steps() - local.whole.count()) : BURST;
                    for (int i = 0; i < burst; i++) {
                        local.measure();
                    }
                    for (int i = 0; i < burst; i++) {
                        remote.measure();
                        computing.add(cluster.lastExchange().computeSeconds() * MS_PER_SECOND);
                    }
                    for (int i = 0; i < burst; i++) {
                        long start = System.nanoTime();
                        cluster.synchronise();
                        empty.add((System.nanoTime() - start) / NANOS_PER_MS);
                    }
                }
                return new Result(
                        who,
                        h,
                        plan.threads(),
                        registry.count(),
                        empty.spread(),
                        remote.whole.spread(),
                        local.whole.spread(),
                        computing.spread(),
                        cluster.lastExchange(),
                        TrainingFlops.ofStep(
                                registry, h.data().batchSize(), h.model().contextLength()),
                        Machine.here());
            }
        }
    }

    private static boolean goesOn(BenchmarkPlan plan, int done, long begin) {
        return plan.steps() > 0
                ? done < plan.steps()
                : done < FEWEST || (System.nanoTime() - begin) / 1e9 < plan.seconds();
    }
}
