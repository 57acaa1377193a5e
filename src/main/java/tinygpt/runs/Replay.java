package tinygpt.runs;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import tinygpt.formats.BadFileException;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.training.GradientEngine;
import tinygpt.training.Trainer;

/**
 * A run brought back to the moment before one of its steps. The folder is only read.
 *
 * <p>Design: a step is a pure function of weights, moments and its number, so training on from the newest checkpoint before
 * it gives the weights of that moment to the bit. Evaluations change nothing and are left out.
 */
public final class Replay implements AutoCloseable {
    private final Trainer trainer;
    private final RunFolder folder;
    private final RunFolder.Saved start;
    private final ReplayedHistory history;
    private final List<String> notes;

    private Replay(
            Trainer trainer, RunFolder folder, RunFolder.Saved start, ReplayedHistory history, List<String> notes) {
        this.trainer = trainer;
        this.folder = folder;
        this.start = start;
        this.history = history;
        this.notes = notes;
    }

    /**
     * Opens a run at the newest checkpoint before a step; {@link #advance} goes on from there.
     *
     * @param step counted from 1
     * @param data the training text, or null for the file the run was started with
     * @param engines where gradients come from
     * @throws IllegalArgumentException if the run has not got that far
     * @throws BadFileException if no checkpoint before the step can be used, or the text is missing or has changed
     */
    public static Replay before(RunFolder folder, long step, Path data, int threads, GradientEngine.Factory engines)
            throws IOException {
        List<RunFolder.Saved> saved = folder.newestFirst();
        if (saved.isEmpty()) {
            throw new BadFileException(folder.path(), "has no checkpoints, so no step of it can be computed again");
        }
        long last = saved.get(0).step();
        if (step < 1 || step > last) {
            throw new IllegalArgumentException(
                    last == 0
                            ? folder.path() + " was not trained yet: it has no step " + step
                            : "steps of " + folder.path() + " count from 1 to " + last + ", where its newest checkpoint"
                                    + " is; there is no step " + step);
        }
        return open(folder, saved, step - 1, data, threads, engines);
    }

    /** Opens a run where its newest checkpoint ends, before the step that would come next. */
    public static Replay next(RunFolder folder, Path data, int threads, GradientEngine.Factory engines)
            throws IOException {
        List<RunFolder.Saved> saved = folder.newestFirst();
        if (saved.isEmpty()) {
            throw new BadFileException(folder.path(), "has no checkpoints, so it has no next step");
        }
        return open(folder, saved, Long.MAX_VALUE, data, threads, engines);
    }

    private static Replay open(
            RunFolder folder,
            List<RunFolder.Saved> saved,
            long latest,
            Path data,
            int threads,
            GradientEngine.Factory engines)
            throws IOException {
        List<String> notes = new ArrayList<>();
        RunFolder.Saved later = null;
        BadFileException newest = null;
        for (RunFolder.Saved candidate : saved) {
            if (candidate.step() > latest) {
                later = candidate;
                continue;
            }
            CheckpointHeader header;
            try {
                header = Checkpoint.readHeader(candidate.file());
                Checkpoint.verify(candidate.file());
            } catch (BadFileException e) {
                newest = newest == null ? e : newest;
                notes.add(e.getMessage());
                continue;
            }
            return open(folder, candidate, header, later, latest, data, threads, engines, notes);
        }
        throw newest != null
                ? newest
                : new BadFileException(
                        folder.path(), "has no checkpoint at or before step " + latest + " to begin with");
    }

    private static Replay open(
            RunFolder folder,
            RunFolder.Saved start,
            CheckpointHeader header,
            RunFolder.Saved later,
            long latest,
            Path data,
            int threads,
            GradientEngine.Factory engines,
            List<String> notes)
            throws IOException {
        ReplayedHistory history = ReplayedHistory.of(folder, start.step(), latest, notes);
        Hyperparameters hyperparameters = header.hyperparameters();
        if (later != null && history.changedAtStart()) {
            // Resuming has changed them; the next checkpoint says to what.
            hyperparameters = Checkpoint.readHeader(later.file()).hyperparameters();
        }
        requireOneOptimizer(folder.path().toString(), hyperparameters);
        TrainingText text = SavedState.text(start.file(), header, data);
        Trainer trainer = new Trainer(hyperparameters, text.corpus(), threads, engines);
        try {
            SavedState.restore(start.file(), header, trainer);
            return new Replay(trainer, folder, start, history, notes);
        } catch (RuntimeException | Error e) {
            trainer.close();
            throw e;
        }
    }

    /**
     * Refuses hyperparameters with which a step is not one gradient and one update.
     *
     * @param what it is that has them, for the message
     * @throws IllegalArgumentException if there are rounds of replicas
     */
    public static void requireOneOptimizer(String what, Hyperparameters hyperparameters) {
        if (hyperparameters.synchronization().inRounds()) {
            throw new IllegalArgumentException(what
                    + " is trained in rounds of replicas (--sync diloco), whose weights are averaged at the end of a round:"
                    + " there is not one update of a step that could be followed; take a run without --sync");
        }
    }

    /** Trains until so many steps are done, or until stopped. */
    public void advance(long steps, BooleanSupplier stop) {
        trainer.train(steps, 0, () -> {
            if (Boolean.FALSE.equals(isTheRuns().orElse(null))) {
                notes.add("after step " + trainer.stepsDone() + " the weights are not those whose fingerprint the run's"
                        + " ledger has: another processor or version computes other last bits");
            }
            return stop.getAsBoolean();
        });
    }

    /**
     * Whether all weights are now, to the bit, those that the run had after as many steps; empty if its ledger has no
     * fingerprint of that step.
     */
    public Optional<Boolean> isTheRuns() {
        return history.fingerprint(trainer.stepsDone())
                .map(expected ->
                        expected.equals(WeightFingerprint.of(trainer.registry()).whole()));
    }

    public Trainer trainer() {
        return trainer;
    }

    /** The step of the checkpoint it began with. */
    public long startStep() {
        return start.step();
    }

    /** The checkpoint that the run itself wrote after as many steps as are done now, if it is still there. */
    public Optional<Path> checkpointNow() {
        return folder.checkpoints().stream()
                .filter(saved -> saved.step() == trainer.stepsDone())
                .map(RunFolder.Saved::file)
                .findFirst();
    }

    /** What the user should know, for example that a damaged checkpoint was passed over. */
    public List<String> notes() {
        return List.copyOf(notes);
    }

    @Override
    public void close() {
        trainer.close();
    }
}
