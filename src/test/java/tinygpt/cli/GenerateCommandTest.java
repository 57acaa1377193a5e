package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tinygpt.generation.Generator;
import tinygpt.generation.SamplingSettings;
import tinygpt.model.Gpt;
import tinygpt.reference.ModelFixtures;
import tinygpt.runs.LoadedModel;
import tinygpt.tensor.Workspace;
import tinygpt.text.CharacterTokenizer;
import tinygpt.text.Tokenizer;

class GenerateCommandTest {
    private static final Tokenizer LETTERS = CharacterTokenizer.of("abcdefghijklmnopqrstuvwxyz \n");

    @TempDir
    Path folder;

    @BeforeEach
    void write() {
        SmallModel.random(folder, LETTERS);
    }

    @Test
    void promptAndWhatFollows_areAllThatIsOnStdout() {
        String follows = generate("once", SamplingSettings.defaults().withMaxTokens(60));
        Run run = run("--prompt", "once", "--max-tokens", "60");
        assertEquals(new Run(0, ended("once" + follows), ""), run);
    }

    @Test
    void samplingOptions_areThoseOfTheGenerator() {
        SamplingSettings settings = SamplingSettings.defaults()
                .withTemperature(1.3)
                .withTopK(9)
                .withTopP(0.7)
                .withSeed(-5)
                .withMaxTokens(50);
        Run run = run("--prompt=once", "--max-tokens=50", "--temperature=1.3", "--top-k=9", "--top-p=0.7", "--seed=-5");
        assertEquals(new Run(0, ended("once" + generate("once", settings)), ""), run);
    }

    @Test
    void slide_isTheGenerators() {
        SamplingSettings settings = SamplingSettings.greedy(80);
        String[] texts = new String[2];
        for (int i = 0; i < 2; i++) {
            int slide = i == 0 ? 1 : 32;
            try (LoadedModel loaded = LoadedModel.open(folder);
                    Generator generator = generator(loaded.model(), slide)) {
                texts[i] = ended("once" + generator.generate(LETTERS, "once", settings));
            }
            assertEquals(
                    texts[i],
                    run("--prompt=once", "--greedy", "--max-tokens=80", "--slide=" + slide)
                            .out());
        }
    }

    @Test
    void samples_areSeparatedByALine() {
        Run run = run("--prompt", "once", "--max-tokens", "20", "--samples", "3");
        StringBuilder expected = new StringBuilder();
        try (LoadedModel loaded = LoadedModel.open(folder);
                Generator generator = generator(loaded.model(), 16)) {
            for (int sample = 0; sample < 3; sample++) {
                StringBuilder text = new StringBuilder("once");
                generator.text(
                        LETTERS,
                        LETTERS.encode("once"),
                        SamplingSettings.defaults().withMaxTokens(20),
                        sample,
                        piece -> text.append(piece) != null);
                expected.append(sample > 0 ? "---\n" : "").append(ended(text.toString()));
            }
        }
        assertEquals(new Run(0, expected.toString(), ""), run);
    }

    @Test
    void stopText_endsTheText() {
        String follows = generate("once", SamplingSettings.greedy(40));
        String stop = follows.substring(20, 23);
        Run run = run("--prompt=once", "--greedy", "--max-tokens=40", "--stop=@@", "--stop=" + stop);
        assertEquals(ended("once" + follows.substring(0, follows.indexOf(stop))), run.out());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {"once|once", "once\\n|once", "once\\r\\n|once", "once\\n\\n|once\\n", "''|''", "\\n|''"})
    void prompt_fromStdin_losesItsLastLineBreak(String piped, String prompt) {
        String expected = prompt.replace("\\n", "\n");
        String text = ended(expected + generate(expected, SamplingSettings.greedy(9)));
        String in = piped.replace("\\n", "\n").replace("\\r", "\r");
        assertEquals(text, piping(in, "false", "--prompt=-", "--greedy", "--max-tokens=9"));
        assertEquals(text, piping(in, "false", "--greedy", "--max-tokens=9"));
    }

    @Test
    void withoutPromptOnATerminal_aNewTextBegins_andStdinIsNotRead() {
        String text = ended(generate("", SamplingSettings.greedy(9)));
        assertEquals(text, piping("not read", "true", "--greedy", "--max-tokens=9"));
    }

    @Test
    void ids_ofAModelWithTokenizer_areAPromptAsText() {
        int[] ids = LETTERS.encode("once");
        String list = Arrays.stream(ids).mapToObj(String::valueOf).collect(Collectors.joining(","));
        Run byIds = run("--ids", list, "--greedy", "--max-tokens", "9");
        assertEquals(run("--prompt", "once", "--greedy", "--max-tokens", "9"), byIds);
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt2-tiny-tied", "gpt2-tiny-untied"})
    void huggingFaceFolder_takesAndGivesIds(String name) {
        ModelFixtures.Golden golden = ModelFixtures.golden(name);
        int[] follows = golden.greedyContinuation();
        String prompt = IdList.text(golden.greedyPrompt());
        Run run = Run.of(
                "generate",
                "--model=" + golden.folder(),
                "--greedy",
                "--ids=" + prompt,
                "--max-tokens=" + follows.length);
        String text = IntStream.of(follows).mapToObj(id -> "," + id).collect(Collectors.joining());
        assertEquals(new Run(0, prompt + text + "\n", ""), run);
    }

    @Test
    void huggingFaceFolder_withoutIds_beginsANewText() {
        ModelFixtures.Golden golden = ModelFixtures.golden("gpt2-tiny-tied");
        Run run = Run.of("generate", "--model=" + golden.folder(), "--greedy", "--max-tokens=3");
        Run fromEnd = Run.of("generate", "--model=" + golden.folder(), "--greedy", "--max-tokens=3", "--ids=65");
        assertEquals(0, run.exitCode());
        assertEquals("65," + run.out(), fromEnd.out());
    }

    @ParameterizedTest
    @ValueSource(strings = {"--prompt=a", "--stop=a", "--unknown=skip"})
    void huggingFaceFolder_withText_isRefused(String option) {
        Path golden = ModelFixtures.golden("gpt2-tiny-tied").folder();
        assertEquals(
                new Run(
                        2,
                        "",
                        "tinygpt: error: " + option.replaceAll("=.*", "")
                                + " needs a tokenizer, and the Hugging"
                                + " Face folder " + golden + " has none; encode the prompt elsewhere and give its"
                                + " token ids with --ids\n"),
                Run.of("generate", "--model=" + golden, option));
    }

    @Test
    void unknownCharacters_areNamed_leftOut_orReplaced() {
        Run refused = run("--prompt", "öncE", "--max-tokens", "5");
        assertEquals(2, refused.exitCode());
        assertTrue(
                refused.err()
                        .startsWith("tinygpt: error: the vocabulary lacks the characters 'ö' (U+00F6), 'E' (U+0045): "),
                refused.err());
        assertEquals(run("--prompt", "nc"), run("--prompt", "öncE", "--unknown", "skip"));
        assertEquals(run("--prompt", " nc "), run("--prompt", "öncE", "--unknown", "replace"));
    }

    @Test
    void readerThatGoesAway_endsItQuietly() {
        ClosingPipe closing = new ClosingPipe(got -> got.length() >= 10);
        StringWriter err = new StringWriter();
        int exitCode = Main.run(
                new PrintWriter(closing),
                new PrintWriter(err),
                "generate",
                "--model=" + folder,
                "--prompt=once",
                "--max-tokens=100000000",
                "--samples=3");
        assertEquals(0, exitCode);
        assertEquals("", err.toString());
        assertTrue(
                closing.got().length() >= 10 && closing.got().length() < 30,
                closing.got().toString());
    }

    @Test
    void verbose_reportsTheSpeedOnStderr() {
        Run run = run("--prompt=once", "--max-tokens=12", "--greedy", "--verbose");
        assertTrue(run.err().matches("12 tokens in \\d+\\.\\d\\d s, \\d+\\.\\d tokens/s\n"), run.err());
    }

    @Test
    void divergedModel_isReportedWithoutTrace() {
        SmallModel.diverged(folder, LETTERS);
        Run run = run("--prompt=once");
        assertEquals(1, run.exitCode());
        assertTrue(run.err().startsWith("tinygpt: error: the model's logits are not finite numbers"), run.err());
        assertEquals(1, run.err().lines().count());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--greedy --temperature=1|--greedy is temperature 0; leave out --temperature or --greedy",
                "--prompt=a --ids=1|--prompt and --ids both say what the text begins with; give one",
                "--samples=0|--samples is 0; it must be at least 1",
                "--temperature=-1|the temperature is -1.0; it must be a number from 0 on",
                "--top-k=-1|top-k is -1; ",
                "--top-p=0|top-p is 0.0; ",
                "--max-tokens=-1|the most tokens to generate are -1",
                "--stop=|a stop text is empty",
                "--slide=0|the window cannot slide by 0 tokens; 1 to 32 are possible, the model's context length",
                "--ids=1,29|--ids has 29, but the ids of this model's vocabulary run from 0 to 28",
                "--ids=1,,2|Invalid value for option '--ids': '' is no token id",
                "--ids=-1|Invalid value for option '--ids': '-1' is no token id; ids are whole numbers",
            })
    void wrongOptions_areRefused(String options, String message) {
        Run run = run(options.split(" "));
        assertEquals(2, run.exitCode(), run.err());
        assertEquals("", run.out());
        assertTrue(run.err().startsWith("tinygpt: error: " + message), run.err());
    }

    @Test
    void missingModel_isBadData() {
        Run run = Run.of("generate", "--model=" + folder.resolve("none"));
        assertEquals(3, run.exitCode());
        assertTrue(run.err().contains("there is no such file or folder"), run.err());
    }

    @Test
    void withoutModel_theLatestRunIsTaken_orMissed() throws Exception {
        Run missed = inFolder("generate", "--prompt=once", "--max-tokens=9", "--greedy");
        assertEquals(
                new Run(
                        3,
                        "",
                        "tinygpt: error: there is no latest run in this folder; train a model first with"
                                + " 'tinygpt train', or give one with --model\n"),
                missed);
        Files.createDirectory(folder.resolve("runs"));
        Files.writeString(folder.resolve("runs").resolve("latest"), folder + "\n");
        Run taken = inFolder("generate", "--prompt=once", "--max-tokens=9", "--greedy");
        assertEquals(run("--prompt=once", "--max-tokens=9", "--greedy"), taken);
    }

    private Run inFolder(String... args) throws Exception {
        Path err = folder.resolve("err.txt");
        String[] java = {
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            System.getProperty("java.class.path"),
            "tinygpt.cli.Main"
        };
        String[] command =
                Stream.concat(Arrays.stream(java), Arrays.stream(args)).toArray(String[]::new);
        Process process = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectError(err.toFile())
                .start();
        process.getOutputStream().close();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        int exitCode = process.waitFor();
        // The vector module is not asked for here, which is noted.
        String messages = Files.readString(err)
                .lines()
                .filter(line -> !line.startsWith("tinygpt: note: the scalar kernels are in use"))
                .map(line -> line + "\n")
                .collect(Collectors.joining());
        return new Run(exitCode, out, messages);
    }

    private Run run(String... options) {
        String[] command = {"generate", "--model=" + folder};
        return Run.of(
                Stream.concat(Arrays.stream(command), Arrays.stream(options)).toArray(String[]::new));
    }

    private String piping(String text, String terminal, String... options) {
        InputStream in = System.in;
        System.setIn(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));
        System.setProperty("tinygpt.stdin.terminal", terminal);
        try {
            return run(options).out();
        } finally {
            System.setIn(in);
            System.clearProperty("tinygpt.stdin.terminal");
        }
    }

    private String generate(String prompt, SamplingSettings settings) {
        try (LoadedModel loaded = LoadedModel.open(folder);
                Generator generator = generator(loaded.model(), 16)) {
            return generator.generate(LETTERS, prompt, settings);
        }
    }

    private static Generator generator(Gpt model, int slide) {
        return new Generator(model, new Workspace(Gpt.longestRow(model.shape())), slide);
    }

    private static String ended(String text) {
        return text.isEmpty() || text.endsWith("\n") ? text : text + "\n";
    }
}
