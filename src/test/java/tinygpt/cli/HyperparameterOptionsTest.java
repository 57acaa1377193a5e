package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import tinygpt.hyperparameters.HyperparameterKey;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.InvalidHyperparameterException;
import tinygpt.hyperparameters.Preset;

final class HyperparameterOptionsTest {
    private static final Hyperparameters TINY = Preset.named("tiny").hyperparameters();
    private static final Hyperparameters NANO = Preset.named("nano").hyperparameters();

    @TempDir
    private Path folder;

    @Test
    void nothingSaid_isTiny() throws IOException {
        HyperparameterOptions options = parse();
        assertEquals(TINY, options.resolve());
        assertEquals("tiny", options.presetName());
        assertFalse(options.presetGiven());
        assertEquals(Set.of(), options.explicitKeys());
    }

    @ParameterizedTest
    @MethodSource("keys")
    void everyKey_hasAFlag(HyperparameterKey key) throws IOException {
        // The value it has already: right in type and combination whatever the key is.
        String value = String.valueOf(NANO.valueOf(key)).toLowerCase(Locale.ROOT);
        HyperparameterOptions options = parse("--preset", "nano", key.flag(), value);
        assertEquals(NANO.with(key.path(), value), options.resolve());
        assertEquals(Set.of(key.path()), options.explicitKeys());
    }

    static List<HyperparameterKey> keys() {
        return HyperparameterKey.all();
    }

    @Test
    void laterWins_presetThenConfigThenFlags() throws IOException {
        String config =
                config("{\"preset\": \"nano\", \"model\": {\"layers\": 3, \"context_length\": 16}, \"seed\": 5}");
        HyperparameterOptions options = parse("--config", config, "--layers", "4");
        Hyperparameters resolved = options.resolve();
        assertEquals("nano", options.presetName());
        assertTrue(options.presetGiven());
        assertEquals(4, resolved.model().layers());
        assertEquals(16, resolved.model().contextLength());
        assertEquals(5, resolved.seed());
        assertEquals(NANO.optimization(), resolved.optimization());
        assertEquals(List.of("model.context_length", "model.layers", "seed"), new ArrayList<>(options.explicitKeys()));
    }

    @Test
    void presetOnTheCommandLine_winsOverTheConfigFiles() throws IOException {
        HyperparameterOptions options = parse("--config", config("{\"preset\": \"nano\"}"), "--preset", "gpt2");
        assertEquals(Preset.named("gpt2").hyperparameters(), options.resolve());
    }

    @Test
    void combination_isJudgedAsAWhole() throws IOException {
        // A width of 90 goes with 3 heads from a flag, though not with the preset's 4.
        HyperparameterOptions options = parse("--config", config("{\"model\": {\"width\": 90}}"), "--heads", "3");
        assertEquals(30, options.resolve().model().headWidth());
    }

    @Test
    void dropout_setsTheThreeRates_unlessOneIsGiven() throws IOException {
        HyperparameterOptions options = parse("--dropout", "0.2", "--attention-dropout", "0.1");
        Hyperparameters resolved = options.resolve();
        assertEquals(0.2, resolved.model().embeddingDropout());
        assertEquals(0.1, resolved.model().attentionDropout());
        assertEquals(0.2, resolved.model().residualDropout());
        assertEquals(
                Set.of("model.embedding_dropout", "model.attention_dropout", "model.residual_dropout"),
                options.explicitKeys());
    }

    @Test
    void otherBase_replacesThePreset() throws IOException {
        assertEquals(NANO.with("seed", "3"), parse("--seed", "3").resolve(NANO));
    }

    @Test
    void negativeSeed_isAValue() throws IOException {
        assertEquals(-3, parse("--seed", "-3").resolve().seed());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "--layers,x|--layers takes an integer of at most 2,147,483,647, not 'x'",
                "--biases,yes|--biases takes one of true, false, not 'yes'",
                "--schedule,step|optimization.schedule takes one of cosine, linear, constant, not \"step\"",
                "--width,100,--heads,3|width 100 cannot be divided into 3 heads of equal size; use a width of 102, or 2 or 4 heads",
                "--dropout,1|embedding_dropout is 1.0; a dropout rate lies in [0, 1)"
            })
    void wrongFlag_isRefused(String args, String message) {
        assertEquals(message, refusal(args.split(",")));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            {"model": {"layers": 3,}}         | , line 1, column 24: not valid JSON: Unexpected character ('}' (code 125)): was expecting double-quote to start field name
            {"model": {                       |   , line 1, column 12: not valid JSON: Unexpected end-of-input: expected close marker for Object (start marker at line: 1, column: 11)
            {"seed": 1, "seed": 2}            | , line 1, column 19: not valid JSON: Duplicate field 'seed'
            [1]                               | : a config file is one JSON object { ... }, and this is [1]
            {"model": {"depth": 3}, "seed":1} | : 'model.depth' is not a hyperparameter of this version
            {"model": {"layers": "3"}}        | : model.layers takes an integer of at most 2,147,483,647, not "3"
            {"model": 7}                      | : model must be a JSON object { ... }, not 7
            {"preset": 7}                     | : "preset" takes the name of a preset, not 7
            {"model": {"width": 90}}          | : width 90 cannot be divided into 4 heads of equal size
            """)
    void wrongConfig_isRefusedWithItsPlace(String text, String message) throws IOException {
        String file = config(text);
        String refusal = refusal("--config", file);
        assertTrue(refusal.startsWith(file + message), refusal);
    }

    @Test
    void wrongGroup_isStillRefusedWhenAFlagSetsIntoIt() throws IOException {
        String file = config("{\"model\": 7}");
        assertEquals(file + ": model must be a JSON object { ... }, not 7", refusal("--config", file, "--layers", "3"));
    }

    @Test
    void errorOnALaterLine_hasThatLine() throws IOException {
        String file = config("{\n  \"seed\": 1\n  \"model\": {}\n}\n");
        String refusal = refusal("--config", file);
        assertTrue(refusal.startsWith(file + ", line 3, column 3: not valid JSON: "), refusal);
    }

    @Test
    void secondDocument_isRefused() throws IOException {
        String file = config("{\"seed\": 1}\n{\"seed\": 2}");
        String refusal = refusal("--config", file);
        assertTrue(refusal.startsWith(file + ", line 2, column 1: not valid JSON: Trailing token"), refusal);
    }

    @Test
    void emptyConfig_isRefused() throws IOException {
        String file = config("");
        assertEquals(file + ": a config file is one JSON object { ... }, and this is empty", refusal("--config", file));
    }

    @Test
    void configThatIsNotUtf8_isRefused() throws IOException {
        Path file = folder.resolve("latin.json");
        Files.write(file, "{\"préset\": 1}".getBytes(StandardCharsets.ISO_8859_1));
        assertEquals(file + ": a config file is UTF-8 text, and this is not", refusal("--config", file.toString()));
    }

    @Test
    void missingConfig_isMissing() {
        assertThrows(
                NoSuchFileException.class,
                () -> parse("--config", "no/such.json").resolve());
    }

    @Test
    void flagErrorBesideAGoodConfig_doesNotBlameTheConfig() throws IOException {
        assertEquals(
                "width 64 cannot be divided into 5 heads of equal size; use a width of 65, or 4 or 8 heads",
                refusal("--config", config("{\"model\": {\"width\": 64}}"), "--heads", "5"));
    }

    private static HyperparameterOptions parse(String... args) {
        CommandSpec spec = CommandSpec.create();
        HyperparameterOptions options = HyperparameterOptions.addTo(spec);
        new CommandLine(spec).parseArgs(args);
        return options;
    }

    private static String refusal(String... args) {
        return assertThrows(
                        InvalidHyperparameterException.class, () -> parse(args).resolve())
                .getMessage();
    }

    private String config(String text) throws IOException {
        return Files.writeString(folder.resolve("config.json"), text).toString();
    }
}
