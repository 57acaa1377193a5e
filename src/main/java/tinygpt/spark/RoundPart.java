package tinygpt.spark;

import java.io.Serializable;
import tinygpt.training.ReplicaReport;

/**
 * What an executor made of one replica in a round.
 *
 * @param weights what is trained, as {@link tinygpt.parameters.ParameterBytes}, after its steps
 * @param mean Adam's mean of gradients after them, in the same form
 * @param meanSquare Adam's mean of squared gradients
 * @param report of its steps
 * @param host where it was trained
 * @param arithmetic with what kernels
 */
record RoundPart(
        byte[][] weights, byte[][] mean, byte[][] meanSquare, ReplicaReport report, String host, String arithmetic)
        implements Serializable {}
