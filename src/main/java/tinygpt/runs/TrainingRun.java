package tinygpt.runs;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tinygpt.formats.AtomicFile;
import tinygpt.formats.BadFileException;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.training.Compute;
import tinygpt.training.Evaluation;
import tinygpt.training.Trainer;
import tinygpt.training.TrainingListener;

/**
 * A training run and the folder it lives in: the trainer, where its data came from, and the checkpoints that hold its
 * state. While it is open, no other process can write to that folder.
 *
 * <p>Design: a checkpoint holds everything a step is a function of, so a run goes on from it as if it had never stopped.
 * The first state is always kept, which is what every later one is compared with; of the others the newest few and the
 * best. A checkpoint that turns out to be damaged is put aside and the one before it is used.
 */
public final class TrainingRun implements AutoCloseable {
    private final RunLock lock;
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

    /** Takes over the trainer and the lock: both are closed with the run, and by the caller if this fails. */
    TrainingRun(
            RunLock lock,
            RunFolder folder,
            TrainingText text,
            Trainer trainer,
            RunFacts facts,
            List<HyperparameterChange> changes) {
        this.lock = lock;
        this.folder = folder;
        this.text = text;
        this.trainer = trainer;
        this.settings = facts.settings();
        this.losses = facts.losses();
        this.origin = facts.origin();
        this.changes = changes;
        this.firstWeights = WeightFingerprint.of(trainer.registry());
        this.ledger = Ledger.open(folder.path());
        ledger.tornNote().ifPresent(notes::add);
    }

    /**
     * Starts a run with a fresh model and makes its folder, which is locked until the run is closed.
     *
     * @throws BadFileException if the folder is a file or cannot be made, or the text is too short for the context
     * @throws IllegalArgumentException if the folder is there and is not empty
     * @throws RunInUseException if another process starts a run there
     */
    public static TrainingRun start(
            RunFolder folder, TrainingText text, Hyperparameters hyperparameters, RunSettings settings, int threads)
            throws IOException {
        return start(folder, text, hyperparameters, settings, Compute.local(threads));
    }

    /** The same, computed by whoever is named. */
    public static TrainingRun start(
            RunFolder folder, TrainingText text, Hyperparameters hyperparameters, RunSettings settings, Compute compute)
            throws IOException {
        return new NewRun(folder, text, hyperparameters, settings, compute).start();
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
        return startFrom(base, basePath, folder, text, hyperparameters, settings, Compute.local(threads));
    }

    /** The same, computed by whoever is named. */
    public static TrainingRun startFrom(
            LoadedModel base,
            Path basePath,
            RunFolder folder,
            TrainingText text,
            Hyperparameters hyperparameters,
            RunSettings settings,
            Compute compute)
            throws IOException {
        return new NewRun(folder, text, hyperparameters, settings, compute).startFrom(base, basePath);
    }

    /**
     * Continues a run where its newest checkpoint that can be read ends.
     *
     * @throws BadFileException if the run or its text is missing or has changed
     * @throws IllegalArgumentException if hyperparameters would change that may not, naming them
     * @throws RunInUseException if another process writes to the run
     */
    public static TrainingRun resume(RunFolder folder, Resumption how, int threads) throws IOException {
        return resume(folder, how, Compute.local(threads));
    }

    /** The same, computed by whoever is named, now. */
    public static TrainingRun resume(RunFolder folder, Resumption how, Compute compute) throws IOException {
        return new ResumedRun(folder, how, compute).resume();
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
                if (step == trainer.stepsDone() && settings.savesBetweenEvaluations(step, trainer.hyperparameters())) {
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
        Map<String, String> extras = RunFacts.of(text, settings, losses, origin).toExtras();
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
                first ? Optional.empty() : Optional.of(trainer.state()));
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

    /** Notes in the ledger that this session begins. */
    void begin(LedgerEntry entry) {
        ledger.append(entry);
    }

    /** Measures what a fine-tuned run may forget, before it learns anything. */
    void measureOldLoss() throws IOException {
        origin = origin.withOldLoss(oldDataLoss());
    }

    void note(List<String> more) {
        notes.addAll(more);
    }

    WeightFingerprint firstWeights() {
        return firstWeights;
    }

    /** The state is that of a checkpoint: it need not be written again. */
    void isSaved() {
        savedStep = trainer.stepsDone();
    }

    void writeConfig() throws IOException {
        AtomicFile.write(
                folder.config(),
                (trainer.hyperparameters().toJson().toPrettyString() + "\n").getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public void close() {
        try {
            trainer.close();
        } finally {
            lock.close();
        }
    }
}
