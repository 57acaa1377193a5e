package tinygpt.reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.reference.ModelFixtures.Golden;

/** The reference against two small models that PyTorch computed in float32. */
class GoldenTest {
    @ParameterizedTest
    @ValueSource(strings = {"gpt2-tiny-tied", "gpt2-tiny-untied"})
    void logits_ofGoldenModel_arePyTorchs(String name) {
        Golden golden = ModelFixtures.golden(name);

        double[] logits = new ReferenceGpt(golden.shape(), golden.weights()).logits(golden.ids());

        ModelFixtures.assertWithin("logits", golden.logits(), logits, 1e-5);
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt2-tiny-tied", "gpt2-tiny-untied"})
    void loss_ofGoldenModel_isPyTorchs(String name) {
        Golden golden = ModelFixtures.golden(name);

        double loss = new ReferenceGpt(golden.shape(), golden.weights()).loss(golden.ids(), golden.targets());

        assertEquals(golden.expected().get("loss").asDouble(), loss, 1e-6);
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt2-tiny-tied", "gpt2-tiny-untied"})
    void gradients_ofGoldenModel_arePyTorchs(String name) {
        Golden golden = ModelFixtures.golden(name);

        Map<String, double[]> gradients = gradients(golden);

        ModelFixtures.assertClose(golden.gradients(), gradients, 1e-4);
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt2-tiny-tied", "gpt2-tiny-untied"})
    void gradientNorm_ofGoldenModel_isPyTorchs(String name) {
        Golden golden = ModelFixtures.golden(name);

        double norm = ReferenceAdamW.norm(gradients(golden));

        assertEquals(golden.expected().get("gradient_norm").asDouble(), norm, 1e-5);
    }

    /** The golden text goes on from the prompt as if id 0 were padding: see {@link Golden#greedyPrompt()}. */
    @ParameterizedTest
    @ValueSource(strings = {"gpt2-tiny-tied", "gpt2-tiny-untied"})
    void greedyContinuation_ofPromptWithoutItsPadding_isPyTorchs(String name) {
        Golden golden = ModelFixtures.golden(name);
        int[] expected = golden.greedyContinuation();

        int[] continuation = greedy(golden, golden.greedyPrompt(), expected.length);

        assertEquals(golden.shape().contextLength() - 5, expected.length);
        assertArrayEquals(expected, continuation);
    }

    /**
     * In this model id 0 is a token like any other. PyTorch's own logits say so: after 4 0 42 3 37 they put 36 first,
     * where the golden text, which left the 0 out, goes on with 37.
     */
    @Test
    void greedyContinuation_ofPromptWithZeros_isThatOfGoldenLogits() {
        Golden golden = ModelFixtures.golden("gpt2-tiny-tied");
        int vocabulary = golden.shape().vocabularySize();
        int[] prompt = Arrays.copyOf(golden.ids()[0], 5);
        assertArrayEquals(new int[] {4, 0, 42, 3, 37}, prompt);

        int[] next = greedy(golden, prompt, 1);

        assertArrayEquals(new int[] {36}, next);
        assertEquals(36, argmax(Arrays.copyOfRange(golden.logits(), 4 * vocabulary, 5 * vocabulary)));
        assertEquals(37, golden.greedyContinuation()[0]);
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt2-tiny-tied", "gpt2-tiny-untied"})
    void fiveStepsOfAdamW_fromGoldenModel_giveLossesAndWeightsOfPyTorch(String name) {
        Golden golden = ModelFixtures.golden(name);
        JsonNode settings = golden.expected().get("adamw");
        assertEquals("tensors with two dimensions", settings.get("decayed").asText());
        Set<String> decayed = ParameterRegistry.of(golden.shape()).owned().stream()
                .filter(Parameter::decayed)
                .map(Parameter::name)
                .collect(Collectors.toSet());
        ReferenceGpt model = new ReferenceGpt(golden.shape(), golden.weights());
        ReferenceAdamW adamW = new ReferenceAdamW(
                settings.at("/betas/0").asDouble(),
                settings.at("/betas/1").asDouble(),
                settings.get("eps").asDouble(),
                settings.get("weight_decay").asDouble(),
                decayed);

        double[] losses = new double[6];
        for (int step = 0; step < 5; step++) {
            losses[step] = model.loss(golden.ids(), golden.targets());
            Map<String, double[]> gradients = gradients(golden);
            ReferenceAdamW.clip(gradients, settings.get("clip").asDouble());
            adamW.step(golden.weights(), gradients, settings.get("lr").asDouble());
        }
        losses[5] = model.loss(golden.ids(), golden.targets());

        double[] expected = doubles(settings.get("losses_before_each_step_and_after_the_last"));
        ModelFixtures.assertWithin("losses", expected, losses, 1e-5);
        ModelFixtures.assertAfterFiveSteps(golden, golden.weights(), 1e-5);
    }

    /** Why {@link ModelFixtures#assertAfterFiveSteps} treats key biases apart: PyTorch moved them by rounding alone. */
    @ParameterizedTest
    @ValueSource(strings = {"gpt2-tiny-tied", "gpt2-tiny-untied"})
    void gradients_ofKeyBiases_areZeroUpToRounding(String name) {
        Golden golden = ModelFixtures.golden(name);
        int width = golden.shape().width();
        Map<String, double[]> gradients = gradients(golden);

        for (int layer = 0; layer < golden.shape().layers(); layer++) {
            String bias = "h." + layer + ".attn.c_attn.bias";
            ModelFixtures.assertWithin(
                    bias, new double[width], ModelFixtures.part(gradients.get(bias), 1, width), 1e-15);
            ModelFixtures.assertWithin(
                    bias,
                    new double[width],
                    ModelFixtures.part(golden.gradients().get(bias), 1, width),
                    1e-8);
        }
    }

    /** The tokens that follow a prompt, the most likely each time. */
    private static int[] greedy(Golden golden, int[] prompt, int count) {
        ReferenceGpt model = new ReferenceGpt(golden.shape(), golden.weights());
        int vocabulary = golden.shape().vocabularySize();
        int[] text = prompt.clone();
        while (text.length < prompt.length + count) {
            double[] logits = model.logits(new int[][] {text}); // (1, T, V)
            int best = argmax(Arrays.copyOfRange(logits, logits.length - vocabulary, logits.length));
            text = Arrays.copyOf(text, text.length + 1);
            text[text.length - 1] = best;
        }
        return Arrays.copyOfRange(text, prompt.length, text.length);
    }

    private static Map<String, double[]> gradients(Golden golden) {
        return new ReferenceGpt(golden.shape(), golden.weights()).gradients(golden.ids(), golden.targets());
    }

    private static int argmax(double[] x) {
        int best = 0;
        for (int i = 1; i < x.length; i++) {
            best = x[i] > x[best] ? i : best;
        }
        return best;
    }

    private static double[] doubles(JsonNode list) {
        double[] values = new double[list.size()];
        Arrays.setAll(values, i -> list.get(i).asDouble());
        return values;
    }
}
