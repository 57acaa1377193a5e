package tinygpt.search;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Which trial is trained next, to which rung, and which are given up: pure functions of what is known of the trials, so that
 * a search that was killed decides as it would have.
 *
 * <p>A failed trial that is tried again takes part as if it had not failed, from the rung that it did not reach. So it can
 * still be promoted, and then takes the place of the last that was promoted without it: that one keeps what it has, and is
 * given up unless it is complete. Whoever has gone on asynchronously goes on, since there nobody waits for a failure.
 */
sealed interface Schedule {
    /** Train this trial until it reaches a rung. */
    record Job(Standing standing, int rung) {}

    /** What to do next; empty if nothing can be begun before a running trial ends, or if nothing is left. */
    Optional<Job> next(List<Standing> standings);

    /** Those that will not be trained any more although they could be. */
    List<Standing> pruned(List<Standing> standings);

    static Schedule of(SearchPlan plan) {
        int rungs = plan.rungs().size();
        if (plan.halving() == null) {
            return new Synchronous(rungs, 1);
        }
        int eta = plan.halving().eta();
        return plan.halving().async() ? new Asynchronous(rungs, eta) : new Synchronous(rungs, eta);
    }

    /** The trials with a loss at a rung, the best first; equals in the order of their numbers. */
    private static List<Standing> ranked(List<Standing> standings, int rung) {
        return standings.stream()
                .filter(s -> Double.isFinite(s.loss(rung)))
                .sorted(Comparator.comparingDouble((Standing s) -> s.loss(rung))
                        .thenComparingInt(s -> s.trial().index()))
                .toList();
    }

    /** Waits until all trials of a rung have reached it, and lets the best go on: the same whatever runs in parallel. */
    record Synchronous(int rungs, int eta) implements Schedule {
        @Override
        public Optional<Job> next(List<Standing> standings) {
            List<Standing> entrants = standings;
            for (int rung = 0; rung < rungs; rung++) {
                int at = rung;
                if (entrants.stream().anyMatch(s -> !s.isSettledAt(at))) {
                    return entrants.stream()
                            .filter(s -> !s.isSettledAt(at) && !s.isRunning())
                            .findFirst()
                            .map(s -> new Job(s, at));
                }
                entrants = promoted(entrants, rung);
            }
            return Optional.empty();
        }

        @Override
        public List<Standing> pruned(List<Standing> standings) {
            List<Standing> pruned = new ArrayList<>();
            List<Standing> entrants = standings;
            for (int rung = 0; rung < rungs - 1; rung++) {
                int at = rung;
                if (entrants.stream().anyMatch(s -> !s.isSettledAt(at))) {
                    break;
                }
                List<Standing> best = promoted(entrants, rung);
                entrants.stream()
                        .filter(s -> s.state() == TrialState.UNFINISHED && !best.contains(s))
                        .forEach(pruned::add);
                entrants = best;
            }
            return pruned;
        }

        /** One in eta of those that set out for the rung, but at least one, in the order of their numbers. */
        private List<Standing> promoted(List<Standing> entrants, int rung) {
            return ranked(entrants, rung).stream()
                    .limit(Math.max(1, entrants.size() / eta))
                    .sorted(Comparator.comparingInt(s -> s.trial().index()))
                    .toList();
        }
    }

    /** Lets a trial go on as soon as it is among the best of its rung so far, and otherwise begins a new one. */
    record Asynchronous(int rungs, int eta) implements Schedule {
        @Override
        public Optional<Job> next(List<Standing> standings) {
            Optional<Standing> owed =
                    standings.stream().filter(s -> s.isOwed() && !s.isRunning()).findFirst();
            if (owed.isPresent()) { // it was promoted already
                return owed.map(s -> new Job(s, s.rungsReached()));
            }
            for (int rung = rungs - 2; rung >= 0; rung--) {
                long settled = settled(standings, rung);
                Optional<Job> job = promotable(standings, rung, settled / eta);
                if (job.isPresent()) {
                    return job;
                }
            }
            Optional<Standing> fresh = standings.stream()
                    .filter(s -> !s.isSettledAt(0) && !s.isRunning())
                    .findFirst();
            return fresh.isPresent() ? fresh.map(s -> new Job(s, 0)) : last(standings);
        }

        /** When all is done and the rungs were too small for anybody to reach the end, the best of the highest goes on. */
        private Optional<Job> last(List<Standing> standings) {
            boolean open = standings.stream().anyMatch(s -> s.isRunning() || s.state() == TrialState.COMPLETE);
            for (int rung = rungs - 2; rung >= 0 && !open; rung--) {
                Optional<Job> job = promotable(standings, rung, 1);
                if (job.isPresent()) {
                    return job;
                }
            }
            return Optional.empty();
        }

        private static long settled(List<Standing> standings, int rung) {
            return standings.stream()
                    .filter(s -> s.rungsReached() > rung || s.rungsReached() == rung && s.isSettledAt(rung))
                    .count();
        }

        private static Optional<Job> promotable(List<Standing> standings, int rung, long places) {
            return ranked(standings, rung).stream()
                    .limit(places)
                    .filter(s -> !s.isSettledAt(rung + 1) && !s.isRunning())
                    .findFirst()
                    .map(s -> new Job(s, rung + 1));
        }

        @Override
        public List<Standing> pruned(List<Standing> standings) {
            boolean over = standings.stream().noneMatch(Standing::isRunning)
                    && next(standings).isEmpty();
            return over
                    ? standings.stream()
                            .filter(s -> s.state() == TrialState.UNFINISHED)
                            .toList()
                    : List.of();
        }
    }
}
