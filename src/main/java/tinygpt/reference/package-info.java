/**
 * The model written a second time, in double precision and in the plainest way: {@link tinygpt.reference.ReferenceGpt} is
 * the definition with which the fast code is compared, in tests and by a user who asks why.
 *
 * <p>The reference itself is held by two independent ropes: central differences of every parameter and models computed by
 * PyTorch. It shares no arithmetic with the program: only names and shapes come from there.
 */
package tinygpt.reference;
