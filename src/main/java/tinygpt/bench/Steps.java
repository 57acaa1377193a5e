package tinygpt.bench;

import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.model.Gpt;
import tinygpt.tensor.WorkerTeam;
import tinygpt.training.AdamW;
import tinygpt.training.GradientEngine;
import tinygpt.training.LocalEngine;

/** Training steps with a number of threads, and how long they took in milliseconds. */
final class Steps implements AutoCloseable {
    private static final double NANOS_PER_MS = 1e6;

    final Samples whole = new Samples();
    final Samples gradients = new Samples();
    final Samples optimizer = new Samples();
    private final double learningRate;
    private final WorkerTeam team;
    private GradientEngine engine;
    private AdamW adam;
    private long done;

    Steps(Gpt model, Hyperparameters hyperparameters, int[] tokens, int threads, GradientEngine.Factory engines) {
        learningRate = hyperparameters.optimization().minLearningRate();
        team = new WorkerTeam(threads, Gpt.longestRow(hyperparameters.model()));
        try {
            engine = engines.open(model, hyperparameters, tokens, team);
            adam = new AdamW(model.registry(), hyperparameters.optimization(), team);
        } catch (RuntimeException | OutOfMemoryError e) {
            close();
            throw e;
        }
    }

    /** Bytes of gradients, activations and Adam's means, besides the weights. */
    static long bytes(long trainedSize, Hyperparameters hyperparameters, int threads) {
        return LocalEngine.bytes(trainedSize, hyperparameters, threads) + 2 * trainedSize * Float.BYTES;
    }

    WorkerTeam team() {
        return team;
    }

    void warmUp() {
        step();
    }

    void measure() {
        long start = System.nanoTime();
        long middle = step();
        long end = System.nanoTime();
        whole.add((end - start) / NANOS_PER_MS);
        gradients.add((middle - start) / NANOS_PER_MS);
        optimizer.add((end - middle) / NANOS_PER_MS);
    }

    /** One step; returns when its gradients were ready. */
    private long step() {
        engine.compute(done++);
        long middle = System.nanoTime();
        if (!adam.step(done, engine.gradients(), learningRate)) {
            throw new IllegalStateException("the gradient of step " + done
                    + " is not finite; lower --min-learning-rate," + " with which a benchmark trains");
        }
        return middle;
    }

    @Override
    public void close() {
        if (engine != null) {
            engine.close();
        }
        if (adam != null) {
            adam.close();
        }
        team.close();
    }
}
