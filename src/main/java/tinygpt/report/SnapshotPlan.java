package tinygpt.report;

import java.util.List;
import java.util.TreeSet;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.runs.RunSettings;

/**
 * The steps after which a run is looked at: 0, 1, 2, 4, 8, ... while a model changes fast, then every k-th, and the last
 * one. A function of the planned number of steps alone, so that a run that was stopped and resumed has the same ones.
 */
final class SnapshotPlan {
    /** The fewest snapshots there can be: the start, the first step and the end. */
    static final int LEAST = 3;

    private static final int[] LEADING_DIGITS = {1, 2, 3, 4, 5, 6, 8};

    private final TreeSet<Long> steps;

    private SnapshotPlan(TreeSet<Long> steps) {
        this.steps = steps;
    }

    /** The plan of a run; empty if it wants none. With rounds of replicas each is where the round of its step ends. */
    static SnapshotPlan of(Hyperparameters hyperparameters, RunSettings.Snapshots settings) {
        TreeSet<Long> ends = new TreeSet<>();
        if (settings.count() > 0) {
            long last = hyperparameters.optimization().steps();
            for (long step : of(last, settings.count()).steps()) {
                long end = step == 0 ? 0 : hyperparameters.synchronization().roundEnd(step - 1);
                ends.add(Math.min(last, end));
            }
        }
        return new SnapshotPlan(ends);
    }

    /**
     * The plan of a run. The distance k is the smallest round number, one digit and zeros, that gives no more snapshots than
     * wanted; where there is none, the first steps lie farther apart than doubling.
     *
     * @param steps planned, at least 0
     * @param most snapshots, at least {@value #LEAST}
     */
    static SnapshotPlan of(long steps, int most) {
        if (steps < 0 || most < LEAST) {
            throw new IllegalArgumentException(
                    most + " snapshots of " + steps + " steps; there are at least " + LEAST + " of a run");
        }
        for (int doublings = 1; ; doublings++) {
            for (long tens = 1; tens <= 10 * Math.max(1, steps); tens *= 10) {
                for (int digit : LEADING_DIGITS) {
                    TreeSet<Long> candidate = candidate(steps, digit * tens, doublings, most);
                    if (candidate.size() <= most) {
                        return new SnapshotPlan(candidate);
                    }
                }
            }
        }
    }

    /** The steps for one distance; one more than wanted if there are too many. */
    private static TreeSet<Long> candidate(long last, long distance, int doublings, int most) {
        TreeSet<Long> found = new TreeSet<>();
        found.add(0L);
        found.add(last);
        for (long step = 1; step < Math.min(distance, last); step <<= doublings) {
            found.add(step);
            if (step > Long.MAX_VALUE >> doublings) {
                break;
            }
        }
        for (long step = distance; step < last && found.size() <= most; step += distance) {
            found.add(step);
        }
        return found;
    }

    /** Whether there is a snapshot after a step. */
    boolean has(long step) {
        return steps.contains(step);
    }

    /** How many there are. */
    int count() {
        return steps.size();
    }

    /** The steps, ascending. */
    List<Long> steps() {
        return List.copyOf(steps);
    }
}
