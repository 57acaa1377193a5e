package tinygpt.model;

import tinygpt.hyperparameters.ModelShape;
import tinygpt.parameters.ParameterKind;
import tinygpt.parameters.ParameterRegistry;

/**
 * Floating point operations of a training step, as they are done: forward, and twice that backward.
 *
 * <p>Each weight of a matrix product counts 6 a token, a frozen one 4: it has no gradient. Attention multiplies twice with every score it computes (Q K^T and P
 * V), so a score counts 12 D; scores are computed in blocks of {@link HeadViews#BLOCK} queries and what lies above the
 * diagonal beyond a block is not. Look-ups, norms and nonlinearities are left out. Chowdhery et al., "PaLM" (2022),
 * appendix B, count the same way, but all T^2 scores.
 */
public final class TrainingFlops {
    private TrainingFlops() {}

    /**
     * The operations of one step.
     *
     * @param sequences B
     * @param time T
     */
    public static double ofStep(ParameterRegistry registry, int sequences, int time) {
        ModelShape shape = registry.shape();
        double multiplied = registry.all().stream()
                .filter(p -> p.shape().length == 2)
                .filter(p -> p.kind() != ParameterKind.EMBEDDING && p.kind() != ParameterKind.POSITIONAL)
                .mapToDouble(p -> (p.trainable() ? 6.0 : 4.0) * p.size())
                .sum();
        double attention = 12.0 * shape.layers() * shape.width() * HeadViews.scores(time);
        return sequences * (multiplied * time + attention);
    }
}
