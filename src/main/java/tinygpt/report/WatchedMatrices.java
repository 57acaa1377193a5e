package tinygpt.report;

import java.util.ArrayList;
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
     *     the feed-forward part
     * @throws IllegalArgumentException if one is broken or matches nothing, or too much is matched
     */
    static List<Parameter> of(ParameterRegistry registry, List<String> selectors) {
        Set<Parameter> chosen = new LinkedHashSet<>();
        if (selectors.isEmpty()) {
            int middle = registry.shape().layers() / 2;
            first(registry, chosen, ParameterKind.EMBEDDING, Parameter.NO_LAYER);
            first(registry, chosen, ParameterKind.POSITIONAL, Parameter.NO_LAYER);
            first(registry, chosen, ParameterKind.ATTENTION, middle);
            first(registry, chosen, ParameterKind.FEED_FORWARD, middle);
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

    private static void first(ParameterRegistry registry, Set<Parameter> chosen, ParameterKind kind, int layer) {
        registry.owned().stream()
                .filter(p -> p.kind() == kind && p.layer() == layer && p.shape().length == 2)
                .findFirst()
                .ifPresent(chosen::add);
    }
}
