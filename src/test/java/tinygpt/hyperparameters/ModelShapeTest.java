package tinygpt.hyperparameters;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ModelShapeTest {
    private static final Hyperparameters TINY = Preset.named("tiny").hyperparameters();

    @Test
    void headWidth_isWidthOverHeads() {
        assertEquals(64, Preset.named("gpt2-xl").hyperparameters().model().headWidth());
    }

    @Test
    void withVocabularySize_changesNothingElse() {
        ModelShape shape = TINY.model().withVocabularySize(65);
        assertEquals(65, shape.vocabularySize());
        assertEquals(TINY.model(), shape.withVocabularySize(TINY.model().vocabularySize()));
    }

    @Test
    void widthNotDivisibleByHeads_saysWhatWouldWork() {
        assertEquals(
                "width 100 cannot be divided into 3 heads of equal size; use a width of 102, or 2 or 4 heads",
                messageOf("{\"width\":100,\"heads\":3}"));
    }

    @Test
    void moreHeadsThanWidth_areRefused() {
        assertEquals(
                "width 4 cannot be divided into 8 heads of equal size; use a width of 8, or 4 heads",
                messageOf("{\"width\":4,\"heads\":8}"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            {"vocabulary_size":0}     | vocabulary_size is 0; a model needs at least one token
            {"context_length":0}      | context_length is 0; it must be at least 1
            {"layers":-1}             | layers is -1; it must be at least 1
            {"heads":0}               | heads is 0; it must be at least 1
            {"width":0}               | width is 0; it must be at least 1
            {"feed_forward_width":0}  | feed_forward_width is 0; it must be at least 1
            {"layers":10001}          | layers is 10,001; the largest model that can be described has 10,000
            {"width":2000000000}      | width is 2,000,000,000; the largest model that can be described has 1,048,576
            {"layer_norm_epsilon":0}  | layer_norm_epsilon is 0.0; it must lie between 0 and 1 (GPT-2 uses 1e-5)
            {"initial_std":0}         | initial_std is 0.0; it must be positive and below 10 (GPT-2 uses 0.02)
            {"embedding_dropout":1}   | embedding_dropout is 1.0; a dropout rate lies in [0, 1)
            {"attention_dropout":-.1} | attention_dropout is -0.1; a dropout rate lies in [0, 1)
            {"residual_dropout":1}    | residual_dropout is 1.0; a dropout rate lies in [0, 1)
            """)
    void valueOutOfRange_isRefusedByName(String model, String message) {
        assertEquals(message, messageOf(model.replace("-.1", "-0.1")));
    }

    private static String messageOf(String model) {
        return assertThrows(
                        InvalidHyperparameterException.class,
                        () -> TINY.with(HyperparametersTest.json("{\"model\":" + model + "}")))
                .getMessage();
    }
}
