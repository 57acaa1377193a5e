package tinygpt.text;

import java.util.List;
import java.util.Map;

/** The keys of {@link Tokenizer#describe()} and the check that a description has no others. */
final class Description {
    static final String KIND = "kind";
    static final String VOCABULARY = "vocabulary";
    static final String VOCABULARY_SIZE = "vocabulary_size";

    private Description() {}

    /** Refuses keys that this kind does not have: a newer format must not be read as an older one. */
    static void requireOnly(Map<?, ?> description, String kind, String... keys) {
        for (Object key : description.keySet()) {
            if (!List.of(keys).contains(String.valueOf(key))) {
                throw new IllegalArgumentException("the description of a " + kind + " tokenizer has no "
                        + Printable.quote(key) + "; it has " + String.join(" and ", keys));
            }
        }
    }
}
