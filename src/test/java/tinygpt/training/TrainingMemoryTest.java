package tinygpt.training;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.Test;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.Preset;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.tensor.NotEnoughMemoryException;
import tinygpt.text.ByteTokenizer;
import tinygpt.text.Corpus;

class TrainingMemoryTest {
    /** What is foretold is what a trainer then takes: never less, and hardly more. */
    @Test
    void bytes_areThoseThatAreAllocated() {
        Hyperparameters h = Preset.named("nano").hyperparameters();
        Corpus corpus = Corpus.of(new ByteTokenizer(), "What is foretold comes true. ".repeat(100), 0.1);
        h = Trainer.withVocabulary(h, corpus);
        long foretold = TrainingMemory.bytes(ParameterRegistry.of(h.model()), h, 2);
        long before = Pointer.totalBytes();
        try (Trainer trainer = new Trainer(h, corpus, 2)) {
            trainer.step();
            long taken = Pointer.totalBytes() - before;
            assertTrue(taken <= foretold, taken + " bytes taken, " + foretold + " foretold");
            assertTrue(taken > foretold / 3, taken + " bytes taken, " + foretold + " foretold");
        }
    }

    @Test
    void require_oneByteTooMany_saysNeededAvailableAndWhatToDo() {
        Hyperparameters h = Preset.named("gpt2").hyperparameters();
        ParameterRegistry registry = ParameterRegistry.of(h.model());
        long needed = TrainingMemory.bytes(registry, h, 2);
        assertDoesNotThrow(() -> TrainingMemory.require(registry, h, 2, LocalEngine::new, needed));
        NotEnoughMemoryException e = assertThrows(
                NotEnoughMemoryException.class,
                () -> TrainingMemory.require(registry, h, 2, LocalEngine::new, 2_000_000_000L));
        assertTrue(
                e.getMessage().matches("training this model needs \\d+\\.\\d\\d GB .* 2\\.00 GB are available; .*"),
                e.getMessage());
        assertTrue(e.getMessage().contains("fewer --threads"), e.getMessage());
        assertThrows(
                NotEnoughMemoryException.class,
                () -> TrainingMemory.require(registry, h, 2, LocalEngine::new, needed - 1));
    }

    @Test
    void require_fewShards_advisesMore() {
        Hyperparameters h = Preset.named("nano").hyperparameters();
        NotEnoughMemoryException e = assertThrows(
                NotEnoughMemoryException.class,
                () -> TrainingMemory.require(ParameterRegistry.of(h.model()), h, 1, LocalEngine::new, 1));
        assertTrue(e.getMessage().contains("more --shards or a smaller --batch-size"), e.getMessage());
    }
}
