package tinygpt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import tinygpt.generation.Generator;
import tinygpt.generation.SamplingSettings;
import tinygpt.hyperparameters.Preset;
import tinygpt.model.Activations;
import tinygpt.model.DecodeState;
import tinygpt.model.Gpt;
import tinygpt.parameters.Parameter;
import tinygpt.tensor.Workspace;
import tinygpt.text.CharacterTokenizer;
import tinygpt.text.Corpus;
import tinygpt.training.Trainer;

/** What was closed says so; it would otherwise read freed memory, and could end the JVM. */
class UseAfterCloseTest {
    private static final String TEXT = "the quick brown fox jumps over the lazy dog. ".repeat(40);

    @Test
    void modelOfAClosedTrainer_refusesToWork() {
        Gpt model;
        Parameter parameter;
        Generator generator;
        try (Trainer trainer = trainer()) {
            model = trainer.model();
            parameter = trainer.registry().get("wte.weight");
            generator = new Generator(model, space(model));
        }
        assertClosed("this model was closed", parameter::matrix);
        assertClosed("this model was closed", parameter::value);
        assertClosed("this model was closed", () -> new Generator(model, space(model)));
        assertClosed(
                "this model was closed",
                () -> generator.generate(CharacterTokenizer.of(TEXT), "the", SamplingSettings.greedy(3)));
        generator.close();
        try (Activations a = new Activations(model, 1, 4, null);
                DecodeState state = new DecodeState(model)) {
            assertClosed("this model was closed", () -> model.forward(space(model), a));
            assertClosed("this model was closed", () -> model.step(space(model), state, 1));
        }
    }

    @Test
    void closedMemory_refusesToBeUsed() {
        try (Trainer trainer = trainer()) {
            Gpt model = trainer.model();
            Generator generator = new Generator(model, space(model));
            generator.close();
            assertClosed(
                    "the memory for ",
                    () -> generator.generate(trainer.corpus().tokenizer(), "the", SamplingSettings.greedy(3)));
            Activations a = new Activations(model, 1, 4, null);
            a.close();
            assertClosed("the memory for activations was given back", () -> model.forward(space(model), a));
        }
    }

    @Test
    void closingTwice_isAllowed() {
        Trainer trainer = trainer();
        trainer.close();
        trainer.close();
        assertEquals(0, trainer.stepsDone());
    }

    @Test
    void closedTrainer_refusesToTrain() {
        Trainer trainer = trainer();
        trainer.close();
        assertThrows(IllegalStateException.class, trainer::step);
        assertThrows(IllegalStateException.class, trainer::evaluate);
    }

    private static void assertClosed(String message, Executable use) {
        String told = assertThrows(IllegalStateException.class, use).getMessage();
        assertTrue(told.startsWith(message), told);
    }

    private static Workspace space(Gpt model) {
        return new Workspace(Gpt.longestRow(model.shape()));
    }

    private static Trainer trainer() {
        Corpus corpus = Corpus.of(CharacterTokenizer.of(TEXT), TEXT, 0.1);
        return new Trainer(Preset.named("nano").hyperparameters(), corpus, 2);
    }
}
