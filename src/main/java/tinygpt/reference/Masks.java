package tinygpt.reference;

import tinygpt.random.Stream;

/** Dropout as a function of the place: what a number is multiplied by, 0 or 1 / (1 - rate). */
@FunctionalInterface
public interface Masks {
    /** No dropout. */
    Masks NONE = (kind, layer, index) -> 1;

    /**
     * The multiplier of one number.
     *
     * @param kind which of the four dropouts
     * @param layer the block, counted from 0; {@link tinygpt.parameters.Parameter#NO_LAYER} for the embeddings
     * @param index (token, channel), where token = b T + t; for attention (sequence, head, row, column)
     */
    double at(Stream kind, int layer, int... index);
}
