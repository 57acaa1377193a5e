package tinygpt.parameters;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import tinygpt.hyperparameters.ModelShape;

/**
 * What must hold of every registry, checked once when it is made, so that no rule elsewhere can silently miss a parameter:
 * each has a kind, an initial law and the right decay, ties join equals, and each kind adds up to GPT-2's formula.
 */
final class Completeness {
    private Completeness() {}

    /**
     * Checks the parameters of a model.
     *
     * @param adapterNumbers how many numbers its adapters have together
     * @throws IllegalStateException naming what is wrong
     */
    static void check(ModelShape shape, long adapterNumbers, List<Parameter> parameters) {
        Map<ParameterKind, Long> expected = expectedCounts(shape, adapterNumbers);
        Map<ParameterKind, Long> declared = new EnumMap<>(ParameterKind.class);
        for (Parameter p : parameters) {
            require(p.kind() != null, p, "has no kind");
            require(p.initialLaw() != null, p, "has no initial law");
            int dimensions = p.shape().length;
            require(dimensions == 1 || dimensions == 2, p, "is neither a vector nor a matrix");
            require(p.size() > 0, p, "is empty");
            require(dimensions == 2 || !p.decayed(), p, "is a vector, which weight decay must not touch");
            require(dimensions == 1 || p.decayed(), p, "is a matrix or an embedding, which weight decay must not miss");
            if (p.tiedTo() != null) {
                require(p.tiedTo().tiedTo() == null, p, "is tied to a tied parameter");
                require(Arrays.equals(p.shape(), p.tiedTo().shape()), p, "is tied to " + p.tiedTo());
                require(p.decayed() == p.tiedTo().decayed(), p, "and what it is tied to disagree on decay");
                require(p.trainable() == p.tiedTo().trainable(), p, "and what it is tied to disagree on training");
            }
            declared.merge(p.kind(), p.count(), Math::addExact);
        }
        expected.forEach((kind, count) -> require(
                declared.getOrDefault(kind, 0L).equals(count),
                kind.label(),
                "parameters are " + declared.getOrDefault(kind, 0L) + ", but by the formula " + count));
    }

    /** The closed formulas for GPT-2; b is 1 with biases and 0 without. */
    private static Map<ParameterKind, Long> expectedCounts(ModelShape s, long adapterNumbers) {
        long c = s.width();
        long f = s.feedForwardWidth();
        long b = s.biases() ? 1 : 0;
        Map<ParameterKind, Long> counts = new EnumMap<>(ParameterKind.class);
        counts.put(ParameterKind.EMBEDDING, s.vocabularySize() * c);
        counts.put(ParameterKind.POSITIONAL, s.contextLength() * c);
        counts.put(ParameterKind.ATTENTION, s.layers() * (4 * c * c + b * 4 * c));
        counts.put(ParameterKind.FEED_FORWARD, s.layers() * (2 * f * c + b * (f + c)));
        counts.put(ParameterKind.NORMALIZATION, (2L * s.layers() + 1) * (c + b * c));
        counts.put(ParameterKind.OUTPUT, s.tiedHead() ? 0 : s.vocabularySize() * c);
        counts.put(ParameterKind.ADAPTER, adapterNumbers);
        return counts;
    }

    private static void require(boolean holds, Object subject, String fault) {
        if (!holds) {
            throw new IllegalStateException(subject + " " + fault);
        }
    }
}
