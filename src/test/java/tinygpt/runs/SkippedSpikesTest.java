package tinygpt.runs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.Preset;
import tinygpt.training.SpikeHistory;

/** A run that skips spikes, so many that it is stopped among them: the limit is one deviation. */
class SkippedSpikesTest {
    private static final Hyperparameters H = Preset.named("nano")
            .hyperparameters()
            .with("model.width", "8")
            .with("model.layers", "1")
            .with("model.context_length", "8")
            .with("optimization.steps", "120")
            .with("optimization.skip_spikes", "1");

    @TempDir
    Path folder;

    private Path text;

    @BeforeEach
    void write() throws IOException {
        text = Files.writeString(
                folder.resolve("text.txt"), "A fox ran over the hill and saw a dog. Good day!\n".repeat(30));
    }

    @Test
    void resumedRun_skipsAsManyAndEndsWithTheSameWeights() throws IOException {
        CheckpointHeader whole;
        try (TrainingRun run = start("whole")) {
            run.trainer().train(0, () -> false);
            run.save();
            whole = Checkpoint.readHeader(run.folder().checkpoint(120));
        }
        RunFolder stopped;
        long before;
        try (TrainingRun run = start("stopped")) {
            run.trainer().train(90, 0, () -> false);
            run.save();
            stopped = run.folder();
            before = run.trainer().stepsSkipped();
        }
        try (TrainingRun run = TrainingRun.resume(stopped, Resumption.unchanged(), 2)) {
            assertEquals(before, run.trainer().stepsSkipped());
            run.trainer().train(0, () -> false);
            run.save();
        }
        CheckpointHeader resumed = Checkpoint.readHeader(stopped.checkpoint(120));
        assertEquals(whole.weightsSha256(), resumed.weightsSha256());
        String history = resumed.extras().get(RunFacts.SPIKES);
        assertEquals(whole.extras().get(RunFacts.SPIKES), history);
        long skipped = SpikeHistory.parse(history).skipped();
        assertTrue(before > 0 && skipped > before, before + " skipped before, " + skipped + " in the end");
    }

    private TrainingRun start(String name) throws IOException {
        TrainingText read =
                TrainingText.read(text, H.data().tokenizer(), H.data().validationFraction());
        return TrainingRun.start(new RunFolder(folder.resolve(name)), read, H, RunSettings.forSteps(120), 1);
    }
}
