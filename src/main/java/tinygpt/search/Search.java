package tinygpt.search;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import tinygpt.formats.BadFileException;

/**
 * Trains the trials of a plan, some at a time, and gives up those that its schedule prunes.
 *
 * <p>Design: workers ask the schedule for the next job, have the runner do it, and write what came of it into the journal
 * before anybody else decides. The schedule sees only what the journal says and who is running. So a search that was killed
 * reads the journal and decides on, and a trial that was underway goes on from its own checkpoint.
 */
public final class Search {
    /** Between two looks at whether somebody wants to stop. */
    private static final long WAIT_MILLISECONDS = 200;

    private final SearchPlan plan;
    private final Path folder;
    private final Schedule schedule;
    private final List<Standing> standings = new ArrayList<>();
    private volatile Throwable broken;

    /** Looks on while a search goes on; called by one thread at a time. */
    public interface Listener {
        /** A trial begins, or goes on from a lower rung. */
        void begins(Trial trial, int rung);

        /** Training of a trial ended: at a rung, at its end, or by a failure. */
        void ended(Trial trial, int rung, TrialOutcome outcome, List<Result> results);

        /** A trial was given up. */
        void pruned(Trial trial);
    }

    /** A search in a folder, as its journal says it stands. */
    private Search(SearchPlan plan, Path folder) {
        this.plan = plan;
        this.folder = folder;
        this.schedule = Schedule.of(plan);
    }

    /**
     * A search at its beginning, or where its journal ends.
     *
     * @throws BadFileException if the journal is not of this search
     */
    public static Search open(SearchPlan plan, TrialList trials, Path folder) throws IOException {
        Search search = new Search(plan, folder);
        int rungs = plan.rungs().size();
        trials.trials().forEach(trial -> search.standings.add(new Standing(trial, rungs)));
        for (TrialJournal.Line line : TrialJournal.read(folder)) {
            Standing standing = search.standings.stream()
                    .filter(s -> s.trial().index() == line.trial())
                    .findFirst()
                    .orElseThrow(() -> new BadFileException(
                            folder.resolve(TrialJournal.FILE),
                            "tells of trial " + line.trial() + ", which this search does not have"));
            if (line.outcome() == null) {
                standing.retry();
            } else if (!standing.isSettledAt(line.rung())) {
                standing.take(line.outcome());
            }
        }
        search.prune();
        return search;
    }

    /**
     * Has trials that failed trained again, from their last checkpoints; {@link #run} does it. The journal says so, so that
     * it holds for a search that is killed before. Those that diverged would again, and are left as they are.
     *
     * @param seconds that a trial may take now: those whose time was up before are tried again if it is more than was
     *     counted then; 0 for none of them
     * @return which
     */
    public synchronized List<Trial> retryFailed(double seconds) throws IOException {
        List<Standing> again = standings.stream()
                .filter(s -> s.state() == TrialState.FAILED
                        || s.state() == TrialState.TIMEOUT && s.last().seconds() < seconds)
                .toList();
        try (TrialJournal journal = TrialJournal.open(folder)) {
            for (Standing standing : again) {
                journal.appendRetry(standing.trial(), standing.rungsReached());
                standing.retry();
            }
        }
        prune();
        return again.stream().map(Standing::trial).toList();
    }

    /**
     * Trains until nothing is left to train, or somebody stops it.
     *
     * @param parallel how many trials at a time
     * @param stop asked between jobs, and by the runner between steps
     * @return the results, the best first
     */
    public List<Result> run(TrialRunner runner, int parallel, BooleanSupplier stop, Listener listener)
            throws IOException {
        try (TrialJournal journal = TrialJournal.open(folder)) {
            List<Thread> workers = new ArrayList<>();
            for (int i = 0; i < parallel; i++) {
                Thread worker = new Thread(() -> work(runner, stop, listener, journal), "tinygpt-search-" + i);
                worker.setDaemon(true);
                worker.start();
                workers.add(worker);
            }
            for (Thread worker : workers) {
                worker.join();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("the search was interrupted", e);
        }
        if (broken instanceof Error error) {
            throw error;
        }
        if (broken instanceof RuntimeException exception) {
            throw exception;
        }
        return results();
    }

    /** The results as they stand, the best first. */
    public synchronized List<Result> results() {
        return Result.ranked(standings);
    }

    private void work(TrialRunner runner, BooleanSupplier stop, Listener listener, TrialJournal journal) {
        try {
            for (Optional<Schedule.Job> job = take(stop, listener); job.isPresent(); job = take(stop, listener)) {
                Standing standing = job.get().standing();
                int rung = job.get().rung();
                int step = plan.step(standing.trial(), rung);
                TrialOutcome outcome = runner.run(standing.trial(), step, () -> broken != null || stop.getAsBoolean());
                settle(standing, rung, outcome, listener, journal);
            }
        } catch (RuntimeException | Error e) {
            synchronized (this) {
                broken = broken == null ? e : broken;
                notifyAll();
            }
        }
    }

    /** The next job; empty when there is none any more. Waits while others are running that may bring some. */
    private synchronized Optional<Schedule.Job> take(BooleanSupplier stop, Listener listener) {
        try {
            while (broken == null && !stop.getAsBoolean()) {
                Optional<Schedule.Job> job = schedule.next(standings);
                if (job.isPresent()) {
                    job.get().standing().start();
                    listener.begins(job.get().standing().trial(), job.get().rung());
                    return job;
                }
                if (standings.stream().noneMatch(Standing::isRunning)) {
                    return Optional.empty();
                }
                wait(WAIT_MILLISECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return Optional.empty();
    }

    private synchronized void settle(
            Standing standing, int rung, TrialOutcome ended, Listener listener, TrialJournal journal) {
        TrialOutcome outcome = ended.afterFailures(standing.failures());
        if (outcome.kind() != TrialOutcome.Kind.STOPPED) {
            journal.append(standing.trial(), rung, outcome);
        }
        standing.take(outcome);
        listener.ended(standing.trial(), rung, outcome, results());
        prune().forEach(one -> listener.pruned(one.trial()));
        notifyAll();
    }

    /** Marks those that are given up; a trial that is tried again may have changed which. Returns the new ones. */
    private List<Standing> prune() {
        List<Standing> before = standings.stream().filter(Standing::isPruned).toList();
        before.forEach(one -> one.prune(false));
        List<Standing> now = schedule.pruned(standings);
        now.forEach(one -> one.prune(true));
        return now.stream().filter(one -> !before.contains(one)).toList();
    }
}
