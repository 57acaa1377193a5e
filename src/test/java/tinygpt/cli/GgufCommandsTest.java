package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tinygpt.formats.GgufReader;
import tinygpt.formats.GgufTensor;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.inspection.InspectedModel;
import tinygpt.inspection.WeightFile;
import tinygpt.parameters.Parameter;
import tinygpt.reference.ModelFixtures;
import tinygpt.text.BytePairTrainer;
import tinygpt.text.ByteTokenizer;
import tinygpt.text.CharacterTokenizer;
import tinygpt.text.Tokenizer;

/** GGUF through the commands: written, listed, and taken as a model. */
class GgufCommandsTest {
    private static final String TEXT = "the cat sat on the m\u00E1t \u2014 caf\u00E9\n";

    @TempDir
    private Path folder;

    private Path gguf;

    @BeforeEach
    void name() {
        gguf = folder.resolve("model.gguf");
    }

    private static Tokenizer tokenizer(String kind) {
        return switch (kind) {
            case "character" -> CharacterTokenizer.of(TEXT);
            case "byte" -> new ByteTokenizer();
            default ->
                BytePairTrainer.train(
                        TEXT.repeat(9).getBytes(StandardCharsets.UTF_8), 262, 0, BytePairTrainer.Progress.NONE);
        };
    }

    /** A checkpoint of random numbers, none of them 0. */
    private Path model(String tokenizer, String... changes) {
        Tokenizer t = tokenizer(tokenizer);
        Hyperparameters h = InspectedModel.nano(3)
                .with("model.vocabulary_size", String.valueOf(t.vocabularySize()))
                .with("data.tokenizer", tokenizer);
        for (int i = 0; i < changes.length; i += 2) {
            h = h.with(changes[i], changes[i + 1]);
        }
        return InspectedModel.write(folder.resolve("run"), h, 7, t.describe(), registry -> {
            ModelFixtures.fill(registry, ModelFixtures.randomWeights(registry, 1));
        });
    }

    private Run export(Path model, Path out, String... options) {
        List<String> arguments = new ArrayList<>(List.of("export", "--format=gguf", model.toString(), "--out=" + out));
        arguments.addAll(List.of(options));
        return Run.of(arguments.toArray(String[]::new));
    }

    private static float[] numbers(WeightFile file, Parameter parameter) {
        float[] numbers = new float[(int) parameter.size()];
        file.read(parameter, 0, numbers, 0, numbers.length);
        return numbers;
    }

    /** Through float32 every bit of every number comes back, and the tokenizer as what it was. */
    @ParameterizedTest
    @CsvSource({
        "character, true, true, gelu_tanh",
        "byte, false, true, gelu_erf",
        "bpe, true, false, gelu_tanh",
        "character, false, false, gelu_erf"
    })
    void modelThroughFloat32_isTheSame(String kind, String tied, String biases, String activation) throws IOException {
        Path checkpoint = model(kind, "model.tied_head", tied, "model.biases", biases, "model.activation", activation);
        assertEquals(0, export(checkpoint, gguf).exitCode());
        try (WeightFile before = WeightFile.open(checkpoint);
                WeightFile after = WeightFile.open(gguf)) {
            assertEquals(
                    before.tokenizer().orElseThrow().describe(),
                    after.tokenizer().orElseThrow().describe());
            assertEquals(before.shape().activation(), after.shape().activation());
            assertEquals(before.shape().layerNormEpsilon(), after.shape().layerNormEpsilon());
            assertEquals(before.shape().tiedHead(), after.shape().tiedHead());
            assertTrue(after.shape().biases());
            for (Parameter parameter : after.registry().all()) {
                float[] expected = before.registry().contains(parameter.name())
                        ? numbers(before, before.registry().get(parameter.name()))
                        : new float[(int) parameter.size()];
                assertArrayEquals(expected, numbers(after, parameter), parameter.name());
            }
        }
        Path again = folder.resolve("again.gguf");
        assertEquals(0, export(gguf, again).exitCode());
        byte[] first = Files.readAllBytes(gguf);
        assertArrayEquals(first, Files.readAllBytes(again));

        String[] logits = {"logits", "--ids=1,2,3", "--model"};
        Run here = Run.of(with(logits, checkpoint.toString()));
        Run there = Run.of(with(logits, gguf.toString()));
        assertEquals(0, there.exitCode(), there.err());
        assertEquals(here.out(), there.out());
    }

    private static String[] with(String[] arguments, String last) {
        String[] all = java.util.Arrays.copyOf(arguments, arguments.length + 1);
        all[arguments.length] = last;
        return all;
    }

    @ParameterizedTest
    @CsvSource({"f16, F16, 1e-3", "bf16, BF16, 8e-3", "q8_0, Q8_0, 8e-3", "q4_0, Q4_0, 0.14"})
    void smallerTypes_areCloseToTheNumbers(String type, String stored, double most) {
        Path checkpoint = model("byte", "model.tied_head", "false");
        assertEquals(0, export(checkpoint, gguf, "--type=" + type).exitCode());
        try (GgufReader file = GgufReader.open(gguf)) {
            for (GgufTensor tensor : file.tensors()) {
                boolean tokens = tensor.name().equals("token_embd.weight")
                        || tensor.name().equals("output.weight");
                String expected = tensor.ne().length == 1 || tensor.name().equals("position_embd.weight")
                        ? "F32"
                        : stored.equals("Q4_0") && tokens ? "Q8_0" : stored;
                assertEquals(expected, tensor.type().name(), tensor.name());
            }
        }
        try (WeightFile before = WeightFile.open(checkpoint);
                WeightFile after = WeightFile.open(gguf)) {
            double worst = 0;
            for (Parameter parameter : after.registry().all()) {
                float[] exact = numbers(before, before.registry().get(parameter.name()));
                float[] rounded = numbers(after, parameter);
                double largest = 0;
                double error = 0;
                for (int i = 0; i < exact.length; i++) {
                    largest = Math.max(largest, Math.abs(exact[i]));
                    error = Math.max(error, Math.abs(exact[i] - rounded[i]));
                }
                assertTrue(error <= most * largest, parameter.name() + " is off by " + error + " of " + largest);
                worst = Math.max(worst, error / largest);
            }
            assertTrue(worst > most / 16, "nothing was rounded: " + worst);
        }
    }

    @Test
    void compactFile_hasNoHead_andIsTied() {
        Path checkpoint = model("byte", "model.tied_head", "true");
        Run run = export(checkpoint, gguf, "--compact");
        assertEquals(0, run.exitCode(), run.err());
        assertFalse(run.err().contains("output head"), run.err());
        try (GgufReader file = GgufReader.open(gguf);
                WeightFile model = WeightFile.open(gguf)) {
            assertTrue(file.tensor("output.weight").isEmpty());
            assertTrue(model.shape().tiedHead());
        }
    }

    @Test
    void filesThatTheExportCannotHold_areRefused_orSaid() {
        Path narrow = model("byte", "model.width", "24", "model.feed_forward_width", "96");
        Run refused = export(narrow, gguf, "--type=q8_0");
        assertEquals(2, refused.exitCode());
        assertEquals(
                "tinygpt: error: the width of this model is 24, and q8_0 stores rows in blocks of 32; write it with --type"
                        + " f16, or train a width that is a multiple of 32\n",
                refused.err());
        assertFalse(Files.exists(gguf));
        Run narrowHalf = export(narrow, gguf, "--type=f16");
        assertEquals(0, narrowHalf.exitCode(), narrowHalf.err());
        assertTrue(narrowHalf.err().contains("makes room for 256 tokens, and this model has positions for 32"));
        Run unknown = export(narrow, folder.resolve("b.gguf"), "--type=q5_0");
        assertEquals(2, unknown.exitCode());
        assertEquals("tinygpt: error: there is no --type 'q5_0'; there is f32, f16, bf16, q8_0, q4_0\n", unknown.err());
        Run other =
                Run.of("export", "--format=llm-viz", "--type=f16", narrow.toString(), "--out=" + folder.resolve("c"));
        assertEquals(2, other.exitCode());
        assertEquals("tinygpt: error: --type belongs to --format gguf; llm-viz has no such choice\n", other.err());
    }

    @Test
    void file_isAModelForTheCommands() throws IOException {
        assertEquals(0, export(model("byte"), gguf).exitCode());
        String path = gguf.toString();
        Path text = Files.writeString(folder.resolve("text.txt"), TEXT.repeat(30));
        Run params = Run.of("params", "--model", path);
        assertEquals(0, params.exitCode(), params.err());
        assertTrue(params.out().contains("wte.weight"), params.out());
        Run inspect = Run.of("inspect", path, "wte.weight", "--row=a");
        assertEquals(0, inspect.exitCode(), inspect.err());
        Run diff = Run.of("diff", folder.resolve("run").toString(), path);
        assertEquals(0, diff.exitCode(), diff.out() + diff.err());
        Run stats = Run.of("params", "--stats", path);
        assertEquals(0, stats.exitCode(), stats.err());
        Run eval = Run.of("eval", "--model", path, "--data", text.toString());
        assertEquals(0, eval.exitCode(), eval.err());
        Path tuned = folder.resolve("tuned");
        Run train = Run.of(
                "train", "--from", path, "--data", text.toString(), "--steps=1", "--quiet", "--out", tuned.toString());
        assertEquals(0, train.exitCode(), train.err());
        assertTrue(Files.isDirectory(tuned));
        Run tokens = Run.of("tokenize", "--model", path, "cat");
        assertEquals(0, tokens.exitCode(), tokens.err());
        Run generated = Run.of("generate", "--model", path, "--prompt=the", "--max-tokens=3", "--greedy");
        assertEquals(0, generated.exitCode(), generated.err());
        assertEquals(
                Run.of(
                                "generate",
                                "--model",
                                folder.resolve("run").toString(),
                                "--prompt=the",
                                "--max-tokens=3",
                                "--greedy")
                        .out(),
                generated.out());
    }

    @Test
    void listing_hasEveryKeyAndTensor() throws IOException {
        assertEquals(0, export(model("character"), gguf, "--type=q8_0").exitCode());
        Run table = Run.of("inspect", gguf.toString());
        assertEquals(0, table.exitCode(), table.err());
        assertTrue(table.out().contains("GGUF version 3, "), table.out());
        assertTrue(
                table.lines().stream().anyMatch(line -> line.matches("gpt2\\.context_length +u32 +32")), table.out());
        assertTrue(
                table.lines().stream()
                        .anyMatch(line ->
                                line.matches("blk\\.1\\.ffn_down\\.weight +Q8_0 +\\[128, 32\\] +[0-9,]+ +4,352")),
                table.out());
        JsonNode json = new ObjectMapper()
                .readTree(Run.of("inspect", "--json", gguf.toString()).out());
        assertEquals("gpt2", json.at("/keys/general.architecture/value").asText());
        assertEquals(
                1e-5, json.at("/keys/gpt2.attention.layer_norm_epsilon/value").asDouble());
        assertEquals(
                tokenizer("character").vocabularySize(),
                json.at("/keys/tokenizer.ggml.tokens/value").size());
        try (GgufReader file = GgufReader.open(gguf)) {
            assertEquals(file.tensors().size(), json.get("tensors").size());
            assertEquals(2 + 2 * 12 + 3, file.tensors().size());
        }
        Run named = Run.of("inspect", "--json", gguf.toString(), "wte.weight");
        assertEquals(2, named.exitCode());
    }
}
