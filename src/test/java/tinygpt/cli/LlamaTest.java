package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import de.kherud.llama.InferenceParameters;
import de.kherud.llama.LlamaModel;
import de.kherud.llama.LlamaOutput;
import de.kherud.llama.ModelParameters;
import de.kherud.llama.args.LogFormat;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tinygpt.generation.Generator;
import tinygpt.generation.SamplingSettings;
import tinygpt.model.Gpt;
import tinygpt.runs.LoadedModel;
import tinygpt.tensor.Workspace;
import tinygpt.text.Tokenizer;

/**
 * Exported GGUF files in llama.cpp itself: it cuts a text into the same tokens and continues it with the same ones.
 *
 * <p>de.kherud:llama 4.2.0 is llama.cpp b4916 of March 2025. Probabilities are not compared, since its
 * {@code setNProbs} ends the JVM.
 */
class LlamaTest {
    private static final String TALE = """
            Once upon a time there was a cat who lived in a small house by the sea. The cat had a red hat, and \
            "what a hat!" said the fish. Every day the cat sat by the sea and the fish swam by. \
            It was 7 o'clock; they'd met 12 times.
            """;
    private static final String ODD =
            "na\u00EFve \u2014 caf\u00E9\u2019s \u4F60\u597D \uD83D\uDE00\uD83C\uDDE9\uD83C\uDDEA"
                    + "\u200D\uD83D\uDC4D\uD83C\uDFFD \t\n\n  \u00A0\u3000 \u0639\u0631\u0628\u064A 1\u00BD3 <tag> 's'LL \n";
    private static final int COMPARED_CHARACTERS = 20_000;
    private static final int GREEDY_TOKENS = 30;

    @TempDir
    private static Path folder;

    private static Path text;

    @BeforeAll
    static void load() throws IOException {
        System.setProperty("de.kherud.llama.tmpdir", folder.toString());
        try {
            LlamaModel.setLogger(LogFormat.TEXT, (level, message) -> {});
        } catch (LinkageError e) {
            String reason = "DID NOT RUN: llama.cpp's library cannot be loaded here (on Linux it needs libgomp1): " + e;
            System.out.println("LlamaTest " + reason);
            Assumptions.abort(reason);
        }
        text = Files.writeString(folder.resolve("text.txt"), ODD + TALE.repeat(60));
    }

    @ParameterizedTest
    @CsvSource({
        "character, f32, true, true",
        "byte, f32, false, false",
        "bpe, f32, true, false",
        "bpe, f32, false, true",
        "character, f16, true, true",
        "byte, bf16, false, false",
        "bpe, q8_0, true, false",
        "character, q4_0, true, true",
    })
    void exportedModel_readsAndContinuesTheSame(String tokenizer, String type, boolean tied, boolean biases) {
        Path run = folder.resolve(tokenizer + tied + biases);
        if (!Files.exists(run)) {
            train(run, tokenizer, tied, biases);
        }
        Path file = folder.resolve(tokenizer + type + tied + biases + ".gguf");
        Run exported = Run.of("export", "--format=gguf", "--type=" + type, run.toString(), "--out=" + file);
        assertEquals(0, exported.exitCode(), exported.err());
        String long20k = (ODD + TALE).repeat(80).substring(0, COMPARED_CHARACTERS);
        try (LoadedModel ours = LoadedModel.open(file);
                LlamaModel theirs = new LlamaModel(new ModelParameters()
                        .setModel(file.toString())
                        .setCtxSize(64)
                        .setThreads(1)
                        .disableLog()
                        .skipWarmup())) {
            Tokenizer known = ours.tokenizer().orElseThrow();
            assertEquals(tokenizer, known.kind());
            int[] ids = known.encode(long20k);
            assertArrayEquals(ids, theirs.encode(long20k));
            assertEquals(long20k, theirs.decode(ids));
            // Quantized, both dequantize the weights alike, but llama.cpp also rounds what they are multiplied with.
            if (type.equals("f32")) {
                assertSameContinuation(ours, theirs);
            }
        }
    }

    /** Each of llama.cpp's pieces is one token: where they are ASCII, it holds none of them back. */
    private static void assertSameContinuation(LoadedModel ours, LlamaModel theirs) {
        Tokenizer tokenizer = ours.tokenizer().orElseThrow();
        try (Generator generator = new Generator(
                ours.model(), new Workspace(Gpt.longestRow(ours.model().shape())))) {
            for (String prompt : List.of("Once upon", "The cat", " fish")) {
                List<String> expected = new ArrayList<>();
                generator.tokens(
                        tokenizer.encode(prompt),
                        SamplingSettings.greedy(GREEDY_TOKENS),
                        0,
                        OptionalInt.empty(),
                        id -> expected.add(tokenizer.decode(id)));
                assertTrue(StandardCharsets.US_ASCII.newEncoder().canEncode(String.join("", expected)));
                List<String> pieces = new ArrayList<>();
                for (LlamaOutput output : theirs.generate(new InferenceParameters(prompt)
                        .setNPredict(GREEDY_TOKENS)
                        .setTemperature(0)
                        .setRepeatPenalty(1)
                        .setCachePrompt(false))) {
                    if (!output.text.isEmpty()) { // the last says only that it stopped
                        pieces.add(output.text);
                    }
                }
                assertEquals(expected, pieces);
                assertEquals(GREEDY_TOKENS, pieces.size());
            }
        }
    }

    private static void train(Path run, String tokenizer, boolean tied, boolean biases) {
        List<String> arguments = new ArrayList<>(List.of(
                "train",
                "--data",
                text.toString(),
                "--preset=nano",
                "--context-length=64",
                "--steps=150",
                "--tokenizer=" + tokenizer,
                "--tied-head=" + tied,
                "--biases=" + biases,
                "--quiet",
                "--threads=1",
                "--out=" + run));
        if (tokenizer.equals("bpe")) {
            arguments.add("--vocab=320");
        }
        Run trained = Run.of(arguments.toArray(String[]::new));
        assertEquals(0, trained.exitCode(), trained.err());
    }
}
