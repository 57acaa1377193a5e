package tinygpt.parameters;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.Preset;

final class ParameterRegistryTest {
    private static final List<String> NAMES_OF_A_LAYER = List.of(
            "ln_1.weight",
            "ln_1.bias",
            "attn.c_attn.weight",
            "attn.c_attn.bias",
            "attn.c_proj.weight",
            "attn.c_proj.bias",
            "ln_2.weight",
            "ln_2.bias",
            "mlp.c_fc.weight",
            "mlp.c_fc.bias",
            "mlp.c_proj.weight",
            "mlp.c_proj.bias");

    @ParameterizedTest
    @CsvSource({
        "gpt2, 124439808, 123653376, 163037184, 148",
        "gpt2-medium, 354823168, 353774592, 406286336, 292",
        "gpt2-large, 774030080, 772719360, 838359040, 436",
        "gpt2-xl, 1557611200, 1555972800, 1638022400, 580"
    })
    void gpt2_hasItsPublishedCounts(String preset, long exact, long withoutPositions, long untied, int tensors) {
        ParameterRegistry registry = registry(preset);
        assertEquals(exact, registry.count());
        assertEquals(withoutPositions, exact - registry.count(ParameterKind.POSITIONAL));
        assertEquals(untied, registry(preset, "model.tied_head", "false").count());
        assertEquals(tensors, registry.owned().size());
    }

    @ParameterizedTest
    @CsvSource({
        "gpt3-small, 125226240",
        "gpt3-medium, 355871744",
        "gpt3-large, 760300032",
        "gpt3-xl, 1315723264",
        "gpt3-2.7b, 2651553280",
        "gpt3-6.7b, 6658404352",
        "gpt3-13b, 12952938780",
        "gpt3-175b, 174604259328"
    })
    void gpt3_hasTheCountsOfItsTable(String preset, long exact) {
        assertEquals(exact, registry(preset).count());
    }

    @Test
    void gpt2WithoutBiases_countsWhatNanoGptTrains() {
        assertEquals(124_337_664, registry("gpt2", "model.biases", "false").count());
    }

    @Test
    void nanoGptShapes_haveItsCounts() {
        ParameterRegistry cpu = registry("shakespeare-cpu", "model.vocabulary_size", "65", "model.biases", "true");
        assertEquals(809_856, cpu.count());
        assertEquals(52, cpu.owned().size());
        assertEquals(
                804_096,
                registry("shakespeare-cpu", "model.vocabulary_size", "65").count());
        assertEquals(
                10_745_088,
                registry("shakespeare-gpu", "model.vocabulary_size", "65").count());
    }

    @Test
    void kinds_ofGpt2_addUp() {
        ParameterRegistry registry = registry("gpt2");
        assertEquals(38_597_376, registry.count(ParameterKind.EMBEDDING));
        assertEquals(786_432, registry.count(ParameterKind.POSITIONAL));
        assertEquals(28_348_416, registry.count(ParameterKind.ATTENTION));
        assertEquals(56_669_184, registry.count(ParameterKind.FEED_FORWARD));
        assertEquals(38_400, registry.count(ParameterKind.NORMALIZATION));
        assertEquals(0, registry.count(ParameterKind.OUTPUT));
    }

    @Test
    void untiedHead_countsAsOutput() {
        assertEquals(38_597_376, registry("gpt2", "model.tied_head", "false").count(ParameterKind.OUTPUT));
    }

    @Test
    void names_areThoseOfHuggingFace_inTheirOrder() {
        List<String> names =
                registry("gpt2").all().stream().map(Parameter::name).toList();
        assertEquals(149, names.size());
        assertEquals(List.of("wte.weight", "wpe.weight"), names.subList(0, 2));
        for (int layer = 0; layer < 12; layer++) {
            String prefix = "h." + layer + ".";
            assertEquals(
                    NAMES_OF_A_LAYER.stream().map(prefix::concat).toList(),
                    names.subList(2 + 12 * layer, 2 + 12 * (layer + 1)));
        }
        assertEquals(List.of("ln_f.weight", "ln_f.bias", "lm_head.weight"), names.subList(146, 149));
    }

    @Test
    void withoutBiases_noNameEndsInBias() {
        List<Parameter> all = registry("gpt2", "model.biases", "false").all();
        assertTrue(all.stream().noneMatch(p -> p.name().endsWith(".bias")));
        assertEquals(2 + 12 * 6 + 1 + 1, all.size());
    }

    @ParameterizedTest
    @CsvSource({
        "wte.weight, EMBEDDING, -1, 50257x768",
        "wpe.weight, POSITIONAL, -1, 1024x768",
        "h.3.ln_1.weight, NORMALIZATION, 3, 768",
        "h.3.attn.c_attn.weight, ATTENTION, 3, 768x2304",
        "h.3.attn.c_attn.bias, ATTENTION, 3, 2304",
        "h.3.attn.c_proj.weight, ATTENTION, 3, 768x768",
        "h.11.ln_2.bias, NORMALIZATION, 11, 768",
        "h.3.mlp.c_fc.weight, FEED_FORWARD, 3, 768x3072",
        "h.3.mlp.c_fc.bias, FEED_FORWARD, 3, 3072",
        "h.3.mlp.c_proj.weight, FEED_FORWARD, 3, 3072x768",
        "h.3.mlp.c_proj.bias, FEED_FORWARD, 3, 768",
        "ln_f.bias, NORMALIZATION, -1, 768",
        "lm_head.weight, OUTPUT, -1, 50257x768"
    })
    void parameter_hasKindLayerAndShape(String name, ParameterKind kind, int layer, String shape) {
        Parameter p = registry("gpt2").get(name);
        assertEquals(kind, p.kind());
        assertEquals(layer, p.layer());
        assertArrayEquals(
                java.util.Arrays.stream(shape.split("x"))
                        .mapToInt(Integer::parseInt)
                        .toArray(),
                p.shape());
    }

    @Test
    void weightDecay_isForMatricesAndEmbeddingsOnly() {
        for (Parameter p : registry("gpt2", "model.tied_head", "false").all()) {
            assertEquals(p.shape().length == 2, p.decayed(), p.name());
        }
    }

    @Test
    void everyParameter_isTrainable() {
        assertTrue(registry("gpt2").all().stream().allMatch(Parameter::trainable));
    }

    @Test
    void initialLaws_areThoseOfGpt2() {
        ParameterRegistry registry = registry("gpt2");
        assertEquals(
                new InitialLaw.Normal(0.02, "N(0, 0.02)"),
                registry.get("wte.weight").initialLaw());
        assertEquals(
                new InitialLaw.Normal(0.02, "N(0, 0.02)"),
                registry.get("h.0.mlp.c_fc.weight").initialLaw());
        InitialLaw residual = new InitialLaw.Normal(0.02 / Math.sqrt(24), "N(0, 0.02/√(2L))");
        assertEquals(residual, registry.get("h.0.attn.c_proj.weight").initialLaw());
        assertEquals(residual, registry.get("h.11.mlp.c_proj.weight").initialLaw());
        assertEquals(new InitialLaw.Constant(1), registry.get("ln_f.weight").initialLaw());
        assertEquals(
                new InitialLaw.Constant(0), registry.get("h.0.attn.c_attn.bias").initialLaw());
    }

    @Test
    void tiedHead_sharesTheEmbedding() {
        ParameterRegistry registry = registry("nano");
        Parameter head = registry.get("lm_head.weight");
        assertSame(registry.get("wte.weight"), head.tiedTo());
        assertEquals(registry.get("wte.weight").offset(), head.offset());
        assertEquals(64 * 32, head.size());
        assertEquals(0, head.count());
        assertFalse(registry.owned().contains(head));
    }

    @Test
    void untiedHead_hasNumbersOfItsOwn() {
        ParameterRegistry registry = registry("nano", "model.tied_head", "false");
        Parameter head = registry.get("lm_head.weight");
        assertNull(head.tiedTo());
        assertEquals(64 * 32, head.count());
        assertTrue(registry.owned().contains(head));
    }

    @Test
    void parameters_lieInTheSlabWithoutOverlap_eachAtAMultipleOf16() {
        ParameterRegistry registry = registry("nano", "model.width", "34", "model.vocabulary_size", "7");
        long end = 0;
        for (Parameter p : registry.owned()) {
            assertEquals(0, p.offset() % 16, p.name());
            assertTrue(p.offset() >= end && p.offset() < end + 16, p.name());
            end = p.offset() + p.size();
        }
        assertEquals((end + 15) / 16 * 16, registry.slabSize());
    }

    @Test
    void shapesOnly_haveNoNumbers() {
        ParameterRegistry registry = registry("gpt3-175b");
        IllegalStateException e = assertThrows(IllegalStateException.class, registry::weights);
        assertEquals("this registry holds shapes only; call allocate() to give it memory", e.getMessage());
        assertThrows(
                IllegalStateException.class, () -> registry.get("wte.weight").matrix());
        assertThrows(IllegalStateException.class, registry::gradients);
    }

    @Test
    void unknownName_saysHowToSeeTheNames() {
        assertEquals(
                "there is no parameter 'h.2.ln_1.weight' in this model of 2 layers; the command 'params --all' lists them",
                assertThrows(
                                IllegalArgumentException.class,
                                () -> registry("nano").get("h.2.ln_1.weight"))
                        .getMessage());
    }

    @Test
    void largestDescribableModel_isCountedWithoutOverflow() {
        ParameterRegistry registry =
                registry("tiny", "model.width", "1048576", "model.layers", "10000", "model.vocabulary_size", "64");
        assertEquals(131_941_531_851_423_744L, registry.count());
    }

    private static ParameterRegistry registry(String preset, String... changes) {
        Hyperparameters hyperparameters = Preset.named(preset).hyperparameters();
        for (int i = 0; i < changes.length; i += 2) {
            hyperparameters = hyperparameters.with(changes[i], changes[i + 1]);
        }
        return ParameterRegistry.of(hyperparameters.model());
    }
}
