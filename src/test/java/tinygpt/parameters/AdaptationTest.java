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
import tinygpt.hyperparameters.Adaptation;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.InvalidHyperparameterException;
import tinygpt.hyperparameters.ModelShape;
import tinygpt.hyperparameters.Preset;

/** What the registry makes of {@link Adaptation}: what is frozen, where the trained lies, and the adapters. */
class AdaptationTest {
    /** 2 layers, width 32, vocabulary 64, context 32, tied. */
    private static final Hyperparameters NANO = Preset.named("nano").hyperparameters();

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "*                                 | 28 | 28544",
                "kind:feed-forward                 | 8  | 16704",
                "!kind:embedding,positional        | 26 | 25472",
                "attention,feed-forward            | 16 | 25152",
                "kind:attention !h.0.*             | 4  | 4224",
                "!h.* h.1.ln_1.*                   | 6  | 3200",
                "ln_f.*                            | 2  | 64",
                "* !*.weight wte.weight            | 14 | 2784"
            })
    void trainable_choosesBySelectorsInOrder(String trainable, int tensors, long count) {
        ParameterRegistry registry = registry(trainable, NANO.model());
        assertEquals(tensors, registry.trained().size());
        assertEquals(count, registry.trainedCount());
        assertEquals(28 - tensors, registry.frozen().size());
    }

    @Test
    void trained_lieCloseTogetherInRegistryOrder_eachAtAMultipleOf16() {
        ParameterRegistry registry = registry("kind:normalization wpe.weight", NANO.model());
        long end = 0;
        for (Parameter p : registry.trained()) {
            assertTrue(p.trainable());
            assertEquals(end, p.trainedOffset(), p.name());
            end += (p.size() + 15) / 16 * 16;
        }
        assertEquals(end, registry.trainedSize());
        Parameter frozen = registry.get("wte.weight");
        assertFalse(frozen.trainable());
        assertEquals(
                "wte.weight is frozen: it has no gradient and no moments",
                assertThrows(IllegalStateException.class, frozen::trainedOffset).getMessage());
    }

    @Test
    void everythingTrained_liesWhereTheWeightsLie() {
        ParameterRegistry registry = ParameterRegistry.of(NANO);
        registry.all().forEach(p -> assertEquals(p.offset(), p.trainedOffset(), p.name()));
        assertEquals(registry.slabSize(), registry.trainedSize());
    }

    @Test
    void tiedHead_isFrozenWithTheEmbedding() {
        ParameterRegistry frozen = registry("!wte.weight", NANO.model());
        assertFalse(frozen.get("lm_head.weight").trainable());
        ParameterRegistry trained = registry("wte.weight", NANO.model());
        assertTrue(trained.get("lm_head.weight").trainable());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            h.0-1.*         | 'h.0-1.*' matches no parameter of this model; did you mean 'h.[0-1].*'? the command 'params --all' lists the names
            !wte            | 'wte' matches no parameter of this model; did you mean 'wte*'? the command 'params --all' lists the names
            attn            | 'attn' matches no parameter of this model; did you mean '*attn*'? the command 'params --all' lists the names
            * !wpe.wieght   | 'wpe.wieght' matches no parameter of this model; did you mean 'wpe.weight'? the command 'params --all' lists the names
            * !zzz          | 'zzz' matches no parameter of this model; the command 'params --all' lists the names
            wte.weight,wpe.wight | 'wpe.wight' matches no parameter of this model; did you mean 'wpe.weight'? the command 'params --all' lists the names
            kind:adapter    | 'kind:adapter' matches no parameter of this model; the command 'params --all' lists the names
            kind:attn       | there is no kind 'attn' of parameter; there are embedding, positional, attention, feed-forward, normalization, output, adapter
            !*              | '!*' leaves no parameter to train; everything would be frozen
            !kind:output    | '!kind:output' matches only lm_head.weight, which is wte.weight itself in this model; name that, or untie them with --tied-head false
            * !             | '* !' has a ! with nothing behind it; write it in front of a selector, as in !wte.*
            """)
    void selectorThatCannotBeMeant_isRefused(String trainable, String message) {
        assertEquals(
                message,
                assertThrows(IllegalArgumentException.class, () -> registry(trainable, NANO.model()))
                        .getMessage());
    }

    /** Many stars must not cost more than the product of two lengths: this one would take a backtracking match years. */
    @Test
    void globOfManyStars_isMatchedAtOnce() {
        String hostile = "*e".repeat(20_000);
        assertThrows(IllegalArgumentException.class, () -> registry(hostile, NANO.model()));
        assertTrue(new Glob("*a*a*a*b").matches("aaaaaaaaaaaaaaaaaaaaaaaaaab"));
        assertFalse(new Glob("*a*a*a*c").matches("aaaaaaaaaaaaaaaaaaaaaaaaaab"));
        assertTrue(new Glob("h.[0-2x].*").matches("h.x."));
        assertFalse(new Glob("h.[0-2x].*").matches("h.3.a"));
    }

    @Test
    void adapters_comeAfterTheBaseWithTheirShapesAndLaws() {
        ParameterRegistry plain = ParameterRegistry.of(NANO);
        ParameterRegistry registry = adapted(4, "attention,feed-forward");
        List<String> names = registry.all().stream().map(Parameter::name).toList();
        List<String> base = plain.all().stream().map(Parameter::name).toList();
        assertEquals(base, names.subList(0, base.size()));
        assertEquals(base.size() + 16, names.size());
        plain.all().forEach(p -> assertEquals(p.offset(), registry.get(p.name()).offset(), p.name()));

        // rank (in + out) of [32, 96], [32, 32], [32, 128], [128, 32] in two layers
        assertEquals(2 * 4 * (128 + 64 + 160 + 160), registry.count(ParameterKind.ADAPTER));
        assertEquals(plain.count() + 4096, registry.count());
        assertEquals(4096, registry.trainedCount());
        Parameter a = registry.get("h.1.mlp.c_proj.lora_A.weight");
        Parameter b = registry.get("h.1.mlp.c_proj.lora_B.weight");
        assertArrayEquals(new int[] {128, 4}, a.shape());
        assertArrayEquals(new int[] {4, 32}, b.shape());
        assertEquals(1, a.layer());
        assertTrue(a.decayed() && b.decayed());
        assertEquals(new InitialLaw.Normal(1 / Math.sqrt(3 * 128), "N(0, 1/√(3·128))"), a.initialLaw());
        assertEquals(new InitialLaw.Constant(0), b.initialLaw());
        Adapter adapter = registry.adapterOf(registry.get("h.1.mlp.c_proj.weight"));
        assertEquals(new Adapter("h.1.mlp.c_proj", registry.get("h.1.mlp.c_proj.weight"), a, b, 2f), adapter);
        assertSame(adapter, registry.adapterOf(adapter.weight()));
        assertNull(plain.adapterOf(plain.get("h.1.mlp.c_proj.weight")));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "attention | 4",
                "*.c_attn | 2",
                "h.1.* | 4",
                "h.0.attn.c_attn,h.1.mlp.c_fc | 2",
                "*.c_proj.weight | 4",
                "* | 8"
            })
    void loraOn_choosesLinearLayers(String on, int layers) {
        assertEquals(layers, adapted(2, on).adapters().size());
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            delimiter = '|',
            value = {
                "2 | wte.weight | 'wte.weight' matches no linear layer (attention, feed-forward, or names like *.c_attn) of this model",
                "2 | kind:embedding | 'kind:embedding' matches no linear layer",
                "2 | c_attn | 'c_attn' matches no linear layer (attention, feed-forward, or names like *.c_attn) of this model; did you mean '*c_attn*'?",
                "2 | attention !h.0.* | lora_on 'attention !h.0.*' takes layers away with !",
                "33 | attention | lora_rank 33 is more than the rank h.0.attn.c_attn [32, 96] can have; use at most 32"
            })
    void loraOn_thatCannotBe_isRefused(int rank, String on, String message) {
        String got = assertThrows(IllegalArgumentException.class, () -> adapted(rank, on))
                .getMessage();
        assertTrue(got.startsWith(message), got);
    }

    /** Said in the hyperparameters, not guessed later: adapters are trained alone unless something else is asked for. */
    @Test
    void loraRank_withoutTrainable_trainsTheAdaptersAlone() {
        Hyperparameters lora = NANO.with("adaptation.lora_rank", "4");
        assertEquals("kind:adapter", lora.adaptation().trainable());
        assertEquals("*", lora.with("adaptation.lora_rank", "0").adaptation().trainable());
        assertEquals(
                "kind:normalization",
                NANO.with("adaptation.trainable", "kind:normalization")
                        .with("adaptation.lora_rank", "4")
                        .adaptation()
                        .trainable());
    }

    @Test
    void oneMeaning_hasOneSpellingAndOneHash() {
        Hyperparameters a = NANO.with("adaptation.trainable", "kind:attention,positional !h.0.*");
        Hyperparameters b = NANO.with("adaptation.trainable", "  kind:attention , positional \t !h.0.*");
        assertEquals(a.sha256(), b.sha256());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "trainable | '' | trainable is empty; it takes selectors such as *",
                "trainable | é | trainable holds a character that no name of a parameter has",
                "lora_rank | -1 | lora_rank is -1; it cannot be negative",
                "lora_rank | 65537 | lora_rank is 65,537; the largest that can be described is 65,536",
                "lora_alpha | 0 | lora_alpha is 0.0; it must be positive",
                "lora_on | ' ' | lora_on is empty"
            })
    void impossibleValue_isRefused(String key, String value, String message) {
        String got = assertThrows(InvalidHyperparameterException.class, () -> NANO.with("adaptation." + key, value))
                .getMessage();
        assertTrue(got.startsWith(message), got);
    }

    @Test
    void copyFrom_takesTheBaseAndLeavesTheAdapters() {
        try (ParameterRegistry base = ParameterRegistry.of(NANO).allocate();
                ParameterRegistry registry = adapted(2, "attention").allocate()) {
            Initializer.initialize(base, 1);
            Initializer.initialize(registry, 2);
            float[] factor = registry.adapters().get(0).a().matrix().toArray();

            registry.copyFrom(base);

            base.owned()
                    .forEach(p -> assertArrayEquals(
                            p.matrix().toArray(),
                            registry.get(p.name()).matrix().toArray(),
                            p.name()));
            assertArrayEquals(factor, registry.adapters().get(0).a().matrix().toArray());
            assertThrows(IllegalArgumentException.class, () -> base.copyFrom(registry));
        }
    }

    private static ParameterRegistry registry(String trainable, ModelShape shape) {
        return ParameterRegistry.of(shape, new Adaptation(trainable, 0, 16, "attention"));
    }

    private static ParameterRegistry adapted(int rank, String on) {
        return ParameterRegistry.of(NANO.model(), new Adaptation("kind:adapter", rank, 2.0 * rank, on));
    }
}
