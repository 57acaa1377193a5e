package tinygpt.parameters;

import java.util.List;

/** What the selectors of a list match among the parameters of a model. */
record SelectorMatches(SelectorList selectors, List<Parameter> parameters) {
    /** What they match, one by one. */
    List<Selected> all() {
        return selectors.items().stream()
                .map(item -> {
                    List<Parameter> matched = matchedBy(item.selector()).stream()
                            .filter(p -> p.tiedTo() == null)
                            .toList();
                    long count = matched.stream().mapToLong(Parameter::count).sum();
                    String selector = item.takesAway() ? item.text().substring(1) : item.text();
                    return new Selected(selector, item.takesAway(), matched.size(), count);
                })
                .toList();
    }

    /**
     * Checks that each matches something that has numbers of its own.
     *
     * @throws IllegalArgumentException if one does not, naming what it may have meant
     */
    void check() {
        selectors.items().forEach(this::check);
    }

    private void check(SelectorList.Item item) {
        for (SelectorList.Item alternative : item.alternatives()) {
            if (matchedBy(alternative.selector()).isEmpty()) {
                throw SelectorList.matchesNothing(
                        alternative,
                        "parameter",
                        parameters.stream().map(Parameter::name).toList());
            }
        }
        List<Parameter> matched = matchedBy(item.selector());
        if (matched.stream().allMatch(p -> p.tiedTo() != null)) {
            Parameter tied = matched.get(0);
            throw new IllegalArgumentException("'" + item.text() + "' matches only " + tied.name() + ", which is "
                    + tied.tiedTo().name() + " itself in this model; name that, or untie them with --tied-head false");
        }
    }

    private List<Parameter> matchedBy(ParameterSelector selector) {
        return parameters.stream()
                .filter(p -> selector.matches(p.kind(), p.name()))
                .toList();
    }
}
