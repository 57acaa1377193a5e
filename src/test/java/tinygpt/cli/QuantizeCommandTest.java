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
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tinygpt.text.CharacterTokenizer;

/** {@code quantize}: what it says, the file it writes, and that the other commands read it. */
class QuantizeCommandTest {
    private static final String TEXT = "The quick brown fox jumps over the lazy dog. ".repeat(30);

    @TempDir
    private Path folder;

    private String model;
    private String text;

    @BeforeEach
    void write() throws IOException {
        model = SmallModel.random(folder.resolve("run"), CharacterTokenizer.of(TEXT))
                .toString();
        text = Files.writeString(folder.resolve("text.txt"), TEXT).toString();
    }

    private Run quantize(String... more) {
        String[] args = new String[4 + more.length];
        args[0] = "quantize";
        args[1] = model;
        args[2] = "--data=" + text;
        args[3] = "--max-tokens=20";
        System.arraycopy(more, 0, args, 4, more.length);
        return Run.of(args);
    }

    @ParameterizedTest
    @CsvSource({"8,32", "6,32", "4,64", "3,32", "2,16"})
    void lossAfter_isThatOfTheFile_andTheBytesAreTheFormulas(int bits, int group) throws IOException {
        Path out = folder.resolve("small.safetensors");
        Run run = quantize("--bits=" + bits, "--group=" + group, "--out=" + out, "--json");
        assertEquals(0, run.exitCode(), run.err());
        JsonNode json = new ObjectMapper().readTree(run.out());

        Run eval = Run.of("eval", "--model=" + out, "--data=" + text, "--format=json");
        assertEquals(0, eval.exitCode(), eval.err());
        JsonNode evaluated = new ObjectMapper().readTree(eval.out());
        assertEquals(
                evaluated.get("loss").asDouble(), json.get("after").get("loss").asDouble(), 1e-9);
        assertTrue(json.get("before").get("loss").asDouble() > 0);

        // nano: 2 layers of width 32, context 32, 29 tokens; every row is a whole number of groups of 32.
        JsonNode weights = json.get("weights");
        long matrices = weights.get("rounded_numbers").asLong();
        assertEquals(
                2 * 12 * 32 * 32
                        + json.get("errors").get("embedding").get("numbers").asLong(),
                matrices);
        long scales = weights.get("scales").asLong();
        long after = matrices * bits / 8
                + 4 * scales
                + 4 * weights.get("float32_numbers").asLong();
        assertEquals(after, weights.get("bytes_after").asLong());
        assertEquals(Files.size(out), json.get("file_bytes_after").asLong());
        assertTrue(Files.size(out) > after && Files.size(out) < after + 8000, Files.size(out) + " bytes");
        assertEquals(matrices, json.get("errors").get("all").get("numbers").asLong());
    }

    @Test
    void text_showsNumbersErrorsAndBothTexts_andLeavesTheModelAsItWas() throws IOException {
        byte[] before = Files.readAllBytes(
                folder.resolve("run/checkpoints").toFile().listFiles()[0].toPath());
        Run run = quantize("--bits=2");
        assertEquals(0, run.exitCode(), run.err());
        assertTrue(
                run.lines().stream().allMatch(line -> line.length() <= 80 || line.contains(folder.toString())),
                run.out());
        assertTrue(
                run.out().contains("a whole number from -1 to 1, times the float32 scale\n        that 32"), run.out());
        assertTrue(run.out().contains("positions, norms and biases"), run.out());
        assertTrue(run.out().contains("file after      none: --out FILE writes it"), run.out());
        assertTrue(run.out().contains("\nfeed-forward  "), run.out());
        assertTrue(run.out().contains("█"), run.out());
        assertTrue(run.out().contains("a text after, same random numbers"), run.out());
        assertArrayEquals(
                before,
                Files.readAllBytes(folder.resolve("run/checkpoints")
                        .toFile()
                        .listFiles()[0]
                        .toPath()));
        Run ascii = Run.in(StandardCharsets.US_ASCII, "quantize", model, "--data=" + text);
        assertTrue(ascii.out().chars().allMatch(c -> c < 128), ascii.out());
    }

    @Test
    void fewerBits_areWorse() throws IOException {
        double last = 0;
        for (int bits : new int[] {8, 6, 4, 3, 2}) {
            JsonNode json = new ObjectMapper()
                    .readTree(quantize("--bits=" + bits, "--json").out());
            double error = json.get("errors").get("all").get("relative").asDouble();
            assertTrue(error > last, bits + " bits: " + error);
            last = error;
        }
    }

    @Test
    void otherCommands_readTheFile() throws IOException {
        Path out = folder.resolve("small.safetensors");
        assertEquals(0, quantize("--bits=4", "--out=" + out).exitCode());
        Run generate = Run.of("generate", "--model=" + out, "--prompt=The", "--max-tokens=30", "--greedy");
        assertEquals(0, generate.exitCode(), generate.err());
        assertTrue(generate.out().startsWith("The"), generate.out());
        assertFalse(generate.err().contains("float32"), "generated with the bits as they are: " + generate.err());
        // The float32 numbers that the bits stand for, rounded once more: the same text, as greedy choices show.
        Path hf = folder.resolve("hf");
        assertEquals(
                0,
                Run.of("export", "--format=hf", out.toString(), "--out=" + hf).exitCode());
        assertEquals(
                generate.out(),
                Run.of("generate", "--model=" + hf, "--prompt=The", "--max-tokens=30", "--greedy")
                        .out());
        for (String[] command : new String[][] {
            {"params", "--model=" + out},
            {"params", "--model=" + out, "--stats"},
            {"inspect", out.toString(), "wte.weight", "--row=0"},
            {"logits", "--model=" + out, "--ids=1,2"}
        }) {
            Run run = Run.of(command);
            assertEquals(0, run.exitCode(), String.join(" ", command) + ": " + run.err());
        }
        Run diff = Run.of("diff", model, out.toString());
        assertEquals(1, diff.exitCode(), diff.err());
        assertTrue(diff.err().contains("4 bits"), diff.err());
    }

    @Test
    void picture_isWritten() throws IOException {
        Path png = folder.resolve("errors.png");
        assertEquals(0, quantize("--bits=3", "--png=" + png).exitCode());
        byte[] bytes = Files.readAllBytes(png);
        assertEquals("PNG", new String(bytes, 1, 3, StandardCharsets.US_ASCII));
    }

    @ParameterizedTest
    @ValueSource(strings = {"--bits=1", "--bits=9", "--group=33", "--group=8", "--max-tokens=-1", "--threads=0"})
    void impossibleValues_areRefusedInOneLine(String option) {
        Run run = quantize(option);
        assertEquals(2, run.exitCode(), run.out());
        assertEquals(
                1,
                run.err().lines().filter(l -> l.startsWith("tinygpt: error:")).count(),
                run.err());
    }

    @Test
    void existingFile_roundedModel_andBrokenNumbers_areRefused() throws IOException {
        Path out = folder.resolve("small.safetensors");
        assertEquals(0, quantize("--out=" + out).exitCode());
        byte[] written = Files.readAllBytes(out);
        assertEquals(2, quantize("--bits=4", "--out=" + out).exitCode());
        assertArrayEquals(written, Files.readAllBytes(out));
        assertEquals(0, quantize("--bits=4", "--out=" + out, "--force").exitCode());
        assertTrue(Files.size(out) < written.length);

        Run again = Run.of("quantize", out.toString(), "--data=" + text);
        assertEquals(2, again.exitCode());
        assertTrue(again.err().contains("was rounded to 4 bits already"), again.err());

        model = SmallModel.diverged(folder.resolve("nan"), CharacterTokenizer.of(TEXT))
                .toString();
        Run broken = quantize();
        assertEquals(1, broken.exitCode());
        assertTrue(broken.err().contains("not all finite"), broken.err());
    }

    @Test
    void bench_measuresBothInTurns() throws IOException {
        Run run = Run.of("bench", "--preset=nano", "--bits=8", "--seconds=0.2", "--json");
        assertEquals(0, run.exitCode(), run.err());
        JsonNode json = new ObjectMapper().readTree(run.out());
        assertEquals(
                json.get("rounded").get("median_tokens_per_second").asDouble()
                        / json.get("float32").get("median_tokens_per_second").asDouble(),
                json.get("ratio_of_medians").asDouble(),
                1e-9);
        assertTrue(json.get("rounded").get("weight_bytes").asLong() * 2
                < json.get("float32").get("weight_bytes").asLong());
        assertEquals(2, Run.of("bench", "--bits=8", "--steps=3").exitCode());
        assertEquals(2, Run.of("bench", "--bits=8", "--logging").exitCode());
    }
}
