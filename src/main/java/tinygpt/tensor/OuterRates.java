package tinygpt.tensor;

/**
 * The constants of DiLoCo's outer step, see {@link Slabs#nesterov}.
 *
 * @param replicas whose weights are averaged
 * @param momentum mu
 * @param ofChange what the mean's change counts again: 1 - rate (1 + mu)
 * @param ofVelocity what the velocity before counts: rate mu^2
 */
public record OuterRates(int replicas, double momentum, double ofChange, double ofVelocity) {

    public static OuterRates of(int replicas, double rate, double momentum) {
        return new OuterRates(replicas, momentum, 1 - rate * (1 + momentum), rate * momentum * momentum);
    }
}
