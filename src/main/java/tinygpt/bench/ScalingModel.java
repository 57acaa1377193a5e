package tinygpt.bench;

/**
 * A model of how well data-parallel training with one synchronisation a step would scale, from numbers measured on one
 * machine. It is arithmetic, no measurement: real networks and machines differ.
 *
 * <p>A worker computes t = 6 P T / F for T tokens with P parameters. A synchronisation takes a = L + (N + 1.5) 4P / B + 5 ns P:
 * the latency; the weights to everybody (1.5, since executors pass pieces on) and N gradients to the driver, at a rate B with
 * 1/B = 1/network + 1/serialisation; and the driver's own arithmetic. The efficiency is t / (t + a), with as many tokens for
 * each worker however many there are. With H steps between synchronisations and Adam's moments going along it is
 * H t / (H t + a'), where a' moves three times the bytes.
 *
 * @param latency L, seconds of a synchronisation of nothing
 * @param serialisation bytes a second that come from one process to another on the same machine
 * @param rate F, floating point operations a second of one worker
 */
public record ScalingModel(double latency, double serialisation, double rate) {
    private static final double DRIVER_SECONDS_PER_PARAMETER = 5e-9;
    private static final double BROADCAST = 1.5;
    private static final int STATES = 3;
    private static final int FLOPS = 6;

    /**
     * Efficiency of synchronising after each step.
     *
     * @param parameters P
     * @param tokens T, of one worker in a step
     * @param network bytes a second
     * @param workers N
     */
    public double ofEveryStep(double parameters, double tokens, double network, int workers) {
        double computing = computing(parameters, tokens);
        return computing / (computing + exchange(parameters, network, workers, 1));
    }

    /** Efficiency of synchronising after so many steps, with Adam's moments. */
    public double ofRounds(double parameters, double tokens, double network, int workers, int steps) {
        double computing = steps * computing(parameters, tokens);
        return computing / (computing + exchange(parameters, network, workers, STATES));
    }

    private double computing(double parameters, double tokens) {
        return FLOPS * parameters * tokens / rate;
    }

    private double exchange(double parameters, double network, int workers, int states) {
        double bytesPerSecond = 1 / (1 / network + 1 / serialisation);
        return latency
                + states * (workers + BROADCAST) * Float.BYTES * parameters / bytesPerSecond
                + DRIVER_SECONDS_PER_PARAMETER * parameters;
    }
}
