package tinygpt.runs;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tinygpt.formats.BadFileException;
import tinygpt.formats.RawSafetensors;
import tinygpt.generation.Generator;
import tinygpt.generation.SamplingSettings;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.Preset;
import tinygpt.model.DecodeState;
import tinygpt.model.Gpt;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.parameters.Quantization;
import tinygpt.reference.ModelFixtures;
import tinygpt.tensor.Matrix;
import tinygpt.tensor.Workspace;
import tinygpt.text.ByteTokenizer;

/** Checkpoints with fewer bits: written and read as float32 and as they are, and damaged. */
class QuantizedCheckpointTest {
    private static final int CASES = 350;

    @TempDir
    Path folder;

    private static Hyperparameters nano(boolean tied) {
        return Preset.named("nano")
                .hyperparameters()
                .with("model.vocabulary_size", "257")
                .with("data.tokenizer", "byte")
                .with("model.tied_head", String.valueOf(tied));
    }

    private Path write(boolean tied, Quantization quantization, List<float[]> rounded) {
        Path file = folder.resolve("x.safetensors");
        Hyperparameters h = nano(tied);
        try (ParameterRegistry registry = ParameterRegistry.of(h.model()).allocate()) {
            ModelFixtures.fill(registry, ModelFixtures.randomWeights(registry, 1));
            QuantizedCheckpoint.write(
                    file,
                    new Checkpoint.Facts(h, new ByteTokenizer().describe(), 7, 9, Map.of("note", "x")),
                    registry,
                    quantization);
            for (Parameter p : registry.owned()) {
                Matrix matrix = p.matrix();
                for (int r = 0; r < matrix.rows(); r++) {
                    float[] row = new float[matrix.columns()];
                    matrix.readRow(r, row, 0);
                    if (Quantization.covers(p)) {
                        quantization.round(row);
                    }
                    rounded.add(row);
                }
            }
        }
        return file;
    }

    @ParameterizedTest
    @CsvSource({"8,32,true", "8,64,false", "6,32,true", "4,16,false", "3,32,true", "2,128,true"})
    void file_readAsFloat32_hasTheRoundedNumbersToTheBit(int bits, int group, boolean tied) throws IOException {
        List<float[]> rounded = new ArrayList<>();
        Quantization quantization = new Quantization(bits, group);
        Path file = write(tied, quantization, rounded);
        CheckpointHeader header = Checkpoint.verify(file);
        assertEquals(quantization, header.quantization().orElseThrow());
        assertEquals(Map.of("note", "x"), header.extras());
        try (LoadedModel loaded = LoadedModel.open(file)) {
            assertTrue(
                    loaded.notes().get(0).contains(bits + " bits"),
                    loaded.notes().toString());
            int at = 0;
            for (Parameter p : loaded.model().registry().owned()) {
                Matrix matrix = p.matrix();
                for (int r = 0; r < matrix.rows(); r++) {
                    float[] row = new float[matrix.columns()];
                    matrix.readRow(r, row, 0);
                    assertArrayEquals(rounded.get(at++), row, p + ", row " + r);
                }
            }
            long weights = quantization.bytes(loaded.model().registry());
            long other = Files.size(file) - weights;
            assertTrue(other > 0 && other < 12_000, other + " bytes beside " + weights + " of weights");
        }
    }

    /** The model with its matrices in 8 bits computes as the one with the float32 numbers they stand for. */
    @ParameterizedTest
    @CsvSource({"8,true", "8,false", "4,true", "2,false"})
    void packedModel_hasTheLogitsAndTheGreedyTextOfTheWidenedOne(int bits, boolean tied) {
        Path file = write(tied, new Quantization(bits, 32), new ArrayList<>());
        try (LoadedModel packed = LoadedModel.openToGenerate(file);
                LoadedModel floats = LoadedModel.open(file)) {
            assertNotNull(packed.model().registry().get("lm_head.weight").packed());
            assertThrows(
                    IllegalStateException.class, () -> packed.model().registry().weights(), "no float32 copy");
            Workspace space = new Workspace(Gpt.longestRow(packed.model().shape()));
            int[] prompt = ModelFixtures.randomIds(packed.model().shape(), 1, 12, 3)[0];
            float[] expected = logits(floats.model(), space, prompt);
            float[] got = logits(packed.model(), space, prompt);
            double size = 0;
            for (float x : expected) {
                size = Math.max(size, Math.abs(x));
            }
            assertArrayEquals(expected, got, (float) (1e-5 * size));
            assertEquals(text(floats.model(), space, prompt), text(packed.model(), space, prompt));
        }
    }

    /** The prompt's first part in one pass, the rest token by token. */
    private static float[] logits(Gpt model, Workspace space, int[] prompt) {
        try (DecodeState state = new DecodeState(model)) {
            Matrix logits = state.read(model, space, prompt, 0, 8);
            for (int i = 8; i < prompt.length; i++) {
                logits = model.step(space, state, prompt[i]);
            }
            return logits.toArray();
        }
    }

    private static List<Integer> text(Gpt model, Workspace space, int[] prompt) {
        List<Integer> ids = new ArrayList<>();
        try (Generator generator = new Generator(model, space)) {
            // Longer than the context, so that the window slides and is read again.
            generator.tokens(prompt, SamplingSettings.greedy(80), 0, OptionalInt.empty(), ids::add);
        }
        return ids;
    }

    @Test
    void closedModel_refusesToGenerate() {
        Path file = write(true, Quantization.of(8), new ArrayList<>());
        LoadedModel loaded = LoadedModel.openToGenerate(file);
        loaded.close();
        Workspace space = new Workspace(Gpt.longestRow(loaded.model().shape()));
        assertThrows(IllegalStateException.class, () -> new Generator(loaded.model(), space));
    }

    @Test
    void weightsThatAreNotFinite_areRefused_andNothingIsWritten() throws IOException {
        Hyperparameters h = nano(true);
        Path file = folder.resolve("nan.safetensors");
        try (ParameterRegistry registry = ParameterRegistry.of(h.model()).allocate()) {
            registry.weights().write(0, new float[] {Float.NaN}, 0, 1);
            Checkpoint.Facts facts = new Checkpoint.Facts(h, Map.of("kind", "byte"), 0, 0, Map.of());
            assertThrows(
                    ArithmeticException.class,
                    () -> QuantizedCheckpoint.write(file, facts, registry, Quantization.of(8)));
        }
        try (var files = Files.list(folder)) {
            assertEquals(0, files.count());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"cut", "flip", "digits"})
    void damagedFile_isReadOrRefused_neverAnythingElse(String damage) throws IOException {
        Path file = write(true, new Quantization(4, 32), new ArrayList<>());
        byte[] good = Files.readAllBytes(file);
        int header = (int) ByteBuffer.wrap(good).order(ByteOrder.LITTLE_ENDIAN).getLong();
        SplittableRandom random = new SplittableRandom(damage.hashCode());
        int refused = 0;
        for (int i = 0; i < CASES; i++) {
            byte[] bad = good.clone();
            switch (damage) {
                case "cut" -> bad = Arrays.copyOf(good, random.nextInt(i % 2 == 0 ? 8 + header : good.length));
                case "flip" ->
                    bad[random.nextInt(i % 4 == 0 ? good.length : 8 + header)] ^= (byte) (1 << random.nextInt(8));
                default -> {
                    int at;
                    do {
                        at = 8 + random.nextInt(header);
                    } while (bad[at] < '0' || bad[at] > '9');
                    for (int j = 0; j < 1 + i % 12 && bad[at + j] >= '0' && bad[at + j] <= '9'; j++) {
                        bad[at + j] = '9';
                    }
                }
            }
            Files.write(file, bad);
            try (LoadedModel loaded = LoadedModel.openToGenerate(file)) {
                assertNotNull(loaded.model());
            } catch (BadFileException e) {
                refused++;
            }
        }
        assertTrue(refused > CASES / 2, refused + " of " + CASES + " refused");
    }

    /** Here only what is said of the rounding is wrong; the message names the file in one line. */
    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '`',
            value = {
                "\"bits\":4;\"bits\":1;bits",
                "\"bits\":4;\"bits\":3;U8",
                "\"bits\":4;\"bits\":8;I8",
                "\"bits\":4;\"bits\":4.5;whole number",
                "\"group\":32;\"group\":31;power of 2",
                "\"group\":32;\"group\":16;scales",
                "\"shapes\":{;\"shape\":{;shapes",
                "\"wte.weight\":[257,;\"wte.weight\":[256,;wte.weight",
                "\"wte.weight\":[257,;\"wte.weight\":[-1,;positive",
                "\"wte.weight\":[257,;\"wpe.weight\":[257,;wpe.weight",
                "\"wte.weight\":[257,;\"wte.weight\":[2147483647,;wte.weight"
            })
    void wrongDescription_isRefused(String good, String bad, String named) throws IOException {
        Path file = write(true, new Quantization(4, 32), new ArrayList<>());
        RawSafetensors raw = RawSafetensors.read(file);
        String text = raw.metadata.get("tinygpt_quantization");
        assertTrue(text.contains(good), text);
        raw.metadata.put("tinygpt_quantization", text.replace(good, bad));
        raw.write(file);
        BadFileException e = assertThrows(BadFileException.class, () -> LoadedModel.openToGenerate(file));
        assertTrue(e.getMessage().startsWith(file + ": ") && e.getMessage().contains(named), e.getMessage());
    }

    @Test
    void formatAndDescription_mustFitTogether() throws IOException {
        Path file = write(true, Quantization.of(8), new ArrayList<>());
        for (String key : new String[] {"tinygpt_format", "tinygpt_quantization"}) {
            RawSafetensors raw = RawSafetensors.read(file);
            if (key.equals("tinygpt_format")) {
                raw.metadata.put(key, "1");
            } else {
                raw.metadata.remove(key);
            }
            Path bad = raw.write(folder.resolve("bad.safetensors"));
            BadFileException e = assertThrows(BadFileException.class, () -> Checkpoint.readHeader(bad));
            assertTrue(e.getMessage().contains("tinygpt_quantization"), e.getMessage());
        }
    }
}
