package tinygpt.search;

import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.BooleanSupplier;
import tinygpt.formats.BadFileException;
import tinygpt.runs.RunInUseException;
import tinygpt.runs.RunLock;

/**
 * A trial that another process trains to a step. All else it finds in the folder of the search, which has the same path on
 * every machine: the definition, and the run as it was left. So it may be done by anybody, and begun again by somebody else.
 *
 * @param folder of the search
 * @param definitionSha256 fingerprint of the search's definition
 * @param trial index of the trial
 * @param step to train to
 * @param seconds that the trial may take in all
 * @param retries how often it goes on after a failure to read or write
 */
public record TrialTask(String folder, String definitionSha256, int trial, int step, double seconds, int retries)
        implements Serializable {
    /** How long whoever was told to leave the trial may take to do so: a step, an evaluation and a checkpoint. */
    private static final double PATIENCE_SECONDS = 60;

    private static final long LOOK_MILLISECONDS = 50;
    private static final double NANOSECONDS = 1e-9;

    /** The search's folder is not the same in all places. */
    public static final class FolderNotSharedException extends Exception {
        private static final long serialVersionUID = 1L;

        FolderNotSharedException(String message) {
            super(message);
        }
    }

    /**
     * The task of a trial.
     *
     * @param definitionSha256 of the search, {@link SearchFolder#definitionSha256()}
     */
    public static TrialTask of(
            SearchFolder folder, String definitionSha256, Trial trial, int step, LocalTrialRunner.Limits limits) {
        return new TrialTask(
                folder.path().toAbsolutePath().normalize().toString(),
                definitionSha256,
                trial.index(),
                step,
                limits.seconds(),
                limits.retries());
    }

    /**
     * Trains the trial here. Whatever goes wrong with it is an outcome.
     *
     * @param stop asked between steps; true saves the run and ends the training there
     * @throws FolderNotSharedException if this machine does not see the search's folder
     */
    public TrialOutcome run(SharedText text, int threads, BooleanSupplier stop) throws FolderNotSharedException {
        SearchFolder search = new SearchFolder(Path.of(folder));
        requireShared(search);
        try {
            SearchFolder.Definition definition = search.read();
            Trial own = TrialList.of(definition.plan()).trials().stream()
                    .filter(one -> one.index() == trial)
                    .findFirst()
                    .orElseThrow(() -> new IllegalArgumentException("the search has no trial " + trial));
            awaitEnd(); // whoever was told to stop, in this process even
            return LocalTrialRunner.of(
                            search, definition, text.tokens(), threads, new LocalTrialRunner.Limits(seconds, retries))
                    .run(own, step, stop);
        } catch (IOException | RuntimeException | OutOfMemoryError e) {
            String message = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
            return ended(TrialOutcome.Kind.FAILED, message, 1);
        }
    }

    private void requireShared(SearchFolder search) throws FolderNotSharedException {
        String problem = null;
        try {
            if (!search.definitionSha256().equals(definitionSha256)) {
                problem = "sees another search in " + folder;
            }
        } catch (BadFileException e) {
            problem = "does not see the folder of the search, " + folder;
        }
        if (problem != null) {
            throw new FolderNotSharedException(problem
                    + "; it has to be a shared folder, at the same path on every machine: choose one with --out");
        }
    }

    /** The outcome of a trial that nobody came to an end with, as far as its log goes. */
    public TrialOutcome ended(TrialOutcome.Kind kind, String message, int attempts) {
        return TrialLog.ended(run(), kind, message, attempts);
    }

    private Path run() {
        return Path.of(folder).resolve(Trial.path(trial));
    }

    /** Waits until nobody trains the trial any more, for a while: one who was told to stop may have to end a step. */
    public void awaitEnd() {
        Path run = run();
        long begun = System.nanoTime();
        while (isLocked(run) && (System.nanoTime() - begun) * NANOSECONDS < PATIENCE_SECONDS) {
            try {
                Thread.sleep(LOOK_MILLISECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    private static boolean isLocked(Path run) {
        if (!Files.isDirectory(run)) {
            return false;
        }
        try {
            RunLock.acquire(run).close();
            return false;
        } catch (RunInUseException e) {
            return true;
        } catch (BadFileException e) {
            return false; // whoever trains it will find out
        }
    }
}
