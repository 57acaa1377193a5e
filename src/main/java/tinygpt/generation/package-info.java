/**
 * Text from a model, one token after the other.
 *
 * <p>A {@link tinygpt.generation.Generator} reads a prompt into a key/value cache and chooses token after token as {@link
 * tinygpt.generation.SamplingSettings} say: penalties, temperature, top-k, top-p, min-p, in this order. Every choice is a
 * pure function of (seed, sample, number of the token, logits) and of the tokens before, where there are penalties: samples
 * do not depend on each other, in one batch or in many, and the same command gives the same text.
 */
package tinygpt.generation;
