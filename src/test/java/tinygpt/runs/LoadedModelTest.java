package tinygpt.runs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tinygpt.formats.BadFileException;
import tinygpt.formats.RawSafetensors;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.Preset;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.tensor.NotEnoughMemoryException;
import tinygpt.text.ByteTokenizer;
import tinygpt.text.CharacterTokenizer;

class LoadedModelTest {
    private static final Hyperparameters NANO = Preset.named("nano").hyperparameters();

    @TempDir
    Path folder;

    @Test
    void unknownTokenizer_isABadFile() {
        assertRefused(
                Map.of("kind", "abacus"),
                "its tokenizer cannot be used: the tokenizer's kind is \"abacus\"; this version knows \"character\","
                        + " \"byte\" and \"bpe\"; use another checkpoint");
    }

    @Test
    void tokenizerOfAnotherVocabulary_isABadFile() {
        assertRefused(
                new ByteTokenizer().describe(),
                "its tokenizer has 257 tokens, its model a vocabulary of 64: they do not belong together;"
                        + " use another checkpoint");
        assertRefused(
                CharacterTokenizer.of("abc").describe(),
                "its tokenizer has 4 tokens, its model a vocabulary of 64: they do not belong together;"
                        + " use another checkpoint");
    }

    @Test
    void largerThanMemory_isRefusedBeforeAnythingIsAllocated() {
        Path file = folder.resolve("checkpoint.safetensors");
        long bytes;
        try (ParameterRegistry registry =
                ParameterRegistry.of(NANO.model().withVocabularySize(257)).allocate()) {
            bytes = registry.slabSize() * Float.BYTES;
            Hyperparameters h = NANO.withModel(registry.shape());
            Map<String, Object> tokenizer = new ByteTokenizer().describe();
            Checkpoint.write(file, new Checkpoint.Facts(h, tokenizer, 0, 0, Map.of()), registry, null, null);
        }
        for (Path model : List.of(file, RawSafetensors.resource("gpt2-tiny-tied"))) {
            long before = Pointer.totalBytes();
            NotEnoughMemoryException e =
                    assertThrows(NotEnoughMemoryException.class, () -> LoadedModel.open(model, 1000));
            assertTrue(e.getMessage().startsWith(model + ": loading this model needs 0.00 GB"), e.getMessage());
            assertTrue(Pointer.totalBytes() <= before, "something was allocated");
        }
        assertThrows(NotEnoughMemoryException.class, () -> LoadedModel.open(file, bytes - 1));
        LoadedModel.open(file, bytes).close();
    }

    @Test
    void recordedText_thatIsNoPath_isNone() {
        Path file = folder.resolve("checkpoint.safetensors");
        try (ParameterRegistry registry = ParameterRegistry.of(NANO.model()).allocate()) {
            Map<String, String> extras = Map.of(RunFacts.DATA, "a\0b");
            Checkpoint.write(file, new Checkpoint.Facts(NANO, Map.of(), 0, 0, extras), registry, null, null);
        }
        assertTrue(Checkpoint.readHeader(file).data().isEmpty());
    }

    private void assertRefused(Map<String, Object> tokenizer, String problem) {
        Path file = folder.resolve("checkpoint.safetensors");
        try (ParameterRegistry registry = ParameterRegistry.of(NANO.model()).allocate()) {
            Checkpoint.write(file, new Checkpoint.Facts(NANO, tokenizer, 0, 0, Map.of()), registry, null, null);
        }
        String message = assertThrows(BadFileException.class, () -> LoadedModel.open(file))
                .getMessage();
        assertEquals(file + ": " + problem, message);
    }
}
