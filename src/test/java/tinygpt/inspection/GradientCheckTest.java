package tinygpt.inspection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterRegistry;

/** What {@code verify} finds, and that it finds what is wrong. */
class GradientCheckTest {
    private static Hyperparameters small() {
        return InspectedModel.nano(3)
                .with("model.context_length", "6")
                .with("model.width", "8")
                .with("model.vocabulary_size", "12");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "model.tied_head=false",
                "model.biases=false",
                "model.activation=gelu_erf",
                "adaptation.lora_rank=2",
                "adaptation.trainable=kind:normalization"
            })
    void everyTensor_ofEveryVariant_agrees(String change) {
        String[] keyAndValue = change.split("=");
        Hyperparameters h = small().with(keyAndValue[0], keyAndValue[1]);
        List<GradientCheck.Tensor> tensors = GradientCheck.of(h, 2);
        assertEquals(
                ParameterRegistry.of(h).trained().stream().map(Parameter::name).toList(),
                tensors.stream().map(t -> t.parameter().name()).toList());
        tensors.forEach(t -> assertTrue(t.passes(), t.toString()));
        tensors.forEach(t -> assertTrue(Math.abs(t.nudged().get(0).slope()) > 1e-6, t.toString()));
    }

    /** An error in one of 256 elements, of 2 % of what is typical for the tensor, shows along the direction. */
    @Test
    void oneWrongElement_failsItsTensorAlone() {
        Hyperparameters h = small();
        Parameter wrong = ParameterRegistry.of(GradientCheck.reduced(h)).get("h.1.mlp.c_fc.weight");
        List<GradientCheck.Tensor> tensors = GradientCheck.of(h, 1, gradients -> {
            float[] g = new float[(int) wrong.size()];
            gradients.read(wrong.trainedOffset(), g, 0, g.length);
            double squares = 0;
            for (float x : g) {
                squares += x * x;
            }
            g[5] += (float) (0.02 * Math.sqrt(squares / g.length));
            gradients.write(wrong.trainedOffset(), g, 0, g.length);
        });
        assertEquals(
                List.of(wrong.name()),
                tensors.stream()
                        .filter(t -> !t.passes())
                        .map(t -> t.parameter().name())
                        .toList());
    }

    @Test
    void golden_agreesWithPyTorch_tensorByTensor() throws IOException {
        List<GoldenCheck.Quantity> quantities = GoldenCheck.run(2);
        assertEquals(1 + 6 + 1 + 2 * 28, quantities.size());
        quantities.forEach(q -> assertTrue(q.passes(), q.toString()));
        assertEquals(4.2463, quantities.get(1).expected(), 1e-4);
    }

    @Test
    void golden_withAChangedWeight_fails() throws IOException {
        List<GoldenCheck.Quantity> quantities =
                GoldenCheck.run(1, registry -> InspectedModel.scale(registry, "h.0.ln_1.weight", 1.01f));
        assertFalse(quantities.get(0).passes(), quantities.get(0).toString());
        assertTrue(quantities.stream().filter(q -> !q.passes()).count() > 20);
    }
}
