package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnxruntime.OrtException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tinygpt.formats.OnnxRun;
import tinygpt.formats.TokenizerFiles;
import tinygpt.generation.Generator;
import tinygpt.generation.SamplingSettings;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.inspection.InspectedModel;
import tinygpt.model.Gpt;
import tinygpt.runs.LoadedModel;
import tinygpt.tensor.Workspace;
import tinygpt.text.Tokenizer;

/** {@code export --format onnx}: the folder, opened again with ONNX Runtime. */
class OnnxExportTest {
    private static final int GENERATED = 30;
    private static final int PROMPT = 2; // of a context of 32

    @TempDir
    private Path folder;

    private Run export(Path model, String... options) {
        String[] command = {
            "export", "--format=onnx", model.toString(), folder.resolve("out").toString()
        };
        return Run.of(Stream.of(command, options).flatMap(Arrays::stream).toArray(String[]::new));
    }

    private static List<String> files(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile)
                    .map(file -> folder.relativize(file).toString().replace('\\', '/'))
                    .sorted()
                    .toList();
        }
    }

    @ParameterizedTest
    @EnumSource
    void exportedModel_hasOurTokensAndWritesOurGreedyText(HuggingFaceModels model) throws IOException, OrtException {
        Path run = model.run(folder.resolve("run"));
        Run export = export(run);
        assertEquals(0, export.exitCode(), export.err());
        Path out = folder.resolve("out");
        assertEquals(
                List.of(
                        "README.md",
                        "config.json",
                        "generation_config.json",
                        "onnx/model.onnx",
                        "special_tokens_map.json",
                        "tokenizer.json",
                        "tokenizer_config.json"),
                files(out));
        Tokenizer tokenizer = model.tokenizer();
        assertEquals(tokenizer.describe(), TokenizerFiles.read(out).describe());
        try (LoadedModel loaded = LoadedModel.open(run);
                OnnxRun onnx = new OnnxRun(
                        out.resolve("onnx/model.onnx"), loaded.model().shape(), 1)) {
            int[] prompt = Arrays.copyOf(tokenizer.encode("One morning"), PROMPT);
            int[] expected = greedy(loaded.model(), prompt);
            int[] got = new int[GENERATED];
            float[][] logits = onnx.read(prompt)[0];
            for (int i = 0; i < GENERATED; i++) {
                got[i] = OnnxRun.highest(logits[logits.length - 1]);
                logits = i + 1 < GENERATED ? onnx.read(new int[] {got[i]})[0] : logits;
            }
            assertArrayEquals(expected, got);
        }
    }

    private static int[] greedy(Gpt model, int... prompt) {
        IntStream.Builder ids = IntStream.builder();
        try (Generator generator = new Generator(model, new Workspace(Gpt.longestRow(model.shape())))) {
            generator.tokens(prompt, SamplingSettings.greedy(GENERATED), 0, OptionalInt.empty(), id -> {
                ids.add(id);
                return true;
            });
        }
        return ids.build().toArray();
    }

    /** In a browser transformers.js would look for quantized weights; and it must know how to be called. */
    @Test
    void configurationAndMessage_areForTransformersJs() throws IOException {
        Run export = export(HuggingFaceModels.ASCII_CHARACTERS.run(folder.resolve("run")));
        JsonNode config = new ObjectMapper()
                .readTree(folder.resolve("out").resolve("config.json").toFile());
        assertEquals("fp32", config.path("transformers.js_config").path("dtype").asText());
        assertEquals("gpt2", config.path("model_type").asText());
        String pipeline = "await pipeline(\"text-generation\", \"out\")";
        assertTrue(export.out().contains(pipeline), export.out());
        assertTrue(export.out().contains("env.localModelPath = \"" + folder + "\""), export.out());
        assertTrue(Files.readString(folder.resolve("out").resolve("README.md")).contains(pipeline));
        assertTrue(export.out().contains("32 tokens"), export.out());
    }

    @Test
    void modelWithAdapters_isRefused() {
        Hyperparameters h = InspectedModel.nano(3).with("adaptation.lora_rank", "2");
        Run run = export(InspectedModel.write(folder.resolve("run"), h, 7, registry -> {}));
        assertEquals(2, run.exitCode());
        assertEquals(
                "tinygpt: error: ONNX knows no adapters; make them part of the model first, with 'tinygpt merge'\n",
                run.err());
        assertFalse(Files.exists(folder.resolve("out")));
    }

    @Test
    void exportThatExists_isReplacedByForce_butNoOtherFolder() throws IOException {
        Path run = HuggingFaceModels.BYTES.run(folder.resolve("run"));
        assertEquals(0, export(run).exitCode());
        assertEquals(2, export(run).exitCode());
        Run again = export(run, "--force");
        assertEquals(0, again.exitCode(), again.err());
        Path out = folder.resolve("out");
        Files.writeString(out.resolve("mine.txt"), "mine");
        Run refused = export(run, "--force");
        assertEquals(2, refused.exitCode());
        assertTrue(refused.err().contains("holds something else than an export"), refused.err());
        assertEquals("mine", Files.readString(out.resolve("mine.txt")));
    }
}
