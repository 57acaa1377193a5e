package tinygpt.formats;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tinygpt.hyperparameters.ModelShape;
import tinygpt.hyperparameters.Preset;
import tinygpt.parameters.ParameterRegistry;

class OnnxExporterTest {
    @TempDir
    private Path folder;

    /** Before a number is read: the shapes of gpt2-large alone say that it has 3 GB. */
    @Test
    void modelOfMoreThanTwoGigabytes_isRefused_sayingWhatToDo() {
        ModelShape large = Preset.named("gpt2-large").hyperparameters().model();
        ParameterRegistry registry = ParameterRegistry.of(large);
        ExportedModel model = new ExportedModel(
                registry,
                (parameter, first, destination, at, count) -> fail("a number was read"),
                Optional.empty(),
                ModelFacts.NONE);
        Path out = folder.resolve("out");
        String message = assertThrows(IllegalArgumentException.class, () -> new OnnxExporter().write(model, out))
                .getMessage();
        long bytes = OnnxGpt2.of(registry).size();
        assertEquals(
                "an ONNX file has at most 2147483647 bytes, and this model would need " + bytes
                        + "; export it with --format hf or gguf, which have no such limit",
                message);
        assertTrue(bytes > 4 * registry.count() && bytes < 4 * registry.count() + 200_000, message);
        assertFalse(Files.exists(out));
    }
}
