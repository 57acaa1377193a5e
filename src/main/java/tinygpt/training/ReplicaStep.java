package tinygpt.training;

import java.io.Serializable;

/**
 * What is told of one step of a replica.
 *
 * @param loss mean cross-entropy of the replica's batch before the step, in nats per token
 * @param gradientNorm 2-norm of the whole gradient before clipping
 * @param clipped whether the gradient was scaled down
 * @param updateRatio |change|_2 / |weights|_2
 */
public record ReplicaStep(double loss, double gradientNorm, boolean clipped, double updateRatio)
        implements Serializable {}
