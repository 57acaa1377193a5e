package tinygpt.spark;

import java.io.Serializable;

/**
 * What an executor computed.
 *
 * @param gradient of the block's shards, as {@link tinygpt.parameters.ParameterBytes} of what is trained
 * @param losses of its shards, summed over tokens, in nats
 * @param host where it was computed
 * @param arithmetic with what kernels
 */
record BlockGradient(byte[][] gradient, double[] losses, String host, String arithmetic) implements Serializable {}
