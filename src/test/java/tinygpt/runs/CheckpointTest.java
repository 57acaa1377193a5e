package tinygpt.runs;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tinygpt.formats.BadFileException;
import tinygpt.formats.HuggingFaceGpt2;
import tinygpt.formats.RawSafetensors;
import tinygpt.formats.RawSafetensors.Tensor;
import tinygpt.hyperparameters.CanonicalJson;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.Preset;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.tensor.Slab;

class CheckpointTest {
    private static final Hyperparameters NANO = Preset.named("nano").hyperparameters();
    private static final Map<String, Object> TOKENIZER =
            Map.of("kind", "character", "tokens", List.of("a", "\n", "é"), "size", 3);
    private static final Checkpoint.Facts FACTS =
            new Checkpoint.Facts(NANO, TOKENIZER, 500, 384_000, Map.of("validation_loss", "1.4697"));

    @TempDir
    Path folder;

    private Path file;
    private ParameterRegistry registry;
    private Slab mean;
    private Slab variance;

    @BeforeEach
    void fill() {
        file = folder.resolve("checkpoint.safetensors");
        registry = ParameterRegistry.of(NANO.model()).allocate();
        mean = Slab.allocate("mean", registry.slabSize());
        variance = Slab.allocate("variance", registry.slabSize());
        fill(registry.weights(), 1);
        fill(mean, 2);
        fill(variance, 3);
    }

    @AfterEach
    void free() {
        registry.close();
        mean.close();
        variance.close();
    }

    @Test
    void readHeader_whatWasWritten_isTheSame() {
        CheckpointHeader written = Checkpoint.write(file, FACTS, registry, mean, variance);
        CheckpointHeader read = Checkpoint.readHeader(file);
        assertEquals(written, read);
        assertEquals(NANO, read.hyperparameters());
        assertEquals(TOKENIZER, read.tokenizer());
        assertEquals(500, read.step());
        assertEquals(384_000, read.tokensSeen());
        assertEquals(NANO.sha256(), read.configSha256());
        assertEquals(Map.of("validation_loss", "1.4697"), read.extras());
        assertTrue(read.hasOptimizerState());
    }

    @Test
    void write_file_holdsWhatTheFormatPromises() {
        CheckpointHeader header = Checkpoint.write(file, FACTS, registry, mean, variance);
        RawSafetensors raw = RawSafetensors.read(file);
        assertEquals(
                Map.of(
                        "format",
                        "pt",
                        "tinygpt_format",
                        "1",
                        "step",
                        "500",
                        "tokens_seen",
                        "384000",
                        "config",
                        NANO.canonicalJson(),
                        "config_sha256",
                        NANO.sha256(),
                        "weights_sha256",
                        header.weightsSha256(),
                        "optimizer_sha256",
                        header.optimizerSha256().orElseThrow(),
                        "validation_loss",
                        "1.4697",
                        "tokenizer",
                        raw.metadata.get("tokenizer")),
                raw.metadata);
        List<String> expected = new ArrayList<>();
        for (String role : List.of("", "adam.m.", "adam.v.")) {
            registry.owned().forEach(p -> expected.add(role + p.name()));
        }
        assertEquals(84, expected.size());
        assertEquals(expected, List.copyOf(raw.tensors.keySet()));
    }

    @Test
    void readWeights_intoAnotherRegistry_areBitwiseEqual() {
        Checkpoint.write(file, FACTS, registry, null, null);
        try (ParameterRegistry other = ParameterRegistry.of(NANO.model())) {
            CheckpointHeader header = Checkpoint.readWeights(file, other);
            assertEquals(Checkpoint.weightsSha256(other), header.weightsSha256());
            assertSameBits(registry.weights(), other.weights());
        }
    }

    @Test
    void readOptimizer_intoOtherSlabs_isBitwiseEqual() {
        Checkpoint.write(file, FACTS, registry, mean, variance);
        try (Slab otherMean = Slab.allocate("m", registry.slabSize());
                Slab otherVariance = Slab.allocate("v", registry.slabSize())) {
            Checkpoint.readOptimizer(file, registry, otherMean, otherVariance);
            assertSameBits(mean, otherMean);
            assertSameBits(variance, otherVariance);
        }
    }

    @Test
    void readOptimizer_savedWithout_saysSo() {
        Checkpoint.write(file, FACTS, registry, null, null);
        assertTrue(!Checkpoint.readHeader(file).hasOptimizerState());
        BadFileException e =
                assertThrows(BadFileException.class, () -> Checkpoint.readOptimizer(file, registry, mean, variance));
        assertTrue(e.getMessage().startsWith(file + ": holds no optimizer state"), e.getMessage());
    }

    /** The constants come from hashing the golden files with another language's standard library. */
    @ParameterizedTest
    @CsvSource({
        "gpt2-tiny-tied, 7d47832267dd4842d01b34f4d9a2d8352eb50585e238af3c85d17dab8a755d6b",
        "gpt2-tiny-untied, 4c3ccd0dc2fa1ae5d2511be5bf9beb9a88ba6012fa37e73fb892cb43dd961567"
    })
    void weightsSha256_golden_isThisConstant(String golden, String expected) {
        HuggingFaceGpt2 model = HuggingFaceGpt2.open(RawSafetensors.resource(golden));
        try (ParameterRegistry imported = ParameterRegistry.of(model.shape())) {
            model.readWeights(imported);
            assertEquals(expected, Checkpoint.weightsSha256(imported));
        }
    }

    @Test
    void weightsSha256_lastBitOfAnyParameter_changesIt() {
        String before = Checkpoint.weightsSha256(registry);
        float[] one = new float[1];
        for (Parameter parameter : registry.owned()) {
            long last = parameter.offset() + parameter.size() - 1;
            registry.weights().read(last, one, 0, 1);
            float old = one[0];
            one[0] = Math.nextUp(old);
            registry.weights().write(last, one, 0, 1);
            assertTrue(!before.equals(Checkpoint.weightsSha256(registry)), parameter.name());
            one[0] = old;
            registry.weights().write(last, one, 0, 1);
        }
        assertEquals(before, Checkpoint.weightsSha256(registry));
    }

    @Test
    void readWeights_oneBitFlipped_isRefused() {
        Checkpoint.write(file, FACTS, registry, null, null);
        change(raw -> raw.tensors.get("h.1.mlp.c_proj.bias").bytes()[17] ^= 4);
        Checkpoint.readHeader(file);
        BadFileException e = assertThrows(BadFileException.class, () -> Checkpoint.readWeights(file, registry));
        assertTrue(e.getMessage().contains("its weights have the fingerprint"), e.getMessage());
    }

    @Test
    void readHeader_configChanged_isRefused() {
        Checkpoint.write(file, FACTS, registry, null, null);
        change(raw -> raw.metadata.computeIfPresent("config", (k, v) -> v.replace("\"seed\":1337", "\"seed\":1338")));
        assertRefused("its config has the fingerprint");
    }

    @Test
    void readHeader_configInAnotherSpelling_isRefusedEvenWithItsHash() {
        Checkpoint.write(file, FACTS, registry, null, null);
        change(raw -> {
            String spaced = " " + raw.metadata.get("config");
            raw.metadata.put("config", spaced);
            raw.metadata.put("config_sha256", CanonicalJson.sha256(spaced));
        });
        assertRefused("its config has the fingerprint " + NANO.sha256());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"model\":1} | its config cannot be used: model must be a JSON object",
                "[] | its config cannot be used: the configuration must be a JSON object",
                "'' | its config is empty",
                "{\"a\":1,\"a\":2} | its config is not valid JSON: Duplicate field 'a'"
            })
    void readHeader_configOfAnotherKind_isRefused(String config, String message) {
        Checkpoint.write(file, FACTS, registry, null, null);
        change(raw -> {
            raw.metadata.put("config", config);
            raw.metadata.put("config_sha256", CanonicalJson.sha256(config));
        });
        assertRefused(message);
    }

    @Test
    void readHeader_absurdSizes_areRefusedWithoutBuildingThem() {
        Checkpoint.write(file, FACTS, registry, null, null);
        for (Hyperparameters absurd : List.of(
                NANO.with("model.layers", "10000"),
                NANO.with("model.vocabulary_size", "200000000"),
                Preset.named("gpt3-175b").hyperparameters())) {
            change(raw -> {
                raw.metadata.put("config", absurd.canonicalJson());
                raw.metadata.put("config_sha256", absurd.sha256());
            });
            assertRefused("cannot be the model of " + absurd.model().layers() + " layers");
        }
    }

    @Test
    void readHeader_newerFormat_saysToUpdate() {
        Checkpoint.write(file, FACTS, registry, null, null);
        change(raw -> raw.metadata.put("tinygpt_format", "3"));
        assertRefused(
                "is a checkpoint of format 3; this program knows formats 1 and 2, so a newer one wrote it: update tinygpt");
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "-1", "one", ""})
    void readHeader_noFormat_isRefused(String format) {
        Checkpoint.write(file, FACTS, registry, null, null);
        change(raw -> raw.metadata.put("tinygpt_format", format));
        assertRefused(format.equals("0") ? "is a checkpoint of format 0" : "its tinygpt_format is '" + format + "'");
    }

    @ParameterizedTest
    @ValueSource(strings = {"step", "tokens_seen", "config", "config_sha256", "weights_sha256", "tokenizer"})
    void readHeader_metadataMissing_namesIt(String key) {
        Checkpoint.write(file, FACTS, registry, null, null);
        change(raw -> raw.metadata.remove(key));
        assertRefused("its metadata have no " + key);
    }

    @Test
    void readHeader_safetensorsOfSomebodyElse_isRefused() {
        change(RawSafetensors.resource("gpt2-tiny-tied/model.safetensors"), raw -> {});
        assertRefused("is a safetensors file, but no checkpoint of tinygpt");
    }

    @Test
    void readHeader_tensorMissing_namesIt() {
        Checkpoint.write(file, FACTS, registry, mean, variance);
        change(raw -> raw.tensors.remove("h.0.ln_1.bias"));
        assertRefused("has no h.0.ln_1.bias;");
    }

    @Test
    void readHeader_halfOfTheOptimizer_namesWhatIsMissing() {
        Checkpoint.write(file, FACTS, registry, mean, variance);
        change(raw -> raw.tensors.keySet().removeIf(n -> n.startsWith("adam.v.ln_f")));
        assertRefused("has no adam.v.ln_f.weight, adam.v.ln_f.bias;");
    }

    @Test
    void readHeader_tensorTooMany_namesIt() {
        Checkpoint.write(file, FACTS, registry, null, null);
        change(raw -> raw.tensors.put("lm_head.weight", Tensor.ofF32(new long[] {1}, 1)));
        assertRefused("holds lm_head.weight, which this model does not have");
    }

    @Test
    void readHeader_tensorOfAnotherShape_showsBothSides() {
        Checkpoint.write(file, FACTS, registry, null, null);
        change(raw -> raw.tensors.computeIfPresent(
                "h.0.mlp.c_fc.weight", (n, t) -> new Tensor("F32", new long[] {128, 32}, t.bytes())));
        assertRefused("h.0.mlp.c_fc.weight is [128, 32] in the file, [32, 128] in this model");
    }

    @Test
    void readWeights_registryOfAnotherShape_showsBothSides() {
        Checkpoint.write(file, FACTS, registry, null, null);
        try (ParameterRegistry other =
                ParameterRegistry.of(NANO.with("model.width", "64").model())) {
            BadFileException e = assertThrows(BadFileException.class, () -> Checkpoint.readWeights(file, other));
            assertTrue(
                    e.getMessage().contains("h.0.ln_1.weight is [32] in the file, [64] in this model"), e.getMessage());
        }
    }

    @Test
    void write_registryOfAnotherModel_isRefused() {
        Checkpoint.Facts other = new Checkpoint.Facts(NANO.with("model.heads", "4"), TOKENIZER, 0, 0, Map.of());
        assertThrows(IllegalArgumentException.class, () -> Checkpoint.write(file, other, registry, null, null));
        assertThrows(IllegalArgumentException.class, () -> Checkpoint.write(file, FACTS, registry, mean, null));
    }

    @Test
    void facts_reservedExtra_isRefused() {
        assertThrows(
                IllegalArgumentException.class,
                () -> new Checkpoint.Facts(NANO, TOKENIZER, 0, 0, Map.of("config", "x")));
        assertThrows(IllegalArgumentException.class, () -> new Checkpoint.Facts(NANO, TOKENIZER, -1, 0, Map.of()));
    }

    @Test
    void write_slabOfTheWrongSize_leavesTheOldCheckpoint() throws IOException {
        Checkpoint.write(file, FACTS, registry, mean, variance);
        byte[] before = Files.readAllBytes(file);
        try (Slab wrong = Slab.allocate("wrong", 16)) {
            assertThrows(
                    IllegalArgumentException.class, () -> Checkpoint.write(file, FACTS, registry, wrong, variance));
        }
        assertArrayEquals(before, Files.readAllBytes(file));
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(List.of(file), files.toList());
        }
    }

    /** ND4J takes over a second to start and is not even on this class path. */
    @Test
    void readHeader_withoutNd4j_works() throws Exception {
        Checkpoint.write(file, FACTS, registry, mean, variance);
        URL[] path = Stream.of(Checkpoint.class, ObjectMapper.class, JsonFactory.class, JsonProperty.class)
                .map(c -> c.getProtectionDomain().getCodeSource().getLocation())
                .toArray(URL[]::new);
        try (URLClassLoader bare = new URLClassLoader(path, ClassLoader.getPlatformClassLoader())) {
            assertThrows(ClassNotFoundException.class, () -> bare.loadClass("org.nd4j.linalg.factory.Nd4j"));
            Object header = bare.loadClass(Checkpoint.class.getName())
                    .getMethod("readHeader", Path.class)
                    .invoke(null, file);
            assertEquals(Checkpoint.readHeader(file).toString(), header.toString());
        }
    }

    private void change(Consumer<RawSafetensors> change) {
        change(file, change);
    }

    private void change(Path from, Consumer<RawSafetensors> change) {
        RawSafetensors raw = RawSafetensors.read(from);
        change.accept(raw);
        raw.write(file);
    }

    private void assertRefused(String message) {
        BadFileException e = assertThrows(BadFileException.class, () -> Checkpoint.readHeader(file));
        assertTrue(e.getMessage().startsWith(file + ": "), e.getMessage());
        assertTrue(e.getMessage().contains(message), e.getMessage());
    }

    /** Distinct numbers in every place of every parameter; the gaps between them stay 0. */
    private void fill(Slab slab, int seed) {
        for (Parameter parameter : registry.owned()) {
            float[] values = new float[(int) parameter.size()];
            for (int i = 0; i < values.length; i++) {
                values[i] = seed + (parameter.offset() + i) / 1e6f;
            }
            slab.write(parameter.offset(), values, 0, values.length);
        }
    }

    private static void assertSameBits(Slab expected, Slab actual) {
        float[] a = new float[(int) expected.size()];
        float[] b = new float[(int) actual.size()];
        expected.read(0, a, 0, a.length);
        actual.read(0, b, 0, b.length);
        assertArrayEquals(a, b);
    }
}
