package tinygpt.training;

/**
 * Who computes for a trainer. It changes nothing of what comes out.
 *
 * @param threads worker threads of this machine; more than the shards of a batch do not help
 * @param engines who computes the gradients
 */
public record Compute(int threads, GradientEngine.Factory engines) {
    /** This machine alone. */
    public static Compute local(int threads) {
        return new Compute(threads, LocalEngine::new);
    }
}
