package tinygpt.runs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tinygpt.formats.BadFileException;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.Preset;
import tinygpt.parameters.ParameterRegistry;
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
                "its tokenizer cannot be used: the tokenizer's kind is \"abacus\"; this version knows \"character\" and"
                        + " \"byte\"; use another checkpoint");
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
