package tinygpt.training;

/**
 * What the guard against spikes remembers of the steps so far; saved with a checkpoint, so that a resumed run skips the
 * same steps.
 *
 * @param steps steps judged or remembered
 * @param skipped steps that were not taken
 * @param lossMean weighted mean of the loss
 * @param lossVariance weighted variance of the loss
 * @param normMean weighted mean of the gradient's 2-norm
 * @param normVariance weighted variance of the gradient's 2-norm
 */
public record SpikeHistory(
        long steps, long skipped, double lossMean, double lossVariance, double normMean, double normVariance) {
    private static final int FIELDS = 6;

    public SpikeHistory {
        boolean possible = skipped >= 0
                && steps >= skipped
                && Double.isFinite(lossMean)
                && Double.isFinite(normMean)
                && lossVariance >= 0
                && lossVariance < Double.POSITIVE_INFINITY
                && normVariance >= 0
                && normVariance < Double.POSITIVE_INFINITY;
        if (!possible) {
            throw new IllegalArgumentException("no history of steps has these numbers");
        }
    }

    /** One line that {@link #parse} reads back to the bit. */
    public String write() {
        return steps + " " + skipped + " " + lossMean + " " + lossVariance + " " + normMean + " " + normVariance;
    }

    /**
     * Reads what {@link #write} wrote.
     *
     * @throws IllegalArgumentException if it is something else
     */
    public static SpikeHistory parse(String text) {
        String[] fields = text.split(" ", -1);
        if (fields.length != FIELDS) {
            throw new IllegalArgumentException("a history of steps has " + FIELDS + " numbers, not " + fields.length);
        }
        return new SpikeHistory(
                Long.parseLong(fields[0]),
                Long.parseLong(fields[1]),
                Double.parseDouble(fields[2]),
                Double.parseDouble(fields[3]),
                Double.parseDouble(fields[4]),
                Double.parseDouble(fields[5]));
    }
}
