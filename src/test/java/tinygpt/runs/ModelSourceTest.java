package tinygpt.runs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tinygpt.formats.BadFileException;
import tinygpt.formats.RawSafetensors;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.Preset;
import tinygpt.parameters.ParameterRegistry;

class ModelSourceTest {
    private static final Path GOLDEN = RawSafetensors.resource("gpt2-tiny-tied");

    @TempDir
    Path folder;

    @Test
    void resolve_runFolder_findsItsNewestCheckpoint() {
        Path checkpoint = checkpoint();
        assertEquals(new ModelSource.Run(new RunFolder(folder), checkpoint), ModelSource.resolve(folder));
    }

    @Test
    void resolve_checkpoint_isThat() {
        Path checkpoint = checkpoint();
        assertEquals(new ModelSource.CheckpointFile(checkpoint), ModelSource.resolve(checkpoint));
    }

    @Test
    void resolve_huggingFaceFolder_isThat() {
        assertEquals(new ModelSource.HuggingFaceFolder(GOLDEN), ModelSource.resolve(GOLDEN));
    }

    @Test
    void resolve_runThatWasAlsoExported_isTheRun() throws IOException {
        Path checkpoint = checkpoint();
        Files.copy(GOLDEN.resolve("config.json"), folder.resolve("config.json"));
        Files.copy(GOLDEN.resolve("model.safetensors"), folder.resolve("model.safetensors"));
        assertEquals(new ModelSource.Run(new RunFolder(folder), checkpoint), ModelSource.resolve(folder));
    }

    @Test
    void resolve_runAtAStep_isThatCheckpoint() {
        Path checkpoint = checkpoint();
        assertEquals(new ModelSource.CheckpointFile(checkpoint), ModelSource.resolve(Path.of(folder + "@0")));
        BadFileException e = assertThrows(BadFileException.class, () -> ModelSource.resolve(Path.of(folder + "@12")));
        assertEquals(folder + ": has no checkpoint of step 12; there are those of steps 0", e.getMessage());
    }

    @Test
    void resolve_bestOfARun_needsAnEvaluation() {
        Path best = Path.of(folder + "@best");
        BadFileException none = assertThrows(BadFileException.class, () -> ModelSource.resolve(best));
        assertEquals(folder + ": is not the folder of a run, so it has no best checkpoint", none.getMessage());
        checkpoint();
        BadFileException never = assertThrows(BadFileException.class, () -> ModelSource.resolve(best));
        assertEquals(folder + ": has no best checkpoint, because it was never evaluated", never.getMessage());
        checkpoint(Map.of("best_validation_loss", "2.5", "best_step", "0"));
        assertEquals(new ModelSource.CheckpointFile(new RunFolder(folder).checkpoint(0)), ModelSource.resolve(best));
    }

    @Test
    void resolve_fileWithAnAtInItsName_isTheFile() throws IOException {
        Path named = Files.copy(checkpoint(), folder.resolve("x@0"));
        assertEquals(new ModelSource.CheckpointFile(named), ModelSource.resolve(named));
    }

    @Test
    void resolve_nothing_saysSo() {
        assertRefused(folder.resolve("none"), "there is no such file or folder");
    }

    @Test
    void resolve_folderOfNeitherKind_saysWhatItLacks() throws IOException {
        String neither =
                "is neither a run folder, a checkpoint nor a Hugging Face folder: " + "it has no checkpoints and no ";
        assertRefused(folder, neither + "config.json with model.safetensors");
        Files.writeString(folder.resolve("config.json"), "{}");
        assertRefused(folder, neither + "model.safetensors");
        Path pickle = Files.writeString(folder.resolve("pytorch_model.bin"), "x");
        assertRefused(
                folder,
                neither + "model.safetensors; its pytorch_model.bin is Python's own form and is not read: open it with"
                        + " transformers and save it again, with save_pretrained");
        Files.delete(pickle);
        Files.move(folder.resolve("config.json"), folder.resolve("model.safetensors"));
        assertRefused(folder, neither + "config.json");
    }

    @Test
    void resolve_fileOfAHuggingFaceModel_saysToGiveTheFolder() {
        assertRefused(
                GOLDEN.resolve("model.safetensors"),
                "is a safetensors file, but no checkpoint of tinygpt; it belongs to a Hugging Face model, "
                        + "so give its folder " + GOLDEN.toAbsolutePath());
    }

    @Test
    void resolve_safetensorsOfSomebodyElse_saysWhatToGive() throws IOException {
        Path copy = Files.copy(GOLDEN.resolve("model.safetensors"), folder.resolve("x.safetensors"));
        assertRefused(
                copy,
                "is a safetensors file, but no checkpoint of tinygpt; "
                        + "give a checkpoint, a run folder or a Hugging Face folder");
    }

    @Test
    void resolve_textFile_isRefused() throws IOException {
        Path text = Files.writeString(folder.resolve("x.txt"), "abc");
        assertRefused(text, "is only 3 bytes long, too short for a safetensors file; it is not one or is cut short");
    }

    private Path checkpoint() {
        return checkpoint(Map.of());
    }

    private Path checkpoint(Map<String, String> extras) {
        Path file = new RunFolder(folder).checkpoint(0);
        file.getParent().toFile().mkdirs();
        Hyperparameters nano = Preset.named("nano").hyperparameters();
        try (ParameterRegistry registry = ParameterRegistry.of(nano.model()).allocate()) {
            Checkpoint.write(file, new Checkpoint.Facts(nano, Map.of(), 0, 0, extras), registry, null, null);
        }
        return file;
    }

    private static void assertRefused(Path path, String message) {
        BadFileException e = assertThrows(BadFileException.class, () -> ModelSource.resolve(path));
        assertEquals(path + ": " + message, e.getMessage());
    }
}
