package tinygpt.spark;

import java.io.Serializable;

/**
 * What an executor computed.
 *
 * @param gradient of the block's shards, as {@link tinygpt.parameters.ParameterBytes} of what is trained
 * @param losses of its shards, summed over tokens, in nats
 * @param seconds that computing it took
 * @param host where it was computed
 * @param arithmetic with what kernels
 */
record BlockGradient(byte[][] gradient, double[] losses, double seconds, String host, String arithmetic)
        implements Serializable {}
