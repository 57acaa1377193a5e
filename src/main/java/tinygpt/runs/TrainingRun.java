package tinygpt.runs;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import tinygpt.formats.AtomicFile;
import tinygpt.formats.BadFileException;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.training.Evaluation;
import tinygpt.training.Trainer;
import tinygpt.training.TrainingListener;

/**
 * A training run and the folder it lives in: the trainer, where its data came from, and the checkpoints that hold its
 * state.
 *
 * <p>Design: a checkpoint holds everything a step is a function of, so a run goes on from it as if it had never stopped.
 * The first state is always kept, which is what every later one is compared with; of the others the newest few and the
 * best. A checkpoint that turns out to be damaged is put aside and the one before it is used.
 */
public final class TrainingRun implements AutoCloseable {
    private final RunFolder folder;
    private final TrainingText text;
    private final Trainer trainer;
    private final RunSettings settings;
    private final List<String> notes = new ArrayList<>();
    private final List<HyperparameterChange> changes;
    private final WeightFingerprint firstWeights;
    private final Ledger ledger;
    private RunFacts.Losses losses;
    private RunFacts.Origin origin;
    private long savedStep = -1;

    private TrainingRun(
            RunFolder folder,
            TrainingText text,
            Trainer trainer,
            RunSettings settings,
            RunFacts.Losses losses,
            RunFacts.Origin origin,
            List<HyperparameterChange> changes) {
        this.folder = folder;
        this.text = text;
        this.trainer = trainer;
        this.settings = settings;
        this.losses = losses;
        this.origin = origin;
        this.changes = changes;
        this.firstWeights = WeightFingerprint.of(trainer.registry());
        this.ledger = Ledger.open(folder.path());
        ledger.tornNote().ifPresent(notes::add);
    }

    /**
     * Starts a run with a fresh model and makes its folder.
     *
     * @throws BadFileException if the folder is a file or cannot be made, or the text is too short for the context
     * @throws IllegalArgumentException if the folder is there and is not empty
     */
    public static TrainingRun start(
            RunFolder folder, TrainingText text, Hyperparameters hyperparameters, RunSettings settings, int threads)
            throws IOException {
        return begin(folder, text, hyperparameters, settings, null, null, threads);
    }

    /**
     * Starts a run from the weights of another model: fine-tuning. The step counter and the optimizer begin anew.
     *
     * @param base the model; its architecture must be the hyperparameters', but for a vocabulary that has grown
     * @param basePath where it came from
     * @throws BadFileException as above
     */
    public static TrainingRun startFrom(
            LoadedModel base,
            Path basePath,
            RunFolder folder,
            TrainingText text,
            Hyperparameters hyperparameters,
            RunSettings settings,
            int threads)
            throws IOException {
        ParameterRegistry parameters = base.model().registry();
        RunFacts.Origin origin = RunFacts.Origin.of(
                basePath,
                Checkpoint.weightsSha256(parameters),
                base.checkpoint().orElse(null));
        TrainingRun run = begin(folder, text, hyperparameters, settings, origin, parameters, threads);
        try {
            run.origin = origin.withOldLoss(run.oldDataLoss());
            return run;
        } catch (IOException | RuntimeException | Error e) {
            run.close();
            throw e;
        }
    }

    private static TrainingRun begin(
            RunFolder folder,
            TrainingText text,
            Hyperparameters hyperparameters,
            RunSettings settings,
            RunFacts.Origin origin,
            ParameterRegistry base,
            int threads)
            throws IOException {
        requireEmpty(folder);
        requireLength(text, hyperparameters);
        Trainer trainer = new Trainer(hyperparameters, text.corpus(), threads);
        try {
            if (base != null) {
                copyWeights(base, trainer.registry());
            }
            RunFolders.create(folder.path());
            RunFolders.create(folder.checkpointFolder());
            TrainingRun run = new TrainingRun(folder, text, trainer, settings, RunFacts.Losses.NONE, origin, List.of());
            run.writeConfig();
            run.ledger.append(LedgerEntry.start(trainer.hyperparameters().sha256(), run.firstWeights));
            return run;
        } catch (IOException | RuntimeException | Error e) {
            trainer.close();
            throw e;
        }
    }

    /**
     * How a run is to go on.
     *
     * @param data the training text, or null for the file it was started with
     * @param change of the hyperparameters; identity for none
     * @param changeAllowed whether they may change at all
     * @param settings change of the settings
     */
    public record Resumption(
            Path data,
            UnaryOperator<Hyperparameters> change,
            boolean changeAllowed,
            UnaryOperator<RunSettings> settings) {
        /** As if it had never stopped. */
        public static Resumption unchanged() {
            return new Resumption(null, UnaryOperator.identity(), false, UnaryOperator.identity());
        }
    }

    /**
     * Continues a run where its newest checkpoint that can be read ends.
     *
     * @throws BadFileException if the run or its text is missing or has changed
     * @throws IllegalArgumentException if hyperparameters would change that may not, naming them
     */
    public static TrainingRun resume(RunFolder folder, Resumption how, int threads) throws IOException {
        List<RunFolder.Saved> saved = folder.newestFirst();
        if (saved.isEmpty()) {
            throw new BadFileException(folder.path(), "has no checkpoints, so there is nothing to resume");
        }
        List<String> notes = new ArrayList<>();
        BadFileException newest = null;
        List<RunFolder.Saved> damaged = new ArrayList<>();
        for (RunFolder.Saved candidate : saved) {
            CheckpointHeader header;
            try {
                header = Checkpoint.readHeader(candidate.file());
                Checkpoint.verify(candidate.file());
            } catch (BadFileException e) {
                newest = newest == null ? e : newest;
                damaged.add(candidate);
                continue;
            }
            for (RunFolder.Saved bad : damaged) {
                folder.putAside(bad);
                notes.add(bad.file().getFileName() + " is damaged and was put aside; going on from step "
                        + candidate.step());
            }
            TrainingRun run = resume(folder, candidate.file(), header, how, threads);
            run.notes.addAll(notes);
            return run;
        }
        throw new BadFileException(
                folder.path(),
                "none of its " + saved.size() + " checkpoints can be used; " + newest.getMessage(),
                newest);
    }

    private static TrainingRun resume(
            RunFolder folder, Path checkpoint, CheckpointHeader header, Resumption how, int threads)
            throws IOException {
        RunFacts facts = RunFacts.of(checkpoint, header);
        Hyperparameters before = header.hyperparameters();
        Hyperparameters after = how.change().apply(before);
        List<HyperparameterChange> changes = HyperparameterChange.between(before, after);
        checkChanges(changes, how.changeAllowed());
        TrainingText text = SavedState.text(checkpoint, header, how.data());
        requireLength(text, after);
        Trainer trainer = new Trainer(after, text.corpus(), threads);
        try {
            SavedState.restore(checkpoint, header, trainer);
            RunFacts.Losses losses = facts.losses();
            TrainingRun run = new TrainingRun(
                    folder, text, trainer, how.settings().apply(facts.settings()), losses, facts.origin(), changes);
            if (!changes.isEmpty()) {
                run.writeConfig();
            }
            String file = checkpoint.getFileName().toString();
            run.ledger.append(LedgerEntry.resume(header, file, run.firstWeights, trainer.hyperparameters()));
            return run;
        } catch (IOException | RuntimeException | Error e) {
            trainer.close();
            throw e;
        }
    }

    private static void checkChanges(List<HyperparameterChange> changes, boolean allowed) {
        if (changes.isEmpty()) {
            return;
        }
        List<HyperparameterChange> impossible =
                changes.stream().filter(c -> !c.possible()).toList();
        if (!impossible.isEmpty()) {
            throw new IllegalArgumentException("a run cannot go on with another " + list(impossible)
                    + ": its parameters or its split would not be the same; start a new run, with --from if it shall"
                    + " begin with these weights");
        }
        if (!allowed) {
            throw new IllegalArgumentException("a resumed run keeps its hyperparameters; this would change "
                    + list(changes) + ". Leave that out, or add --allow-change, which is noted in the ledger");
        }
    }

    private static String list(List<HyperparameterChange> changes) {
        return String.join(
                ", ", changes.stream().map(HyperparameterChange::toString).toList());
    }

    private static void requireLength(TrainingText text, Hyperparameters hyperparameters) {
        try {
            text.corpus().requireContext(hyperparameters.model().contextLength());
        } catch (IllegalArgumentException e) {
            throw new BadFileException(text.file(), e.getMessage(), e);
        }
    }

    /** Copies the numbers of every parameter; rows that the base does not have stay as they are initialised. */
    private static void copyWeights(ParameterRegistry base, ParameterRegistry target) {
        for (Parameter from : base.owned()) {
            Parameter to = target.get(from.name());
            int[] old = from.shape();
            int[] now = to.shape();
            if (old.length != now.length || old[old.length - 1] != now[now.length - 1] || old[0] > now[0]) {
                throw new IllegalArgumentException(from + " of the base model does not fit " + to + " of this one;"
                        + " leave the architecture's flags out");
            }
            float[] piece = new float[1 << 14];
            for (long done = 0; done < from.size(); done += piece.length) {
                int n = (int) Math.min(piece.length, from.size() - done);
                base.weights().read(from.offset() + done, piece, 0, n);
                target.weights().write(to.offset() + done, piece, 0, n);
            }
        }
    }

    private static void requireEmpty(RunFolder folder) throws IOException {
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
        try (var files = Files.newDirectoryStream(path)) {
            if (files.iterator().hasNext()) {
                throw new IllegalArgumentException(
                        path + " is not empty; a run gets a folder of its own, so choose another --out");
            }
        }
    }

    public Trainer trainer() {
        return trainer;
    }

    public RunFolder folder() {
        return folder;
    }

    /** The training text. */
    public TrainingText text() {
        return text;
    }

    public RunSettings settings() {
        return settings;
    }

    /** What had to be put right when the run was resumed, for the user to read. */
    public List<String> notes() {
        return List.copyOf(notes);
    }

    /** Hyperparameters that this session changed. */
    public List<HyperparameterChange> changes() {
        return changes;
    }

    /** Fingerprint of the weights when this session began. */
    public String firstWeightsSha256() {
        return firstWeights.whole();
    }

    /** The validation loss before the first step of the run, NaN if it was not measured. */
    public double firstLoss() {
        return losses.first();
    }

    /** The step of the best validation loss, or -1. */
    public long bestStep() {
        return losses.bestStep();
    }

    /** Path of the model that a fine-tuned run started from, or null. */
    public String from() {
        return origin == null ? null : origin.model();
    }

    /** The text which that model had learned, or null. */
    public String oldData() {
        return origin == null ? null : origin.oldData();
    }

    /** The loss on that text before fine-tuning, NaN if it could not be measured. */
    public double oldLossBefore() {
        return origin == null ? Double.NaN : origin.oldLoss();
    }

    /**
     * The loss of the present weights on the validation split of the text that the base model had learned: what is
     * forgotten shows here. NaN if that text is not there any more, or is not the same.
     */
    public double oldDataLoss() throws IOException {
        if (origin == null || origin.oldData() == null || !Files.isRegularFile(Path.of(origin.oldData()))) {
            return Double.NaN;
        }
        TrainingText old = TrainingText.read(
                Path.of(origin.oldData()), trainer.corpus().tokenizer(), origin.oldValidationFraction());
        return old.sha256().equals(origin.oldDataSha256())
                ? Evaluation.evaluate(trainer.model(), old.corpus().validation(), trainer.team())
                        .loss()
                : Double.NaN;
    }

    /** How far each kind of parameter has moved since the first step of the run. */
    public List<WeightMovement> movement() {
        return WeightMovement.since(folder.checkpoint(0), trainer.registry());
    }

    /** Saves the run when a checkpoint is due. To be registered behind listeners that write logs: see {@link #save()}. */
    public TrainingListener saver() {
        return new TrainingListener() {
            @Override
            public void onStep(StepReport report) {
                long step = report.step();
                long last = trainer.hyperparameters().optimization().steps();
                if (settings.savesAt(step) && !settings.evaluatesAt(step, last)) {
                    save();
                }
            }

            @Override
            public void onEvaluation(EvaluationReport report) {
                losses = losses.and(report.step(), report.result().loss());
                write();
            }
        };
    }

    /**
     * Writes the present state, unless it was written already. Logs must have been written before: a resumed run cuts them
     * back to its checkpoint and writes what follows again.
     */
    public void save() {
        if (savedStep != trainer.stepsDone()) {
            write();
        }
    }

    private void write() {
        long step = trainer.stepsDone();
        RunFacts facts = new RunFacts(
                text.file().toAbsolutePath().normalize().toString(), text.sha256(), settings, losses, origin);
        Map<String, String> extras = facts.toExtras();
        extras.put(Ledger.PREVIOUS, ledger.lastSha256());
        if (trainer.spikeHistory().steps() > 0
                || trainer.hyperparameters().optimization().skipSpikes() > 0) {
            extras.put(RunFacts.SPIKES, trainer.spikeHistory().write());
        }
        boolean first = step == 0; // the moments are all 0
        Path file = folder.checkpoint(step);
        Checkpoint.Saved saved = Checkpoint.save(
                file,
                new Checkpoint.Facts(
                        trainer.hyperparameters(),
                        trainer.corpus().tokenizer().describe(),
                        step,
                        trainer.tokensSeen(),
                        extras),
                trainer.registry(),
                first ? null : trainer.mean(),
                first ? null : trainer.meanSquare());
        ledger.append(LedgerEntry.checkpoint(saved, file.getFileName().toString()));
        savedStep = step;
        prune();
    }

    /** Removes what need not be kept. */
    private void prune() {
        int newer = 0;
        for (RunFolder.Saved saved : folder.newestFirst()) {
            boolean keep = newer < settings.keep() || saved.step() == 0 || saved.step() == losses.bestStep();
            newer++;
            if (!keep) {
                AtomicFile.deleteIfExists(saved.file());
            }
        }
    }

    private void writeConfig() throws IOException {
        AtomicFile.write(
                folder.config(),
                (trainer.hyperparameters().toJson().toPrettyString() + "\n").getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public void close() {
        trainer.close();
    }
}
