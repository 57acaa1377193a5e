package tinygpt.parameters;

import java.util.Locale;

/** What a parameter is for. */
public enum ParameterKind {
    /** A vector for each token. */
    EMBEDDING,
    /** A vector for each position. */
    POSITIONAL,
    /** Queries, keys, values and their output projection. */
    ATTENTION,
    /** The two linear layers of the feed-forward sublayer. */
    FEED_FORWARD,
    /** Gain and bias of a LayerNorm. */
    NORMALIZATION,
    /** The output head, where it is not the token embedding. */
    OUTPUT,
    /** The two factors of a low-rank adapter (LoRA). */
    ADAPTER;

    /** The word used in tables, selectors and files: {@code feed-forward}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    static boolean isLabel(String text) {
        for (ParameterKind kind : values()) {
            if (kind.label().equals(text)) {
                return true;
            }
        }
        return false;
    }

    /**
     * The kind with that label.
     *
     * @throws IllegalArgumentException if there is none, listing those there are
     */
    public static ParameterKind labelled(String label) {
        StringBuilder known = new StringBuilder();
        for (ParameterKind kind : values()) {
            if (kind.label().equals(label)) {
                return kind;
            }
            known.append(known.isEmpty() ? "" : ", ").append(kind.label());
        }
        throw new IllegalArgumentException("there is no kind '" + label + "' of parameter; there are " + known);
    }
}
