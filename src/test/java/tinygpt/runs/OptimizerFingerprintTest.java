package tinygpt.runs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tinygpt.formats.BadFileException;
import tinygpt.formats.RawSafetensors;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.Preset;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.tensor.Slab;

/** The fingerprint of AdamW's moments, of a model that is trained in part. */
class OptimizerFingerprintTest {
    private static final Hyperparameters H =
            Preset.named("nano").hyperparameters().with("adaptation.trainable", "kind:attention");

    @TempDir
    Path folder;

    private Path file;
    private ParameterRegistry registry;
    private Slab mean;
    private Slab variance;

    @BeforeEach
    void write() {
        file = folder.resolve("checkpoint.safetensors");
        registry = ParameterRegistry.of(H).allocate();
        mean = Slab.allocate("mean", registry.trainedSize());
        variance = Slab.allocate("variance", registry.trainedSize());
        fill(mean, 1);
        fill(variance, 2);
        Checkpoint.write(file, new Checkpoint.Facts(H, Map.of(), 3, 30, Map.of()), registry, mean, variance);
    }

    @AfterEach
    void free() {
        registry.close();
        mean.close();
        variance.close();
    }

    /** Written down a second time: name, 0, type, 0, shape, 0, bytes, of the moments in the order of their names. */
    @Test
    void optimizerSha256_isTheHashOfTheMomentsInTheFile() throws Exception {
        RawSafetensors raw = RawSafetensors.read(file);
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        Map<String, RawSafetensors.Tensor> moments = new TreeMap<>(raw.tensors);
        moments.keySet().removeIf(name -> !name.startsWith("adam."));
        assertEquals(2 * registry.trained().size(), moments.size());
        moments.forEach((name, tensor) -> {
            String head = name + "\0F32\0" + Arrays.toString(tensor.shape()) + "\0";
            digest.update(head.getBytes(StandardCharsets.UTF_8));
            digest.update(tensor.bytes());
        });
        String expected = HexFormat.of().formatHex(digest.digest());
        assertEquals(expected, raw.metadata.get("optimizer_sha256"));
        assertEquals(Optional.of(expected), Checkpoint.readHeader(file).optimizerSha256());
        Checkpoint.verify(file);
        Checkpoint.readOptimizer(file, registry, mean, variance);
    }

    @ParameterizedTest
    @ValueSource(strings = {"adam.m.h.0.attn.c_attn.weight", "adam.v.h.1.attn.c_proj.bias"})
    void oneBitOfAMomentFlipped_isFound_andLeavesTheWeightsUsable(String name) {
        change(raw -> raw.tensors.get(name).bytes()[17] ^= 4);
        String message = "its optimizer's moments have the fingerprint ";
        BadFileException whole = assertThrows(BadFileException.class, () -> Checkpoint.verify(file));
        assertTrue(whole.getMessage().contains(message), whole.getMessage());
        BadFileException read =
                assertThrows(BadFileException.class, () -> Checkpoint.readOptimizer(file, registry, mean, variance));
        assertTrue(read.getMessage().contains(message), read.getMessage());
        Checkpoint.readWeights(file, registry);
    }

    @Test
    void checkpointOfAnOlderProgram_hasNone_andIsRead() {
        change(raw -> raw.metadata.remove("optimizer_sha256"));
        assertEquals(Optional.empty(), Checkpoint.verify(file).optimizerSha256());
        Checkpoint.readOptimizer(file, registry, mean, variance);
    }

    private void change(Consumer<RawSafetensors> change) {
        RawSafetensors raw = RawSafetensors.read(file);
        change.accept(raw);
        raw.write(file);
    }

    private static void fill(Slab slab, int seed) {
        float[] values = new float[(int) slab.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = seed + i / 1e4f;
        }
        slab.write(0, values, 0, values.length);
    }
}
