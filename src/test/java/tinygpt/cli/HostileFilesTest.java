package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import tinygpt.formats.RawSafetensors;
import tinygpt.hyperparameters.CanonicalJson;
import tinygpt.hyperparameters.HyperparameterKey;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.Preset;
import tinygpt.runs.RunFolder;
import tinygpt.runs.RunSettings;
import tinygpt.runs.TrainingRun;
import tinygpt.runs.TrainingText;

/**
 * Damaged and malicious files, through the program as it is started: whatever they hold, it ends with one of its exit codes
 * and at most one line, gives back all memory, and never takes much.
 */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HostileFilesTest {
    /** Good files of these sizes take a tenth of it. */
    private static final long MOST_HEAP_BYTES = 64L << 20;

    /** One model is 4 kB, and each test loads many. */
    private static final long MOST_NATIVE_BYTES_KEPT = 64 << 10;

    private static final String TEXT = "a small text, small as can be.\n".repeat(20);

    @TempDir
    Path folder;

    private Path run;
    private Path checkpoint;
    private Path text;
    private long nativeBytes;

    @BeforeEach
    void train() throws IOException {
        run = folder.resolve("run");
        checkpoint = new RunFolder(run).checkpoint(1);
        text = Files.writeString(folder.resolve("text.txt"), TEXT);
        Hyperparameters hyperparameters = small();
        try (TrainingRun training = TrainingRun.start(
                new RunFolder(run),
                TrainingText.read(
                        text,
                        hyperparameters.data().tokenizer(),
                        hyperparameters.data().validationFraction()),
                hyperparameters,
                RunSettings.forSteps(hyperparameters.optimization().steps()),
                1)) {
            training.trainer().train(0, () -> false);
            training.save();
        }
        nativeBytes = Pointer.totalBytes();
    }

    private static Hyperparameters small() {
        ObjectNode changes = JsonNodeFactory.instance.objectNode();
        changes.putObject("model").put("width", 8).put("context_length", 8).put("layers", 1);
        changes.putObject("optimization").put("steps", 1).put("skip_spikes", 6);
        return Preset.named("nano").hyperparameters().with(changes);
    }

    @ParameterizedTest
    @ValueSource(strings = {"params", "generate", "eval", "resume"})
    void damagedCheckpoint_endsInOneLine(String command) throws IOException {
        byte[] good = Files.readAllBytes(checkpoint);
        assertEquals(0, survived(command(command)));
        int refused = 0;
        int cases = command.equals("params") ? 460 : 200;
        for (int i = 0; i < cases; i++) {
            // A resumed run may have saved more.
            for (RunFolder.Saved other : new RunFolder(run).checkpoints()) {
                Files.delete(other.file());
            }
            Files.write(checkpoint, new Mutation(command.hashCode(), i).ofCheckpoint(good));
            refused += survived(command(command)) == Exit.BAD_DATA ? 1 : 0;
        }
        // What is left are changes of the weights, which params does not read, and of what nobody needs.
        assertTrue(refused > cases * 3 / 4, refused + " of " + cases + " refused");
    }

    private String[] command(String name) {
        return switch (name) {
            case "params" -> new String[] {"params", "--model", checkpoint.toString()};
            case "generate" ->
                new String[] {"generate", "--model", checkpoint.toString(), "--prompt=a", "--max-tokens=2"};
            case "eval" -> new String[] {"eval", "--model", checkpoint.toString(), "--data", text.toString()};
            default -> new String[] {"train", "--resume", run.toString(), "--eval-every", "0", "--quiet"};
        };
    }

    /** Here the fingerprint fits, so that the values themselves are what must be refused. */
    @Test
    void extremeHyperparameters_endInOneLine() throws IOException {
        byte[] good = Files.readAllBytes(checkpoint);
        int refused = 0;
        for (HyperparameterKey key : HyperparameterKey.all()) {
            for (String extreme : List.of("0", "-1", "2147483640", "1e308", "1e-320", "null")) {
                RawSafetensors raw = RawSafetensors.read(Files.write(checkpoint, good));
                String config = raw.metadata
                        .get("config")
                        .replaceFirst("\"" + key.name() + "\":[^,}]+", "\"" + key.name() + "\":" + extreme);
                raw.metadata.put("config", config);
                raw.metadata.put("config_sha256", CanonicalJson.sha256(config));
                raw.write(checkpoint);
                refused += survived(command("generate")) == Exit.BAD_DATA ? 1 : 0;
            }
        }
        assertTrue(refused > 90, refused + " refused");
    }

    /** The tokenizer and the other strings have no fingerprint: everything in them is reached. */
    @ParameterizedTest
    @ValueSource(
            strings = {"tokenizer", "data", "data_sha256", "spike_history", "step", "tokens_seen", "tinygpt_format"})
    void hostileMetadata_endInOneLine(String key) throws IOException {
        byte[] good = Files.readAllBytes(checkpoint);
        for (String value : List.of(
                "",
                "\0",
                "-1",
                "9".repeat(400),
                "NaN NaN NaN NaN NaN NaN",
                "{}",
                "[".repeat(50_000),
                "{\"kind\":\"byte\",\"vocabulary_size\":257}",
                "{\"kind\":\"byte\",\"vocabulary_size\":1e99}",
                "{\"kind\":\"character\",\"vocabulary\":[\"\\ud800\",\"<|endoftext|>\"]}",
                "{\"kind\":\"character\",\"vocabulary\":[\"a\",\"<|endoftext|>\"]}",
                "{\"kind\":\"character\",\"vocabulary\":{\"a\":" + "[".repeat(20) + "]".repeat(20) + "}}",
                "{\"kind\":[\"\\u001b[2J\"]}")) {
            RawSafetensors raw = RawSafetensors.read(Files.write(checkpoint, good));
            raw.metadata.put(key, value);
            raw.write(checkpoint);
            byte[] bad = Files.readAllBytes(checkpoint);
            for (String command : List.of("params", "generate", "resume")) {
                int exit = survived(command(command));
                assertTrue(exit == Exit.OK || exit == Exit.BAD_DATA, "exit " + exit);
                for (RunFolder.Saved other : new RunFolder(run).checkpoints()) {
                    Files.delete(other.file());
                }
                Files.write(checkpoint, bad);
            }
            int exit = survived(command("eval"));
            boolean spoilt = key.equals("tokenizer") || key.equals("tinygpt_format");
            assertEquals(spoilt || !value.matches("[0-9]{1,18}") && key.matches("step|tokens_seen") ? 3 : 0, exit);
        }
    }

    @Test
    void damagedHuggingFaceFolder_endsInOneLine() throws IOException {
        Path from = RawSafetensors.resource("gpt2-tiny-tied");
        Path to = Files.createDirectory(folder.resolve("hf"));
        for (String name : List.of("config.json", "model.safetensors")) {
            Files.copy(from.resolve(name), to.resolve(name), StandardCopyOption.REPLACE_EXISTING);
        }
        String[] generate = {"generate", "--model", to.toString(), "--ids", "1", "--max-tokens", "1"};
        assertEquals(0, survived(generate));
        byte[] config = Files.readAllBytes(to.resolve("config.json"));
        byte[] weights = Files.readAllBytes(to.resolve("model.safetensors"));
        int refused = 0;
        for (int i = 0; i < 300; i++) {
            boolean ofConfig = i % 3 > 0;
            Mutation mutation = new Mutation(5, i);
            Files.write(to.resolve("config.json"), ofConfig ? mutation.ofJson(config) : config);
            Files.write(to.resolve("model.safetensors"), ofConfig ? weights : mutation.ofCheckpoint(weights));
            refused += survived(generate) == Exit.BAD_DATA ? 1 : 0;
        }
        assertTrue(refused > 100, refused + " refused");
    }

    /** The tokenizer and its two neighbours, of characters and of byte pairs. */
    @ParameterizedTest
    @EnumSource(names = {"CHARACTERS", "BPE"})
    void damagedTokenizer_endsInOneLine(HuggingFaceModels model) throws IOException {
        Path hf = folder.resolve("hf");
        Run.of("export", "--format=hf", model.run(folder.resolve("exported")).toString(), hf.toString());
        String[] generate = {"generate", "--model", hf.toString(), "--prompt=the", "--max-tokens=1"};
        assertEquals(0, survived(generate));
        int refused = 0;
        for (String name : List.of("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")) {
            Path file = hf.resolve(name);
            byte[] good = Files.readAllBytes(file);
            for (int i = 0; i < (name.equals("tokenizer.json") ? 300 : 20); i++) {
                Files.write(file, new Mutation(model.ordinal(), i).ofJson(good));
                refused += survived(generate) == Exit.BAD_DATA ? 1 : 0;
            }
            Files.write(file, good);
        }
        assertTrue(refused > 100, refused + " refused");
    }

    @Test
    void damagedIndex_endsInOneLine() throws IOException {
        Path hf = Files.createDirectory(folder.resolve("hf"));
        Path golden = RawSafetensors.resource("gpt2-tiny-tied");
        Files.copy(golden.resolve("config.json"), hf.resolve("config.json"));
        RawSafetensors whole = RawSafetensors.read(golden.resolve("model.safetensors"));
        ObjectNode index = JsonNodeFactory.instance.objectNode();
        index.putObject("metadata").put("total_size", 1);
        whole.tensors
                .keySet()
                .forEach(name -> index.withObjectProperty("weight_map").put(name, "model-00001-of-00001.safetensors"));
        whole.write(hf.resolve("model-00001-of-00001.safetensors"));
        byte[] good = index.toString().getBytes(java.nio.charset.StandardCharsets.UTF_8);
        Path file = Files.write(hf.resolve("model.safetensors.index.json"), good);
        String[] generate = {"generate", "--model", hf.toString(), "--ids", "1", "--max-tokens", "1"};
        assertEquals(0, survived(generate));
        int refused = 0;
        for (int i = 0; i < 300; i++) {
            Files.write(file, new Mutation(8, i).ofJson(good));
            refused += survived(generate) == Exit.BAD_DATA ? 1 : 0;
        }
        assertTrue(refused > 200, refused + " refused");
    }

    @Test
    void damagedConfigFile_endsInOneLine() throws IOException {
        Path config = folder.resolve("config.json");
        byte[] good = small().toJson().toPrettyString().getBytes();
        Files.write(config, good);
        String[] params = {"params", "--config", config.toString()};
        assertEquals(0, survived(params));
        int refused = 0;
        for (int i = 0; i < 400; i++) {
            Files.write(config, new Mutation(6, i).ofJson(good));
            refused += survived(params) == Exit.USAGE ? 1 : 0;
        }
        assertTrue(refused > 200, refused + " refused");
    }

    /** Runs the program; its exit code. */
    private int survived(String... args) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long heap0 = threads.getCurrentThreadAllocatedBytes();
        Run result = Run.of(args);
        long heap = threads.getCurrentThreadAllocatedBytes() - heap0;
        String about = String.join(" ", args) + ": " + result;
        assertTrue(heap < MOST_HEAP_BYTES, heap + " bytes of heap; " + about);
        // The collector gives back some small things of earlier tests late, so less than before is no surprise.
        long kept = Pointer.totalBytes() - nativeBytes;
        assertTrue(kept < MOST_NATIVE_BYTES_KEPT, kept + " bytes not given back; " + about);
        assertTrue(result.exitCode() >= Exit.OK && result.exitCode() <= Exit.BAD_DATA, about);
        long errors = result.err()
                .lines()
                .filter(line -> line.startsWith("tinygpt: error:"))
                .count();
        assertEquals(result.exitCode() == Exit.OK ? 0 : 1, errors, about);
        assertFalse(result.err().contains("unexpected"), about);
        assertFalse(result.err().contains("\tat "), about);
        assertTrue(result.err().chars().allMatch(c -> c == '\n' || !Character.isISOControl(c)), about);
        return result.exitCode();
    }
}
