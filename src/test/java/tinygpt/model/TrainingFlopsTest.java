package tinygpt.model;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tinygpt.hyperparameters.ModelShape;
import tinygpt.hyperparameters.Preset;
import tinygpt.parameters.ParameterRegistry;

class TrainingFlopsTest {
    @Test
    void shortContext_isSixTimesTheMatricesAndAllScores() {
        ParameterRegistry nano =
                ParameterRegistry.of(Preset.named("nano").hyperparameters().model());
        // 2 layers of 12 C^2, the head of V C, and 12 L T C, with C = 32, V = 64, T = 32; 8 sequences.
        double perToken = 6.0 * (2 * 12 * 1024 + 64 * 32) + 12.0 * 2 * 32 * 32;
        assertEquals(8 * 32 * perToken, TrainingFlops.ofStep(nano, 8, 32));
    }

    @Test
    void longContext_leavesOutWhatIsNotMultiplied() {
        ModelShape shape = Preset.named("shakespeare-gpu").hyperparameters().model();
        double matrices = 6.0 * (6 * 12 * 384 * 384 + 66 * 384) * 256;
        // 64 queries see 64 keys, the next 128, then 192 and 256.
        double scores = 64.0 * (64 + 128 + 192 + 256);
        assertEquals(
                3 * (matrices + 12.0 * 6 * 384 * scores), TrainingFlops.ofStep(ParameterRegistry.of(shape), 3, 256), 1);
    }

    /** The count is that of the blocks which attention really works on. */
    @ParameterizedTest
    @ValueSource(ints = {1, 63, 64, 65, 200, 256})
    void scores_areThoseOfTheBlocks(int time) {
        ModelShape shape = Preset.named("nano")
                .hyperparameters()
                .with("model.context_length", "256")
                .model();
        try (ParameterRegistry registry = ParameterRegistry.of(shape).allocate();
                Activations a = new Activations(new Gpt(registry), 1, time, null)) {
            long multiplied = a.layer(0).head(0, 0).stream()
                    .mapToLong(block -> (long) block.probabilities().rows()
                            * block.probabilities().columns())
                    .sum();
            assertEquals(multiplied, HeadViews.scores(time));
        }
    }
}
