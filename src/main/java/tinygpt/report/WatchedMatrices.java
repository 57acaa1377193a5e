package tinygpt.report;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterKind;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.parameters.ParameterSelector;

/** Which tensors of a model are kept as pictures. */
final class WatchedMatrices {
    /** The most tensors. */
    static final int MOST = 64;

    private WatchedMatrices() {}

    /**
     * The tensors that selectors match, in registry order.
     *
     * @param selectors if there are none: the embeddings, and of the middle layer the first matrices of attention and of
     *     the feed-forward part; where some of them are frozen, what is trained instead
     * @throws IllegalArgumentException if one is broken or matches nothing, or too much is matched
     */
    static List<Parameter> of(ParameterRegistry registry, List<String> selectors) {
        Set<Parameter> chosen = new LinkedHashSet<>();
        if (selectors.isEmpty()) {
            chosen.addAll(usual(registry));
        }
        for (String selector : selectors) {
            Predicate<Parameter> matches = ParameterSelector.parse(selector);
            List<Parameter> found = registry.owned().stream().filter(matches).toList();
            if (found.isEmpty()) {
                throw new IllegalArgumentException("--snapshot-matrices '" + selector
                        + "' matches no tensor that has numbers of its own; tinygpt params --all lists them");
            }
            chosen.addAll(found);
        }
        if (chosen.size() > MOST) {
            throw new IllegalArgumentException("--snapshot-matrices matches " + chosen.size() + " tensors; at most "
                    + MOST + " are kept as pictures, so choose fewer, as in h.0.*.weight");
        }
        List<Parameter> ordered = new ArrayList<>(registry.owned());
        ordered.retainAll(chosen);
        return ordered;
    }

    /** Nobody wants to watch what stands still, so those that are frozen give way to as many that are trained. */
    private static Set<Parameter> usual(ParameterRegistry registry) {
        int middle = registry.shape().layers() / 2;
        Set<Parameter> usual = new LinkedHashSet<>();
        first(registry, usual, ParameterKind.EMBEDDING, Parameter.NO_LAYER);
        first(registry, usual, ParameterKind.POSITIONAL, Parameter.NO_LAYER);
        first(registry, usual, ParameterKind.ATTENTION, middle);
        first(registry, usual, ParameterKind.FEED_FORWARD, middle);
        List<Parameter> trained =
                registry.owned().stream().filter(Parameter::trainable).toList();
        int most = usual.size();
        if (trained.isEmpty() || !usual.removeIf(p -> !p.trainable())) {
            return usual;
        }
        // Of the middle layer first, matrices before vectors.
        Comparator<Parameter> order =
                Comparator.comparing((Parameter p) -> p.shape().length < 2).thenComparing(p -> p.layer() != middle);
        trained.stream()
                .sorted(order)
                .filter(p -> !usual.contains(p))
                .limit(most - usual.size())
                .toList()
                .forEach(usual::add);
        return usual;
    }

    private static void first(ParameterRegistry registry, Set<Parameter> chosen, ParameterKind kind, int layer) {
        registry.owned().stream()
                .filter(p -> p.kind() == kind && p.layer() == layer && p.shape().length == 2)
                .findFirst()
                .ifPresent(chosen::add);
    }
}
