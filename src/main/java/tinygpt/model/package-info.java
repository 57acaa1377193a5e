/**
 * The transformer: GPT-2 exactly, forward and, right under it, backward.
 *
 * <p>Letters used for shapes throughout: B sequences, T positions, M = B T rows, C width, H heads, D = C / H, F
 * feed-forward width, V vocabulary, L layers. A module holds the parameters it uses and no state: what the forward pass
 * must leave for the backward pass is in {@link tinygpt.model.Activations}, so that many workers share one model.
 *
 * <p>A backward method overwrites the gradient of its own parameters (each is written once in a pass; the token embedding,
 * which is read at both ends of the model, is written by the head and added to by the look-up) and either overwrites or
 * adds to the gradient of its input, as its comment says. The gradient it was given it leaves as it is, unless it says so. What
 * is frozen has no gradient, and the backward pass ends at the lowest block in which something is trained.
 */
package tinygpt.model;
