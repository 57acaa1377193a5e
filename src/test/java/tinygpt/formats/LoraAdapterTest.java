package tinygpt.formats;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tinygpt.formats.RawSafetensors.Tensor;
import tinygpt.hyperparameters.Adaptation;
import tinygpt.hyperparameters.ModelShape;
import tinygpt.hyperparameters.Preset;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.reference.ModelFixtures;

class LoraAdapterTest {
    private static final ModelShape NANO =
            Preset.named("nano").hyperparameters().model();
    private static final String FIRST = "base_model.model.transformer.h.0.attn.c_attn.lora_A.weight";

    @TempDir
    Path folder;

    private Path config;
    private Path weights;

    @BeforeEach
    void write() throws IOException {
        config = folder.resolve("adapter_config.json");
        weights = folder.resolve("adapter_model.safetensors");
        try (ParameterRegistry registry = registry().allocate()) {
            ModelFixtures.fill(registry, ModelFixtures.randomWeights(registry, 1));
            LoraAdapter.write(folder, registry, "runs/base", "abc");
        }
    }

    private static ParameterRegistry registry() {
        return ParameterRegistry.of(NANO, new Adaptation("kind:adapter", 3, 4.5, "attention,h.1.mlp.c_fc"));
    }

    @Test
    void writtenAndRead_areBitwiseEqual() {
        LoraAdapter adapter = LoraAdapter.open(folder);
        assertEquals(Optional.of("abc"), adapter.baseSha256());
        assertEquals(3, adapter.adaptation().loraRank());
        assertEquals(4.5, adapter.adaptation().loraAlpha());
        assertEquals("kind:adapter", adapter.adaptation().trainable());
        try (ParameterRegistry expected = registry().allocate();
                ParameterRegistry read = adapter.registry(NANO).allocate()) {
            ModelFixtures.fill(expected, ModelFixtures.randomWeights(expected, 1));
            adapter.read(read);
            assertEquals(
                    expected.adapters().stream().map(a -> a.layer()).toList(),
                    read.adapters().stream().map(a -> a.layer()).toList());
            expected.trained()
                    .forEach(p -> assertArrayEquals(
                            p.matrix().toArray(), read.get(p.name()).matrix().toArray(), p.name()));
        }
    }

    @Test
    void files_areWhatPeftReads() throws IOException {
        RawSafetensors raw = RawSafetensors.read(weights);
        assertEquals(Map.of("format", "pt", "base_weights_sha256", "abc"), raw.metadata);
        assertEquals(10, raw.tensors.size());
        assertArrayEquals(new long[] {3, 32}, raw.tensors.get(FIRST).shape());
        assertArrayEquals(
                new long[] {96, 3},
                raw.tensors.get(FIRST.replace("lora_A", "lora_B")).shape());
        // Element [k, i] of the file is [i, k] here.
        try (ParameterRegistry registry = registry().allocate();
                SafetensorsReader in = SafetensorsReader.open(weights)) {
            double[] a = ModelFixtures.randomWeights(registry, 1).get("h.0.attn.c_attn.lora_A.weight");
            float[] one = new float[1];
            in.readFloats(FIRST, 2 * 32 + 5, one, 0, 1);
            assertEquals((float) a[5 * 3 + 2], one[0]);
        }
        var json = new ObjectMapper().readTree(config.toFile());
        assertEquals("LORA", json.get("peft_type").asText());
        assertEquals("CAUSAL_LM", json.get("task_type").asText());
        assertEquals("runs/base", json.get("base_model_name_or_path").asText());
        assertEquals(3, json.get("r").asInt());
        assertEquals(4.5, json.get("lora_alpha").asDouble());
        assertTrue(json.get("fan_in_fan_out").asBoolean());
        assertEquals("none", json.get("bias").asText());
        assertEquals(
                "[\"attn.c_attn\",\"attn.c_proj\",\"h.1.mlp.c_fc\"]",
                json.get("target_modules").toString());
    }

    @Test
    void namesWithoutTheHead_areReadToo() {
        change(raw -> List.copyOf(raw.tensors.keySet())
                .forEach(name -> raw.tensors.put(name.replace("transformer.", ""), raw.tensors.remove(name))));
        try (ParameterRegistry read = LoraAdapter.open(folder).registry(NANO).allocate()) {
            LoraAdapter.open(folder).read(read);
            assertEquals(5, read.adapters().size());
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            "LORA"          | "IA3"               | peft_type is 'IA3'; only LORA can be read
            "r":3           | "r":0               | has no rank r of at least 1
            "r":3           | "r":"3"             | has no rank r of at least 1
            "r":3           | "r":99999           | describes no possible adapters: lora_rank is 99,999
            "lora_alpha":4.5 | "lora_alpha":-1    | describes no possible adapters: lora_alpha is -1.0
            "lora_alpha":4.5 | "lora_alpha":null  | has no rank r of at least 1, or no number lora_alpha
            "inference_mode":true | "use_rslora":true | use_rslora is true, a variant of LoRA that is not computed here
            "inference_mode":true | "use_dora":true | use_dora is true
            "inference_mode":true | "rank_pattern":{"c_attn":2} | rank_pattern is not empty
            "inference_mode":true | "modules_to_save":["wte"] | modules_to_save is not empty
            "bias":"none"   | "bias":"all"        | bias is not none
            {               | [                   | the configuration is not valid JSON
            """)
    void wrongConfiguration_isRefused(String part, String by, String message) throws IOException {
        Files.writeString(config, Files.readString(config).replace(part, by));
        refused(message);
    }

    @Test
    void wrongTensors_areRefused() {
        change(raw -> raw.tensors.remove(FIRST));
        refused("without its other factor h.0.attn.c_attn.lora_A.weight");
        change(raw -> raw.tensors.put("lm_head.weight", Tensor.ofF32(new long[] {1}, 1)));
        refused("holds lm_head.weight, which is no adapter");
        change(raw -> raw.tensors.clear());
        refused("holds no adapters");
    }

    @Test
    void adapterOfAnotherModel_isRefused() throws IOException {
        ModelShape wider =
                Preset.named("nano").hyperparameters().with("model.width", "64").model();
        LoraAdapter adapter = LoraAdapter.open(folder);
        try (ParameterRegistry registry = adapter.registry(wider).allocate()) {
            String message = assertThrows(BadFileException.class, () -> adapter.read(registry))
                    .getMessage();
            assertTrue(message.contains("h.0.attn.c_attn.lora_A.weight is [3, 32], this model needs [3, 64]"), message);
        }
        ModelShape shallower =
                Preset.named("nano").hyperparameters().with("model.layers", "1").model();
        String message = assertThrows(BadFileException.class, () -> adapter.registry(shallower))
                .getMessage();
        assertTrue(message.contains("does not fit this model: 'h.1.attn.c_attn' matches no linear layer"), message);
        assertThrows(BadFileException.class, () -> LoraAdapter.open(folder.resolve("none")));
        assertThrows(
                IllegalArgumentException.class, () -> LoraAdapter.write(folder, ParameterRegistry.of(NANO), "", ""));
    }

    /** Truncated and flipped files: what is thrown is always the one exception that ends in one line. */
    @Test
    void damagedFiles_areReadOrRefused() throws IOException {
        Random random = new Random(1);
        for (Path file : List.of(config, weights)) {
            byte[] whole = Files.readAllBytes(file);
            for (int i = 0; i < 200; i++) {
                byte[] damaged =
                        java.util.Arrays.copyOf(whole, i % 2 == 0 ? random.nextInt(whole.length) : whole.length);
                if (i % 2 == 1) {
                    damaged[random.nextInt(Math.min(damaged.length, 1500))] ^= (byte) (1 << random.nextInt(8));
                }
                Files.write(file, damaged);
                try (ParameterRegistry registry = LoraAdapter.open(folder).registry(NANO)) {
                    LoraAdapter.open(folder).read(registry.allocate());
                } catch (BadFileException e) {
                    assertTrue(e.getMessage().startsWith(folder.toString()), e.getMessage());
                }
            }
            Files.write(file, whole);
        }
    }

    private void change(Consumer<RawSafetensors> change) {
        RawSafetensors raw = RawSafetensors.read(weights);
        change.accept(raw);
        raw.write(weights);
    }

    private void refused(String message) {
        String got = assertThrows(BadFileException.class, () -> LoraAdapter.open(folder))
                .getMessage();
        assertTrue(got.contains(message), got);
    }
}
