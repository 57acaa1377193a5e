package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.inspection.InspectedModel;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.reference.ModelFixtures;
import tinygpt.runs.Checkpoint;
import tinygpt.runs.RunFolder;

/** {@code export}: what llm-viz reads, read back. */
class ExportCommandTest {
    private static final ObjectMapper STRICT = new ObjectMapper().enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION);

    @TempDir
    private Path folder;

    private static Hyperparameters nano(String... changes) {
        Hyperparameters h = InspectedModel.nano(3).with("model.vocabulary_size", "29");
        for (int i = 0; i < changes.length; i += 2) {
            h = h.with(changes[i], changes[i + 1]);
        }
        return h;
    }

    /** Writes a model of random numbers, none of them 0, and exports it. */
    private Run export(Hyperparameters h) {
        Path checkpoint = InspectedModel.write(
                folder, h, 7, registry -> ModelFixtures.fill(registry, ModelFixtures.randomWeights(registry, 1)));
        return Run.of("export", "--format=llm-viz", checkpoint.toString(), "--out=" + folder.resolve("model.json"));
    }

    private JsonNode written() throws IOException {
        return STRICT.readTree(folder.resolve("model.json").toFile());
    }

    private static float[] numbers(JsonNode tensor) {
        assertEquals("torch.float32", tensor.get("dtype").asText());
        FloatBuffer floats = ByteBuffer.wrap(
                        Base64.getDecoder().decode(tensor.get("data").asText()))
                .order(ByteOrder.LITTLE_ENDIAN)
                .asFloatBuffer();
        float[] numbers = new float[floats.remaining()];
        floats.get(numbers);
        int product = 1;
        for (JsonNode size : tensor.get("shape")) {
            product *= size.asInt();
        }
        assertEquals(product, numbers.length);
        return numbers;
    }

    private static String name(Parameter parameter) {
        return parameter.name().equals("lm_head.weight") ? parameter.name() : "transformer." + parameter.name();
    }

    private static List<String> keys(JsonNode json) {
        List<String> keys = new ArrayList<>();
        json.fieldNames().forEachRemaining(keys::add);
        return keys;
    }

    @ParameterizedTest
    @CsvSource({"true", "false"})
    void everyParameter_isThereOnce_andLinearLayersAreOutByIn(boolean tied) throws IOException {
        Hyperparameters h = nano("model.biases", "true", "model.tied_head", String.valueOf(tied));
        Run run = export(h);
        assertEquals(0, run.exitCode(), run.err());
        assertEquals("", run.err());
        JsonNode json = written();
        try (ParameterRegistry registry = ParameterRegistry.of(h).allocate()) {
            Checkpoint.readWeights(new RunFolder(folder).checkpoint(7), registry);
            List<String> expected = new ArrayList<>(List.of("config"));
            long sum = 0;
            for (Parameter parameter : registry.all()) {
                expected.add(name(parameter));
                JsonNode tensor = json.get(name(parameter));
                float[] read = numbers(tensor);
                sum += read.length;
                float[] here = parameter.tiedTo() == null
                        ? parameter.matrix().toArray()
                        : parameter.tiedTo().matrix().toArray();
                int[] shape = parameter.shape();
                boolean linear = parameter.name().matches("h\\..*\\.(attn|mlp)\\..*\\.weight");
                assertEquals(shape[0], tensor.get("shape").get(linear ? 1 : 0).asInt(), parameter.name());
                if (!linear) {
                    assertArrayEquals(here, read, parameter.name());
                    continue;
                }
                for (int in = 0; in < shape[0]; in++) {
                    for (int out = 0; out < shape[1]; out++) {
                        assertEquals(here[in * shape[1] + out], read[out * shape[0] + in], parameter.name());
                    }
                }
            }
            assertEquals(expected, keys(json));
            long tiedTwice = tied ? registry.get("wte.weight").size() : 0;
            assertEquals(registry.count() + tiedTwice, sum);
            String total = Show.counted(expected.size() - 1, "tensor") + ", " + Show.counted(sum, "number");
            assertTrue(run.out().contains(total), run.out());
        }
    }

    @Test
    void config_hasMinGptsKeys_andTheSizesToDrawAreTold() throws IOException {
        Run run = export(nano());
        JsonNode config = written().get("config");
        assertEquals(
                List.of(
                        "model_type",
                        "n_layer",
                        "n_head",
                        "n_embd",
                        "vocab_size",
                        "block_size",
                        "embd_pdrop",
                        "resid_pdrop",
                        "attn_pdrop"),
                keys(config));
        Hyperparameters h = nano();
        assertEquals(h.model().layers(), config.get("n_layer").asInt());
        assertEquals(h.model().heads(), config.get("n_head").asInt());
        assertEquals(h.model().width(), config.get("n_embd").asInt());
        assertEquals(29, config.get("vocab_size").asInt());
        assertEquals(h.model().contextLength(), config.get("block_size").asInt());
        assertTrue(
                run.out()
                        .contains("T: " + h.model().contextLength() + ", C: "
                                + h.model().width()),
                run.out());
        assertTrue(run.lines().stream().noneMatch(line -> line.length() > 80 && !line.contains(folder.toString())));
    }

    @Test
    void modelWithoutBiases_getsZeros() throws IOException {
        assertEquals(0, export(nano("model.biases", "false")).exitCode());
        JsonNode json = written();
        int width = nano().model().width();
        assertArrayEquals(new float[3 * width], numbers(json.get("transformer.h.1.attn.c_attn.bias")));
        assertArrayEquals(new float[4 * width], numbers(json.get("transformer.h.0.mlp.c_fc.bias")));
        assertArrayEquals(new float[width], numbers(json.get("transformer.ln_f.bias")));
        assertFalse(json.has("lm_head.bias"));
        assertFalse(json.has("transformer.wte.bias"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "model.context_length|10|llm-viz starts with 11 tokens of 3 kinds, and this model has a context of 10",
                "model.vocabulary_size|2|llm-viz starts with 11 tokens of 3 kinds, and this model has a context of ",
                "model.feed_forward_width|40|llm-viz draws feed-forward layers of 4 x the width only",
                "adaptation.lora_rank|2|llm-viz knows no adapters; make them part of the model first",
            })
    void modelThatTheViewerCannotShow_isRefused(String key, String value, String message) {
        Run run = export(nano(key, value));
        assertEquals(2, run.exitCode(), run.err());
        assertTrue(run.err().startsWith("tinygpt: error: " + message), run.err());
        assertFalse(Files.exists(folder.resolve("model.json")));
    }

    @Test
    void whatTheViewerComputesOtherwise_isSaid() {
        Run run = export(nano("model.activation", "gelu_erf", "model.layer_norm_epsilon", "1e-6"));
        assertEquals(0, run.exitCode(), run.err());
        assertEquals(2, run.err().lines().count());
        assertTrue(run.err().contains("computes GELU by tanh"), run.err());
        assertTrue(run.err().contains("epsilon 1e-5, not 1.0E-6"), run.err());
    }

    @Test
    void fileThatExists_isReplacedOnlyByForce() throws IOException {
        Path there = folder.resolve("model.json");
        Files.writeString(there, "mine");
        Run refused = export(nano());
        assertEquals(2, refused.exitCode());
        assertTrue(refused.err().contains("exists already"), refused.err());
        assertEquals("mine", Files.readString(there));
        assertEquals(
                0,
                Run.of("export", "--format=llm-viz", folder.toString(), "--out=" + there, "--force")
                        .exitCode());
        assertTrue(written().has("config"));
        try (var files = Files.list(folder)) {
            assertEquals(2, files.count()); // the run's checkpoints, and no temporary file
        }
    }

    @Test
    void missingFolder_isNamed() {
        export(nano());
        Path out = folder.resolve("none").resolve("model.json");
        Run run = Run.of("export", "--format=llm-viz", folder.toString(), "--out=" + out);
        assertEquals(3, run.exitCode());
        assertEquals(
                "tinygpt: error: " + folder.resolve("none")
                        + ": there is no such folder; make it, or write elsewhere\n",
                run.err());
    }

    @Test
    void unknownFormat_isRefused_andHelpListsThoseThereAre() {
        Run run = Run.of("export", "--format=none", "--out=x");
        assertEquals(2, run.exitCode());
        assertEquals("tinygpt: error: there is no format 'none' to export to; there is hf, onnx, llm-viz\n", run.err());
        Run help = Run.of("export", "--help");
        assertTrue(help.out().contains("\n  llm-viz   JSON for github.com/bbycroft/llm-viz"), help.out());
    }
}
