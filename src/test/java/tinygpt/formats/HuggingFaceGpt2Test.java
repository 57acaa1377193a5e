package tinygpt.formats;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tinygpt.formats.RawSafetensors.Tensor;
import tinygpt.hyperparameters.Activation;
import tinygpt.hyperparameters.ModelShape;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterRegistry;

class HuggingFaceGpt2Test {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Path TIED = RawSafetensors.resource("gpt2-tiny-tied");
    private static final Path UNTIED = RawSafetensors.resource("gpt2-tiny-untied");

    @TempDir
    Path folder;

    @Test
    void shape_tied_isThatOfTheConfig() {
        HuggingFaceGpt2 model = HuggingFaceGpt2.open(TIED);
        assertEquals(
                new ModelShape(66, 24, 2, 4, 32, 128, true, true, Activation.GELU_TANH, 1e-5, 0.02, 0, 0, 0),
                model.shape());
        assertEquals(OptionalInt.of(65), model.bosTokenId());
        assertEquals(OptionalInt.of(65), model.eosTokenId());
    }

    @Test
    void shape_untied_isThatOfTheConfig() {
        assertEquals(
                new ModelShape(50, 16, 3, 2, 24, 96, true, false, Activation.GELU_TANH, 1e-5, 0.02, 0, 0, 0),
                HuggingFaceGpt2.open(UNTIED).shape());
    }

    @Test
    void readWeights_golden_isBitwiseTheFile() {
        assertBitwise(TIED, RawSafetensors.read(TIED.resolve("model.safetensors")), 28);
        assertBitwise(UNTIED, RawSafetensors.read(UNTIED.resolve("model.safetensors")), 41);
    }

    @Test
    void readWeights_withoutPrefix_isTheSame() {
        for (Path golden : new Path[] {TIED, UNTIED}) {
            RawSafetensors raw = RawSafetensors.read(golden.resolve("model.safetensors"));
            Path copy = copy(golden, json -> {}, r -> rename(r, n -> n.replace("transformer.", "")));
            assertBitwise(copy, raw, raw.tensors.size());
        }
    }

    @Test
    void readWeights_withoutMetadata_isTheSame() {
        RawSafetensors raw = RawSafetensors.read(TIED.resolve("model.safetensors"));
        assertBitwise(copy(TIED, json -> {}, r -> r.metadata.clear()), raw, 28);
    }

    @ParameterizedTest
    @ValueSource(strings = {"transformer.", ""})
    void readWeights_withSavedMasks_passesThemOver(String prefix) {
        RawSafetensors raw = RawSafetensors.read(TIED.resolve("model.safetensors"));
        Path copy = copy(TIED, json -> {}, r -> {
            rename(r, n -> n.replace("transformer.", prefix));
            for (int layer = 0; layer < 2; layer++) {
                String attention = prefix + "h." + layer + ".attn.";
                r.tensors.put(attention + "bias", new Tensor("U8", new long[] {1, 1, 24, 24}, new byte[576]));
                r.tensors.put(attention + "masked_bias", Tensor.ofF32(new long[0], -1e4f));
            }
        });
        assertBitwise(copy, raw, 28);
    }

    @Test
    void readWeights_tiedWithTheSameHead_passesItOver() {
        RawSafetensors raw = RawSafetensors.read(TIED.resolve("model.safetensors"));
        Path copy =
                copy(TIED, json -> {}, r -> r.tensors.put("lm_head.weight", r.tensors.get("transformer.wte.weight")));
        assertBitwise(copy, raw, 28);
    }

    @Test
    void readWeights_tiedWithAnotherHead_isRefused() {
        Path copy = copy(TIED, json -> {}, r -> {
            Tensor head = r.tensors.get("transformer.wte.weight");
            byte[] changed = head.bytes().clone();
            changed[changed.length - 1] ^= 1;
            r.tensors.put("lm_head.weight", new Tensor("F32", head.shape(), changed));
        });
        HuggingFaceGpt2 model = HuggingFaceGpt2.open(copy);
        try (ParameterRegistry registry = ParameterRegistry.of(model.shape())) {
            BadFileException e = assertThrows(BadFileException.class, () -> model.readWeights(registry));
            assertEquals(
                    copy.resolve("model.safetensors")
                            + ": lm_head.weight differs from transformer.wte.weight, although config.json ties them;"
                            + " if the head is a matrix of its own, write \"tie_word_embeddings\": false",
                    e.getMessage());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"F16", "BF16"})
    void readWeights_halfPrecision_isWidenedExactly(String dtype) {
        RawSafetensors wide = new RawSafetensors();
        Path copy = copy(
                TIED,
                json -> {},
                r -> r.tensors.replaceAll((name, tensor) -> {
                    // Values that both kinds of half hold exactly: quarters from -4 to 3.75.
                    int n = tensor.bits().length;
                    float[] values = new float[n];
                    ByteBuffer half = ByteBuffer.allocate(2 * n).order(ByteOrder.LITTLE_ENDIAN);
                    for (int i = 0; i < n; i++) {
                        values[i] = ((i * 7 + name.length()) % 32 - 16) / 4f;
                        half.putShort(
                                dtype.equals("F16") ? f16(values[i]) : (short) (Float.floatToIntBits(values[i]) >> 16));
                    }
                    wide.tensors.put(name, Tensor.ofF32(tensor.shape(), values));
                    return new Tensor(dtype, tensor.shape(), half.array());
                }));
        assertBitwise(copy, wide, 28);
    }

    @Test
    void open_missingTensors_namesThem() {
        Path copy = copy(TIED, json -> {}, r -> {
            r.tensors.remove("transformer.ln_f.bias");
            r.tensors.remove("transformer.wpe.weight");
        });
        assertRefused(copy, "has no transformer.wpe.weight, transformer.ln_f.bias; it belongs to a model of another");
    }

    @Test
    void open_untiedWithoutHead_namesIt() {
        Path copy = copy(TIED, json -> json.put("tie_word_embeddings", false), r -> {});
        assertRefused(copy, "has no lm_head.weight;");
    }

    @Test
    void open_unknownTensors_namesThem() {
        Path copy =
                copy(TIED, json -> {}, r -> r.tensors.put("transformer.h.0.extra", Tensor.ofF32(new long[] {1}, 1)));
        assertRefused(copy, "holds transformer.h.0.extra, which this model does not have");
    }

    @Test
    void open_fewerLayersThanTheFile_namesTheRest() {
        assertRefused(
                copy(TIED, json -> json.put("n_layer", 1), r -> {}),
                "holds transformer.h.1.attn.c_attn.bias, transformer.h.1.attn.c_attn.weight,"
                        + " transformer.h.1.attn.c_proj.bias, transformer.h.1.attn.c_proj.weight and 8 more,"
                        + " which this model does not have");
    }

    @Test
    void open_moreLayersThanTheFile_namesWhatIsMissing() {
        assertRefused(copy(TIED, json -> json.put("n_layer", 3), r -> {}), "has no transformer.h.2.ln_1.weight, ");
    }

    @Test
    void open_anotherWidth_showsBothSides() {
        assertRefused(
                copy(TIED, json -> json.put("n_embd", 64), r -> {}),
                "transformer.wte.weight is [66, 32] in the file, [66, 64] in this model");
    }

    @Test
    void open_transposedMatrix_showsBothSides() {
        Path copy = copy(
                TIED,
                json -> {},
                r -> r.tensors.computeIfPresent(
                        "transformer.h.1.attn.c_attn.weight",
                        (n, t) -> new Tensor("F32", new long[] {96, 32}, t.bytes())));
        assertRefused(copy, "transformer.h.1.attn.c_attn.weight is [96, 32] in the file, [32, 96] in this model");
    }

    @Test
    void open_integerTensor_isRefused() {
        Path copy = copy(
                TIED,
                json -> {},
                r -> r.tensors.computeIfPresent(
                        "transformer.ln_f.bias", (n, t) -> new Tensor("I32", t.shape(), t.bytes())));
        assertRefused(copy, "transformer.ln_f.bias is I32 in the file, not F32, F16, BF16 or F64");
    }

    @Test
    void open_nameWithAndWithoutPrefix_isRefused() {
        Path copy = copy(TIED, json -> {}, r -> r.tensors.put("ln_f.bias", r.tensors.get("transformer.ln_f.bias")));
        assertRefused(copy, "has ln_f.bias twice");
    }

    @Test
    void open_absurdSizes_areRefusedWithoutBuildingThem() {
        assertRefused(copy(TIED, json -> json.put("n_layer", 10_000), r -> {}), "cannot be the model of");
        assertRefused(copy(TIED, json -> json.put("n_embd", 400_000), r -> {}), "cannot be the model of 2 layers");
        assertRefused(
                copy(TIED, json -> json.put("n_layer", 2_000_000_000), r -> {}),
                "layers is 2,000,000,000; the largest");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "model_type | \"llama\" | model_type is 'llama'; only gpt2",
                "activation_function | \"relu\" | activation_function is 'relu'",
                "scale_attn_by_inverse_layer_idx | true | scale_attn_by_inverse_layer_idx is true",
                "add_cross_attention | true | add_cross_attention is true",
                "scale_attn_weights | false | scale_attn_weights is false",
                "scale_attn_weights | \"no\" | scale_attn_weights is neither true nor false",
                "n_embd | null | n_embd is not an integer",
                "n_layer | 2.5 | n_layer is not an integer",
                "n_head | 5 | width 32 cannot be divided into 5 heads",
                "vocab_size | -1 | vocab_size is not an integer",
                "resid_pdrop | 1.5 | residual_dropout is 1.5",
                "layer_norm_epsilon | \"x\" | layer_norm_epsilon is not a number",
                "n_embd | 536870912 | is too wide"
            })
    void open_unsupportedConfig_saysWhat(String key, String value, String message) throws IOException {
        JsonNode node = JSON.readTree(value);
        assertRefused(copy(TIED, json -> json.set(key, node), r -> {}), message);
    }

    @ParameterizedTest
    @CsvSource({"gelu_new,GELU_TANH", "gelu_pytorch_tanh,GELU_TANH", "gelu,GELU_ERF"})
    void shape_activations_areMapped(String name, Activation expected) {
        Path copy = copy(TIED, json -> json.put("activation_function", name), r -> {});
        assertEquals(expected, HuggingFaceGpt2.open(copy).shape().activation());
    }

    @Test
    void shape_silentConfig_takesGpt2Defaults() {
        Path copy = copy(
                TIED, json -> json.retain("model_type", "vocab_size", "n_ctx", "n_embd", "n_layer", "n_head"), r -> {});
        HuggingFaceGpt2 model = HuggingFaceGpt2.open(copy);
        assertEquals(
                new ModelShape(66, 24, 2, 4, 32, 128, true, true, Activation.GELU_TANH, 1e-5, 0.02, 0.1, 0.1, 0.1),
                model.shape());
        // 50256 is the default, which this vocabulary does not have.
        assertEquals(OptionalInt.empty(), model.eosTokenId());
    }

    @Test
    void tokenIds_nullOrListOrOutside_areRead() {
        HuggingFaceGpt2 model = HuggingFaceGpt2.open(copy(
                TIED,
                json -> {
                    json.putNull("bos_token_id");
                    json.putArray("eos_token_id").add(7).add(8);
                },
                r -> {}));
        assertEquals(OptionalInt.empty(), model.bosTokenId());
        assertEquals(OptionalInt.of(7), model.eosTokenId());
        Path outside = copy(TIED, json -> json.put("eos_token_id", 66), r -> {});
        assertEquals(OptionalInt.empty(), HuggingFaceGpt2.open(outside).eosTokenId());
    }

    @Test
    void open_brokenConfig_isRefused() throws IOException {
        Path copy = copy(TIED, json -> {}, r -> {});
        Path config = copy.resolve("config.json");
        for (String text : new String[] {"", "[]", "{", "{} {}", "{\"a\":1,\"a\":2}", "[".repeat(100_000)}) {
            Files.writeString(config, text);
            BadFileException e = assertThrows(BadFileException.class, () -> HuggingFaceGpt2.open(copy), text);
            assertTrue(e.getMessage().startsWith(config + ": "), e.getMessage());
        }
        Files.write(config, new byte[(1 << 20) + 1]);
        assertRefused(copy, "is larger than 1 MiB");
        Files.write(config, new byte[] {'{', '"', (byte) 0xFF, '"', ':', '1', '}'});
        assertRefused(copy, "is not UTF-8");
        Files.delete(config);
        assertFalse(HuggingFaceGpt2.isAt(copy));
        assertRefused(copy, "config.json: there is no such file");
    }

    @Test
    void open_withoutWeights_saysWhatToDo() throws IOException {
        Path copy = copy(TIED, json -> {}, r -> {});
        assertTrue(HuggingFaceGpt2.isAt(copy));
        Files.delete(copy.resolve("model.safetensors"));
        assertRefused(copy, "has no model.safetensors");
    }

    /** As transformers cuts large models: an index says in which file each tensor is. */
    @Test
    void readWeights_ofSeveralFiles_isBitwise() throws IOException {
        Path copy = copy(UNTIED, json -> {}, r -> {});
        RawSafetensors whole = RawSafetensors.read(copy.resolve("model.safetensors"));
        cut(copy, whole);
        assertTrue(HuggingFaceGpt2.isAt(copy));
        assertBitwise(copy, whole, whole.tensors.size());
        HuggingFaceGpt2 model = HuggingFaceGpt2.open(copy);
        try (HuggingFaceGpt2.Tensors tensors = model.openTensors(ParameterRegistry.of(model.shape()))) {
            assertEquals(
                    List.of("model.safetensors.index.json", "model-1.safetensors", "model-2.safetensors"),
                    tensors.file().files().stream()
                            .map(file -> file.getFileName().toString())
                            .toList());
        }
    }

    @Test
    void open_brokenIndex_isRefused() throws IOException {
        Path copy = copy(UNTIED, json -> {}, r -> {});
        cut(copy, RawSafetensors.read(copy.resolve("model.safetensors")));
        Path index = copy.resolve("model.safetensors.index.json");
        String good = Files.readString(index);
        Files.writeString(index, "{}");
        assertRefused(copy, "has no weight_map");
        Files.writeString(index, "{\"weight_map\": {\"wte.weight\": 1}}");
        assertRefused(copy, "no name of a safetensors file beside it");
        for (String outside : List.of("../model-2.safetensors", "/etc/x.safetensors", "..", "", "a b.safetensors")) {
            Files.writeString(index, good.replace("model-2.safetensors", outside));
            assertRefused(copy, "no name of a safetensors file beside it");
        }
        Files.writeString(index, good.replace("model-2.safetensors", "model-3.safetensors"));
        assertRefused(copy, "model-3.safetensors: there is no such file");
        Files.writeString(index, good.replace("model-2.safetensors", "model-1.safetensors"));
        assertRefused(copy, "model-1.safetensors: has no tensor '");
        ObjectNode lacking = (ObjectNode) JSON.readTree(good);
        ((ObjectNode) lacking.get("weight_map")).remove("transformer.wte.weight");
        Files.writeString(index, lacking.toString());
        assertRefused(copy, "index.json: has no transformer.wte.weight");
        Files.writeString(index, "[".repeat(50_000));
        assertRefused(copy, "is not valid JSON");
    }

    /** Cuts a model's weights into two files. */
    private static void cut(Path folder, RawSafetensors whole) throws IOException {
        ObjectNode index = JSON.createObjectNode();
        ObjectNode map = index.putObject("weight_map");
        RawSafetensors[] parts = {new RawSafetensors(), new RawSafetensors()};
        whole.tensors.forEach((name, tensor) -> {
            int part = map.size() % 2;
            parts[part].tensors.put(name, tensor);
            map.put(name, "model-" + (part + 1) + ".safetensors");
        });
        parts[0].write(folder.resolve("model-1.safetensors"));
        parts[1].write(folder.resolve("model-2.safetensors"));
        Files.writeString(folder.resolve("model.safetensors.index.json"), index.toString());
        Files.delete(folder.resolve("model.safetensors"));
    }

    private void assertRefused(Path model, String message) {
        BadFileException e = assertThrows(BadFileException.class, () -> HuggingFaceGpt2.open(model));
        assertTrue(e.getMessage().contains(message), e.getMessage());
    }

    /** Reads the model and compares every parameter, bit by bit, with tensors of those names. */
    private static void assertBitwise(Path model, RawSafetensors expected, int parameters) {
        HuggingFaceGpt2 opened = HuggingFaceGpt2.open(model);
        try (ParameterRegistry registry = ParameterRegistry.of(opened.shape())) {
            opened.readWeights(registry);
            assertEquals(parameters, registry.owned().size());
            for (Parameter parameter : registry.owned()) {
                boolean head = parameter.name().startsWith("lm_head");
                Tensor tensor = expected.tensors.get(head ? parameter.name() : "transformer." + parameter.name());
                float[] read = parameter.matrix().toArray();
                int[] bits = new int[read.length];
                for (int i = 0; i < read.length; i++) {
                    bits[i] = Float.floatToRawIntBits(read[i]);
                }
                assertArrayEquals(tensor.bits(), bits, parameter.name());
            }
        }
    }

    /** A copy of a model with its configuration and its tensors changed. */
    private Path copy(Path golden, Consumer<ObjectNode> config, Consumer<RawSafetensors> tensors) {
        try {
            Path copy = Files.createTempDirectory(folder, "model");
            ObjectNode json = (ObjectNode) JSON.readTree(Files.readString(golden.resolve("config.json")));
            config.accept(json);
            Files.writeString(copy.resolve("config.json"), json.toString());
            RawSafetensors raw = RawSafetensors.read(golden.resolve("model.safetensors"));
            tensors.accept(raw);
            raw.write(copy.resolve("model.safetensors"));
            return copy;
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static void rename(RawSafetensors raw, UnaryOperator<String> name) {
        Map<String, Tensor> renamed = new LinkedHashMap<>();
        raw.tensors.forEach((n, t) -> renamed.put(name.apply(n), t));
        raw.tensors.clear();
        raw.tensors.putAll(renamed);
    }

    /** Exact for quarters up to 4. */
    private static short f16(float value) {
        if (value == 0) {
            return 0;
        }
        int bits = Float.floatToIntBits(value);
        return (short) (bits >>> 31 << 15 | ((bits >> 23 & 255) - 112) << 10 | bits >> 13 & 1023);
    }
}
