package tinygpt.runs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import tinygpt.formats.BadFileException;
import tinygpt.formats.StrictJson;
import tinygpt.training.Trainer;

/** Everything a step is a function of, read from a checkpoint into a trainer. */
final class SavedState {
    private SavedState() {}

    /**
     * The text that a run was trained on, with the run's own tokenizer.
     *
     * @param given where it is now, or null for where it was
     * @throws BadFileException if it is not there or has changed
     */
    static TrainingText text(Path checkpoint, CheckpointHeader header, Path given) throws IOException {
        Path file = given != null ? given : header.data().orElse(checkpoint);
        if (!Files.isRegularFile(file) || file.equals(checkpoint)) {
            throw new BadFileException(file, "the text of this run is not there; say with --data where it is now");
        }
        return TrainingText.readAgain(
                file,
                RunFacts.of(checkpoint, header).dataSha256(),
                header.restoreTokenizer(checkpoint),
                header.hyperparameters().data().validationFraction());
    }

    /**
     * A text that was read already, if it is that of the run.
     *
     * @throws BadFileException if it is another one, or has become other tokens
     */
    static TrainingText same(Path checkpoint, CheckpointHeader header, TrainingText text) {
        boolean sameText = text.sha256().equals(RunFacts.of(checkpoint, header).dataSha256());
        boolean sameTokens = StrictJson.write(header.tokenizer())
                .equals(StrictJson.write(text.corpus().tokenizer().describe()));
        if (!sameText || !sameTokens) {
            throw new BadFileException(
                    checkpoint,
                    "belongs to a run of another " + (sameText ? "vocabulary" : "text") + " than that of " + text.file()
                            + "; remove the run, or give it its own");
        }
        return text;
    }

    /**
     * Gives a trainer weights, moments, step and history.
     *
     * @throws BadFileException if the checkpoint is damaged or holds no optimizer state
     */
    static void restore(Path checkpoint, CheckpointHeader header, Trainer trainer) {
        Checkpoint.readWeights(checkpoint, trainer.registry());
        if (header.hasOptimizerState()) {
            Checkpoint.readOptimizer(checkpoint, trainer.registry(), trainer.state());
        } else if (header.step() > 0) {
            throw new BadFileException(
                    checkpoint,
                    "holds no optimizer state, so training cannot go on as if it had not stopped; start a new run"
                            + " from its weights with --from");
        }
        RunFacts.Losses losses = RunFacts.of(checkpoint, header).losses();
        trainer.continueFrom(header.step(), header.tokensSeen(), losses.best(), losses.lastStep());
        RunFacts.spikeHistory(checkpoint, header).ifPresent(trainer::continueSpikeHistory);
    }
}
