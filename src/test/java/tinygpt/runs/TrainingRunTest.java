package tinygpt.runs;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tinygpt.formats.BadFileException;
import tinygpt.formats.RawSafetensors;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.Preset;

/** Who may write to the folder of a run, and when it goes on. */
class TrainingRunTest {
    private static final Hyperparameters H = Preset.named("nano")
            .hyperparameters()
            .with("model.width", "8")
            .with("model.layers", "1")
            .with("model.context_length", "8")
            .with("optimization.steps", "4");

    @TempDir
    Path folder;

    private Path text;
    private RunFolder run;

    @BeforeEach
    void write() throws IOException {
        text = Files.writeString(folder.resolve("text.txt"), "A fox ran over the hill and saw a dog.\n".repeat(9));
        run = new RunFolder(folder.resolve("run"));
    }

    @Test
    void runThatIsOpen_isRefusedToOthers_untilItIsClosed() throws IOException {
        try (TrainingRun first = start(H)) {
            first.save();
            RunInUseException e = assertThrows(RunInUseException.class, this::resume);
            assertTrue(e.getMessage().startsWith(run.path() + ": this process is writing to"), e.getMessage());
        }
        resume().close();
        resume().close();
    }

    @Test
    void folderWithNothingButTheFileOfALock_isEmpty() throws IOException {
        Files.createDirectories(run.path());
        Files.writeString(run.path().resolve("lock"), "process 1 on somewhere\n");
        start(H).close();
    }

    @Test
    void folderWithAnythingElse_isRefused_andGetsNoLock() throws IOException {
        Files.createDirectories(run.path());
        Files.writeString(run.path().resolve("clock"), "");
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> start(H));
        assertTrue(e.getMessage().contains("is not empty"), e.getMessage());
        assertFalse(Files.exists(run.path().resolve("lock")));
    }

    @Test
    void startWhileAnotherStarts_isRefused() throws IOException {
        Files.createDirectories(run.path());
        RunLock other = RunLock.acquire(run.path());
        assertThrows(RunInUseException.class, () -> start(H));
        other.close();
        start(H).close();
    }

    @Test
    void resumeThatIsRefused_givesTheLockBack() throws IOException {
        try (TrainingRun first = start(H)) {
            first.save();
        }
        Resumption wider = new Resumption(null, h -> h.with("model.width", "16"), true, UnaryOperator.identity());
        assertThrows(IllegalArgumentException.class, () -> TrainingRun.resume(run, wider, 1));
        Resumption elsewhere =
                new Resumption(folder.resolve("none"), UnaryOperator.identity(), false, UnaryOperator.identity());
        assertThrows(BadFileException.class, () -> TrainingRun.resume(run, elsewhere, 1));
        assertDoesNotThrow(() -> resume().close());
    }

    @Test
    void checkpointsThatWereOnlyBegun_areRemovedOnResume_andNothingElse() throws IOException {
        try (TrainingRun first = start(H)) {
            first.save();
        }
        Path begun = run.checkpointFolder().resolve(".step-000004.safetensors.4711-0.tmp");
        Path other = run.checkpointFolder().resolve("step-000004.safetensors.copy.tmp");
        Files.write(begun, new byte[99]);
        Files.write(other, new byte[99]);
        resume().close();
        assertFalse(Files.exists(begun));
        assertTrue(Files.exists(other));
    }

    @Test
    void damagedTokenizer_isPutAside_andTheCheckpointBeforeIsUsed() throws IOException {
        try (TrainingRun first = start(H)) {
            first.save();
            first.trainer().train(2, 0, () -> false);
            first.save();
        }
        RawSafetensors raw = RawSafetensors.read(run.checkpoint(2));
        raw.metadata.computeIfPresent("tokenizer", (key, json) -> json.replace("character", "charatcer"));
        raw.write(run.checkpoint(2));
        try (TrainingRun resumed = resume()) {
            assertEquals(0, resumed.trainer().stepsDone());
            assertEquals(
                    List.of("step-000002.safetensors is damaged and was put aside; going on from step 0"),
                    resumed.notes());
        }
        RawSafetensors only = RawSafetensors.read(run.checkpoint(0));
        only.metadata.put("tokenizer", "{}");
        only.write(run.checkpoint(0));
        BadFileException e = assertThrows(BadFileException.class, this::resume);
        assertTrue(e.getMessage().contains("none of its 1 checkpoints can be used"), e.getMessage());
        assertTrue(e.getMessage().contains("its tokenizer cannot be used"), e.getMessage());
    }

    private TrainingRun start(Hyperparameters hyperparameters) throws IOException {
        TrainingText read =
                TrainingText.read(text, H.data().tokenizer(), H.data().validationFraction());
        return TrainingRun.start(run, read, hyperparameters, RunSettings.forSteps(4), 1);
    }

    private TrainingRun resume() throws IOException {
        return TrainingRun.resume(run, Resumption.unchanged(), 1);
    }
}
