package tinygpt.runs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import tinygpt.formats.BadFileException;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.training.Compute;
import tinygpt.training.Trainer;

/** A run that begins, with initial values or the weights of another model, in a folder of its own. */
record NewRun(
        RunFolder folder, TrainingText text, Hyperparameters hyperparameters, RunSettings settings, Compute compute) {

    TrainingRun start() throws IOException {
        return begin(null, null);
    }

    TrainingRun startFrom(LoadedModel base, Path basePath) throws IOException {
        ParameterRegistry parameters = base.model().registry();
        RunFacts.Origin origin = RunFacts.Origin.of(
                basePath,
                Checkpoint.weightsSha256(parameters),
                base.checkpoint().orElse(null));
        TrainingRun run = begin(origin, parameters);
        try {
            run.measureOldLoss();
            noteUntrainedRows(run, parameters);
            return run;
        } catch (IOException | RuntimeException | Error e) {
            run.close();
            throw e;
        }
    }

    /** Tokens that were added and whose rows no training will move are hardly what somebody wants. */
    private static void noteUntrainedRows(TrainingRun run, ParameterRegistry base) {
        for (Parameter old : base.owned()) {
            Parameter now = run.trainer().registry().get(old.name());
            if (now.size() > old.size() && !now.trainable()) {
                int rows = now.shape()[0] - old.shape()[0];
                run.note(List.of(now.name() + " is frozen, so " + rows
                        + (rows == 1 ? " new token keeps the row" : " new tokens keep the rows")
                        + " of random numbers given at the start; --train-only " + now.name() + " trains it too"));
            }
        }
    }

    private TrainingRun begin(RunFacts.Origin origin, ParameterRegistry base) throws IOException {
        requireEmpty();
        text.requireContext(hyperparameters);
        Trainer trainer = new Trainer(hyperparameters, text.corpus(), compute);
        RunLock lock = null;
        try {
            if (base != null) {
                trainer.registry().copyFrom(base);
            }
            RunFolders.create(folder.path());
            lock = RunLock.acquire(folder.path());
            requireEmpty(); // whoever held the lock until now may have left a run
            RunFolders.create(folder.checkpointFolder());
            RunFacts facts = RunFacts.of(text, settings, RunFacts.Losses.NONE, origin);
            TrainingRun run = new TrainingRun(lock, folder, text, trainer, facts, List.of());
            run.writeConfig();
            run.begin(LedgerEntry.start(trainer.hyperparameters().sha256(), run.firstWeights()));
            return run;
        } catch (IOException | RuntimeException | Error e) {
            trainer.close();
            if (lock != null) {
                lock.close();
            }
            throw e;
        }
    }

    /** Refuses a folder that holds anything but the file of a lock. */
    private void requireEmpty() throws IOException {
        Path path = folder.path();
        if (!Files.exists(path)) {
            return;
        }
        if (!Files.isDirectory(path)) {
            throw new BadFileException(path, "is a file, so no run can be saved there; choose another --out");
        }
        if (!folder.checkpoints().isEmpty()) {
            throw new IllegalArgumentException(
                    path + " already holds a run; continue it with --resume " + path + ", or choose another --out");
        }
        try (var files = Files.newDirectoryStream(path, file -> !file.endsWith(RunLock.FILE))) {
            if (files.iterator().hasNext()) {
                if (Files.exists(folder.config()) && Files.exists(path.resolve(Ledger.FILE))) {
                    throw new IllegalArgumentException(
                            path + " holds a run that was stopped before its first checkpoint,"
                                    + " so there is nothing in it to go on from; remove it, or choose another --out");
                }
                throw new IllegalArgumentException(
                        path + " is not empty; a run gets a folder of its own, so choose another --out");
            }
        }
    }
}
