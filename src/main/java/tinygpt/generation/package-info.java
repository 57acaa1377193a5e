/**
 * Text from a model, one token after the other.
 *
 * <p>A {@link tinygpt.generation.Generator} reads a prompt into a key/value cache and chooses token after token as {@link
 * tinygpt.generation.SamplingSettings} say. Every choice is a pure function of (seed, sample, number of the token, logits):
 * samples do not depend on each other, and the same command gives the same text.
 */
package tinygpt.generation;
