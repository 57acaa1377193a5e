package tinygpt.runs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import tinygpt.formats.BadFileException;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.training.Compute;
import tinygpt.training.Trainer;

/** A run that goes on from its newest checkpoint that can be used. */
record ResumedRun(RunFolder folder, Resumption how, Compute compute) {

    /**
     * A checkpoint to go on from.
     *
     * @param file where it is
     * @param header what it says
     * @param notes what had to be put right, for the user
     */
    private record Usable(Path file, CheckpointHeader header, List<String> notes) {}

    TrainingRun resume() throws IOException {
        if (folder.checkpoints().isEmpty()) {
            throw new BadFileException(
                    folder.path(),
                    Files.isDirectory(folder.path())
                            ? "has no checkpoints, so there is nothing to resume; start the run anew, with another --out"
                                    + " or after removing this folder"
                            : "there is no such folder; --resume takes the folder of a run");
        }
        RunLock lock = RunLock.acquire(folder.path());
        try {
            folder.removeUnfinished();
            return goOn(newestUsable(), lock);
        } catch (IOException | RuntimeException | Error e) {
            lock.close();
            throw e;
        }
    }

    private Usable newestUsable() throws IOException {
        List<RunFolder.Saved> damaged = new ArrayList<>();
        BadFileException newest = null;
        for (RunFolder.Saved candidate : folder.newestFirst()) {
            CheckpointHeader header;
            try {
                header = Checkpoint.verify(candidate.file());
                header.restoreTokenizer(candidate.file());
            } catch (BadFileException e) {
                newest = newest == null ? e : newest;
                damaged.add(candidate);
                continue;
            }
            List<String> notes = new ArrayList<>();
            for (RunFolder.Saved bad : damaged) {
                folder.putAside(bad);
                notes.add(bad.file().getFileName() + " is damaged and was put aside; going on from step "
                        + candidate.step());
            }
            return new Usable(candidate.file(), header, notes);
        }
        throw new BadFileException(
                folder.path(),
                newest == null
                        ? "has no checkpoints any more, so there is nothing to resume"
                        : "none of its " + damaged.size() + " checkpoints can be used; " + newest.getMessage(),
                newest);
    }

    private TrainingRun goOn(Usable from, RunLock lock) throws IOException {
        Path checkpoint = from.file();
        CheckpointHeader header = from.header();
        RunFacts facts = RunFacts.of(checkpoint, header);
        Hyperparameters before = header.hyperparameters();
        Hyperparameters after = how.change().apply(before);
        List<HyperparameterChange> changes = HyperparameterChange.between(before, after);
        checkChanges(changes);
        TrainingText text = how.text() != null
                ? SavedState.same(checkpoint, header, how.text())
                : SavedState.text(checkpoint, header, how.data());
        text.requireContext(after);
        Trainer trainer = new Trainer(after, text.corpus(), compute);
        try {
            SavedState.restore(checkpoint, header, trainer);
            RunFacts now = RunFacts.of(text, how.settings().apply(facts.settings()), facts.losses(), facts.origin());
            TrainingRun run = new TrainingRun(lock, folder, text, trainer, now, changes);
            run.note(from.notes());
            if (changes.isEmpty()) {
                run.isSaved();
            } else {
                run.writeConfig();
            }
            String file = checkpoint.getFileName().toString();
            run.begin(LedgerEntry.resume(header, file, run.firstWeights(), trainer.hyperparameters()));
            return run;
        } catch (IOException | RuntimeException | Error e) {
            trainer.close();
            throw e;
        }
    }

    private void checkChanges(List<HyperparameterChange> changes) {
        if (changes.isEmpty()) {
            return;
        }
        List<HyperparameterChange> impossible =
                changes.stream().filter(c -> !c.possible()).toList();
        if (!impossible.isEmpty()) {
            throw new IllegalArgumentException("a run cannot go on with another " + list(impossible)
                    + ": its parameters, its split or what its optimizer"
                    + " remembers would not be the same; start a new run, with --from if it shall"
                    + " begin with these weights");
        }
        if (!how.changeAllowed()) {
            throw new IllegalArgumentException("a resumed run keeps its hyperparameters; this would change "
                    + list(changes) + ". Leave that out, or add --allow-change, which is noted in the ledger");
        }
    }

    private static String list(List<HyperparameterChange> changes) {
        return String.join(
                ", ", changes.stream().map(HyperparameterChange::toString).toList());
    }
}
