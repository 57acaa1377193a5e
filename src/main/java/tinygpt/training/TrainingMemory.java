package tinygpt.training;

import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.Synchronization;
import tinygpt.model.Activations;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.tensor.Memory;

/** What training takes outside the Java heap, known before any of it is allocated. */
public final class TrainingMemory {
    private static final int MOMENTS = 2;

    private TrainingMemory() {}

    /** Bytes for weights, moments, gradients, activations of training, and those of evaluating in between. */
    public static long bytes(ParameterRegistry registry, Hyperparameters hyperparameters, int threads) {
        return bytes(registry, hyperparameters, threads, LocalEngine::new);
    }

    /** The same with the gradients and activations of another engine. */
    private static long bytes(
            ParameterRegistry registry, Hyperparameters hyperparameters, int threads, GradientEngine.Factory engines) {
        int time = hyperparameters.model().contextLength();
        int rank = hyperparameters.adaptation().loraRank();
        long evaluating = threads
                * Activations.bytes(hyperparameters.model(), rank, Evaluation.sequencesInPass(time), time, false);
        Synchronization synchronization = hyperparameters.synchronization();
        int slabs = MOMENTS * synchronization.replicas() + (synchronization.inRounds() ? OuterStep.slabs() : 0);
        return (registry.slabSize() + slabs * registry.trainedSize()) * Float.BYTES
                + engines.bytes(registry, hyperparameters, threads)
                + evaluating;
    }

    /**
     * Refuses what does not fit.
     *
     * @param available bytes that may still be taken, see {@link Memory#available}
     * @throws tinygpt.tensor.NotEnoughMemoryException saying how much is needed, how much there is, and what to do
     */
    static void require(
            ParameterRegistry registry,
            Hyperparameters hyperparameters,
            int threads,
            GradientEngine.Factory engines,
            long available) {
        int batch = hyperparameters.data().batchSize();
        int shards = hyperparameters.data().shards();
        String smaller = batch > shards
                ? "more --shards or a smaller --batch-size makes the activations smaller"
                : threads > 1 && shards > 1 ? "fewer --threads take fewer activations and gradients" : "";
        Memory.require(
                "training this model",
                bytes(registry, hyperparameters, threads, engines),
                available,
                (hyperparameters.synchronization().replicas() > 1 ? "fewer --replicas keep fewer moments; " : "")
                        + (smaller.isEmpty() ? "" : smaller + "; ")
                        + "fewer --layers, a smaller --width or --context-length, or a smaller --preset makes it fit");
    }
}
