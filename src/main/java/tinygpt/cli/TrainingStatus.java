package tinygpt.cli;

import tinygpt.training.TrainingListener.EvaluationReport;
import tinygpt.training.TrainingListener.StepReport;

/**
 * What there is to say of a training run at this moment. Written by the training thread, read by the one that paints.
 */
final class TrainingStatus {
    /** Points of the loss curve on the screen. */
    static final int CURVE = 16;

    private static final double SMOOTHING = 0.9;
    /** The first steps are slower, while the JVM compiles, and would spoil the estimate of the remaining time. */
    private static final int WARM_UP_STEPS = 10;

    private final long firstStep;
    private final long totalSteps;
    private final long tokensPerStep;
    private final long start = System.nanoTime();
    private final double[] curveSum = new double[CURVE];
    private final int[] curveCount = new int[CURVE];
    private StepReport last;
    private double smoothed;
    private double smoothedWeight;
    private long clipped;
    private long skipped;
    private long timedSteps;
    private long timedNanoseconds;
    private double evaluationSeconds;
    private int evaluations;
    private EvaluationReport evaluation;
    private boolean bestIsLast;
    private String sample = "";

    /**
     * The status of a run that starts or continues.
     *
     * @param firstStep steps done before
     */
    TrainingStatus(long firstStep, long totalSteps, long tokensPerStep) {
        this.firstStep = firstStep;
        this.totalSteps = totalSteps;
        this.tokensPerStep = tokensPerStep;
    }

    /**
     * The status at one moment.
     *
     * @param smoothedLoss running mean of the training loss over about ten steps, debiased
     * @param clippedShare share of steps whose gradient was clipped
     * @param skipped number of steps that were spikes and not taken
     * @param stepSeconds mean time of a step, without the first ten
     * @param remainingSeconds estimate for the steps and evaluations that are left; NaN before there is one
     * @param curve training loss over the whole run, NaN where it has not come yet
     */
    record Snapshot(
            StepReport last,
            double smoothedLoss,
            double clippedShare,
            long skipped,
            double stepSeconds,
            double tokensPerSecond,
            double elapsedSeconds,
            double remainingSeconds,
            EvaluationReport evaluation,
            boolean bestIsLast,
            double[] curve,
            String sample) {}

    synchronized void step(StepReport report) {
        last = report;
        smoothed = SMOOTHING * smoothed + (1 - SMOOTHING) * report.loss();
        smoothedWeight = SMOOTHING * smoothedWeight + (1 - SMOOTHING);
        clipped += report.clipped() ? 1 : 0;
        skipped += report.skipped() ? 1 : 0;
        if (report.step() - firstStep > WARM_UP_STEPS) {
            timedSteps++;
            timedNanoseconds += report.nanoseconds();
        }
        int point = (int) Math.min(CURVE - 1, (report.step() - 1) * CURVE / Math.max(1, totalSteps));
        curveSum[point] += report.loss();
        curveCount[point]++;
    }

    synchronized void evaluation(EvaluationReport report, double seconds) {
        evaluation = report;
        bestIsLast = report.best();
        evaluationSeconds += seconds;
        evaluations++;
    }

    synchronized void sample(String text) {
        sample = text;
    }

    /**
     * The status before the first step.
     *
     * @param step steps done before, in another session
     * @param evaluating whether it is the evaluation before step 1 that is waited for
     */
    record Start(long step, boolean evaluating, double elapsedSeconds) {}

    /** How it stands before the first step. */
    synchronized Start start() {
        return new Start(firstStep, firstStep == 0 && evaluations == 0, elapsedSeconds());
    }

    private double elapsedSeconds() {
        return (System.nanoTime() - start) * 1e-9;
    }

    /** How it stands; null before the first step. */
    synchronized Snapshot snapshot() {
        if (last == null) {
            return null;
        }
        long done = last.step() - firstStep;
        double stepSeconds = timedSteps > 0 ? timedNanoseconds * 1e-9 / timedSteps : last.nanoseconds() * 1e-9;
        // Evaluations come evenly, so what they have cost a step so far they will cost in future.
        double evaluationShare = evaluations > 1 ? evaluationSeconds / done : 0;
        double remaining = timedSteps > 0 ? (totalSteps - last.step()) * (stepSeconds + evaluationShare) : Double.NaN;
        double[] curve = new double[CURVE];
        for (int i = 0; i < CURVE; i++) {
            curve[i] = curveCount[i] == 0 ? Double.NaN : curveSum[i] / curveCount[i];
        }
        return new Snapshot(
                last,
                smoothed / smoothedWeight,
                clipped / (double) done,
                skipped,
                stepSeconds,
                tokensPerStep / stepSeconds,
                elapsedSeconds(),
                remaining,
                evaluation,
                bestIsLast,
                curve,
                sample);
    }

    long totalSteps() {
        return totalSteps;
    }
}
