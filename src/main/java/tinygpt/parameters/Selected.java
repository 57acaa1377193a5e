package tinygpt.parameters;

/**
 * What one selector of the list {@code trainable} matches.
 *
 * @param selector as it was written, without the {@code !}
 * @param takesAway whether it freezes what it matches
 * @param tensors number of tensors with numbers of their own that it matches
 * @param count number of parameters in them
 */
public record Selected(String selector, boolean takesAway, int tensors, long count) {}
