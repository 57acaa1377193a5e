/**
 * The model written a second time, in double precision and in the plainest way, to be the definition with which the fast
 * code is compared: {@link tinygpt.reference.ReferenceGpt} and {@link tinygpt.reference.ReferenceAdamW}.
 *
 * <p>The reference itself is held by two independent ropes: central differences of every parameter
 * ({@code GradientCheckTest}) and models computed by PyTorch ({@code GoldenTest}). It shares no arithmetic with the
 * program: only names and shapes come from there.
 */
package tinygpt.reference;
