package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tinygpt.cli.Run.with;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tinygpt.reference.ModelFixtures;
import tinygpt.text.ByteTokenizer;
import tinygpt.text.CharacterTokenizer;
import tinygpt.text.Tokenizer;

/** The options of {@code generate} that users of gpt-2-simple know, and those about many texts. */
class GenerateSamplesTest {
    private static final Tokenizer LETTERS = CharacterTokenizer.of("abcdefghijklmnopqrstuvwxyz \n");

    @TempDir
    Path folder;

    @BeforeEach
    void write() {
        SmallModel.random(folder, LETTERS);
    }

    @ParameterizedTest
    @ValueSource(strings = {"--top-k=9", "--json", "--stop=e", "--truncate=a", "--include-prefix=false"})
    void batch_printsWhatSinglesPrint(String option) {
        String[] options = {"--prompt=once", "--samples=7", "--max-tokens=50", option};
        Run singles = run(options);
        assertEquals(0, singles.exitCode(), singles.err());
        for (int size : new int[] {2, 3, 7, 100}) {
            assertEquals(singles, run(with(options, "--batch-size=" + size)));
        }
    }

    @Test
    void namesOfGpt2Simple_areUnderstood() {
        assertEquals(
                run("--prompt=once", "--samples=3", "--max-tokens=12"),
                run("--prefix", "once", "--nsamples", "3", "--length", "16", "--include-prefix", "True"));
    }

    @Test
    void length_countsThePrompt() {
        assertEquals("once\n", run("--prompt=once", "--length=4").out());
        assertEquals(
                new Run(
                        2,
                        "",
                        "tinygpt: error: --length is 3, but the prompt alone has 4 tokens; --length counts them too\n"),
                run("--prompt=once", "--length=3"));
    }

    @Test
    void truncate_cutsTheTextAtItsFirstPlace() {
        String[] options = {"--prompt=once", "--temperature=2", "--max-tokens=40"};
        String text = run(options).out();
        String cut = text.substring(8, 11);
        String expected = text.substring(0, text.indexOf(cut));
        assertEquals(expected + "\n", run(with(options, "--truncate=" + cut)).out());
        assertEquals(
                expected.substring(4) + "\n",
                run(with(options, "--truncate=" + cut, "--include-prefix=false"))
                        .out());
        assertEquals("on\n", run(with(options, "--truncate=ce")).out());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {"--sample-delimiter=====|====", "--sample-delimiter=|''", "--top-k=0|---"})
    void delimiter_standsBetweenTexts(String option, String line) {
        String between = line.isEmpty() ? "" : line + "\n";
        String[] options = {"--prompt=on", "--samples=3", "--max-tokens=9"};
        String[] texts = run(options).out().split("---\n", -1);
        assertEquals(3, texts.length);
        assertEquals(String.join(between, texts), run(with(options, option)).out());
    }

    @Test
    void destination_getsTheText_andStdoutNothing() throws IOException {
        Path file = folder.resolve("texts.txt");
        Files.writeString(file, "older");
        String[] options = {"--prompt=once", "--samples=5", "--max-tokens=20"};
        Run run = run(with(options, "--batch-size=2", "--destination=" + file));
        assertEquals(new Run(0, "", "wrote 5 texts, 100 tokens, to " + file + "\n"), run);
        assertEquals(run(options).out(), Files.readString(file));
        assertNothingElse();
    }

    @Test
    void destination_keepsItsOlderFile_ifTheModelFails() throws IOException {
        SmallModel.diverged(folder, LETTERS);
        Path file = folder.resolve("texts.txt");
        Files.writeString(file, "older");
        Run run = run("--prompt=once", "--destination=" + file);
        assertEquals(1, run.exitCode());
        assertEquals(1, run.err().lines().count());
        assertEquals("older", Files.readString(file));
        assertNothingElse();
    }

    @Test
    void destination_inAFolderThatIsNotThere_isBadData() {
        Run run = run("--prompt=once", "--destination=" + folder.resolve("none").resolve("texts.txt"));
        assertEquals(3, run.exitCode());
        assertTrue(run.err().contains("there is no such folder; make it, or write elsewhere"), run.err());
        assertEquals(1, run.err().lines().count());
    }

    private void assertNothingElse() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(
                    List.of("checkpoints", "texts.txt"),
                    files.map(f -> f.getFileName().toString()).sorted().toList());
        }
    }

    @Test
    void json_hasALineForEachText() throws IOException {
        String[] options = {"--prompt=once", "--samples=3", "--max-tokens=30", "--stop=e", "--seed=5"};
        String[] texts = run(options).out().split("---\n", -1);
        List<String> lines = run(with(options, "--json")).lines();
        assertEquals(3, lines.size());
        for (int sample = 0; sample < 3; sample++) {
            JsonNode json = new ObjectMapper().readTree(lines.get(sample));
            assertEquals(sample, json.get("sample").asInt());
            assertEquals(5, json.get("seed").asInt());
            assertEquals("once", json.get("prompt").asText());
            assertEquals(4, json.get("prompt_ids").size());
            String text = json.get("text").asText();
            assertEquals(texts[sample], text.endsWith("\n") ? text : text + "\n");
            int[] ids = StreamSupport.stream(json.get("ids").spliterator(), false)
                    .mapToInt(JsonNode::asInt)
                    .toArray();
            assertEquals(ids.length, json.get("tokens").asInt());
            boolean stopped = json.get("end").asText().equals("stop");
            assertTrue(stopped || ids.length == 30, json.toString());
            assertEquals(text + (stopped ? "e" : ""), "once" + LETTERS.decode(ids));
            assertTrue(json.get("log_probability").asDouble() < 0, json.toString());
        }
    }

    @Test
    void json_saysWhyATextEnded_andHowLikelyItWas() throws IOException {
        SmallModel.indifferent(folder, LETTERS, Map.of()); // every token has the probability 1/29
        JsonNode some = json("--prompt=once", "--max-tokens=4", "--top-k=3", "--seed=2");
        assertEquals("length", some.get("end").asText());
        assertEquals(-4 * Math.log(29), some.get("log_probability").asDouble(), 1e-6);
        JsonNode whole = json("--prompt=once", "--max-tokens=2000"); // no text gets that far
        assertEquals("end_of_text", whole.get("end").asText());
        JsonNode stopped = json("--prompt=once", "--greedy", "--stop-ids=5,0");
        assertEquals("stop", stopped.get("end").asText());
        assertEquals(0, stopped.get("tokens").asInt());
        assertEquals(0, stopped.get("log_probability").asDouble());
    }

    @Test
    void json_ofAModelWithoutTokenizer_hasIdsOnly() throws IOException {
        ModelFixtures.Golden golden = ModelFixtures.golden("gpt2-tiny-tied");
        String prompt = IdList.text(golden.greedyPrompt());
        String model = "--model=" + golden.folder();
        Run run = Run.of("generate", model, "--greedy", "--ids=" + prompt, "--max-tokens=3", "--json");
        JsonNode json = new ObjectMapper().readTree(run.out());
        assertTrue(json.get("prompt").isNull());
        assertTrue(json.get("text").isNull());
        assertEquals(3, json.get("ids").size());
        for (int i = 0; i < 3; i++) {
            assertEquals(golden.greedyContinuation()[i], json.get("ids").get(i).asInt());
        }
    }

    @Test
    void idsWithoutThePrompt_areThoseThatFollow() {
        ModelFixtures.Golden golden = ModelFixtures.golden("gpt2-tiny-tied");
        int[] follows = golden.greedyContinuation();
        String[] options = {
            "generate",
            "--model=" + golden.folder(),
            "--greedy",
            "--ids=" + IdList.text(golden.greedyPrompt()),
            "--length=" + (golden.greedyPrompt().length + 3),
            "--include-prefix=false"
        };
        assertEquals(new Run(0, follows[0] + "," + follows[1] + "," + follows[2] + "\n", ""), Run.of(options));
    }

    @Test
    void stopFile_hasAStopTextOnEachLine() throws IOException {
        Path stops = Files.writeString(folder.resolve("stops.txt"), "@@\n\ne\r\nqu\n");
        String[] options = {"--prompt=once", "--samples=3", "--max-tokens=40"};
        assertEquals(run(with(options, "--stop=e", "--stop=qu")), run(with(options, "--stop-file=" + stops)));
        Files.writeString(stops, "\n\n");
        assertEquals(
                new Run(3, "", "tinygpt: error: " + stops + " has no stop text; it has one on each line\n"),
                run("--stop-file=" + stops));
        Path none = folder.resolve("none.txt");
        assertEquals(new Run(3, "", "tinygpt: error: there is no file " + none + "\n"), run("--stop-file=" + none));
    }

    /** Where the vocabulary has no such token it is plain text, and the prompt comes back as it was. */
    @Test
    void startOfText_isPlainTextWhereTheVocabularyHasNoSuchToken() throws IOException {
        SmallModel.random(folder, new ByteTokenizer());
        JsonNode json = json("--prefix=<|startoftext|>", "--max-tokens=3", "--truncate=<|endoftext|>");
        assertEquals(15, json.get("prompt_ids").size());
        assertTrue(json.get("text").asText().startsWith("<|startoftext|>"), json.toString());
        JsonNode special = json("--prefix=<|endoftext|>", "--max-tokens=3");
        assertEquals(1, special.get("prompt_ids").size());
    }

    @Test
    void explanation_hasAColumnForEachRule() {
        Run run = run(
                "--prompt=once",
                "--max-tokens=3",
                "--explain",
                "--candidates=4",
                "--min-p=0.5",
                "--repetition-penalty=1.5");
        assertEquals(
                List.of("rank", "token", "logit", "model", "penalized", "temp 0.8", "min-p 0.5", "random numbers"),
                List.of(run.lines().get(1).strip().split("\\s{2,}")));
        assertTrue(run.out().contains("min-p cut "), run.out());
        assertTrue(run.out().contains("cut by min-p"), run.out());
    }

    @Test
    void explanationAsJson_hasThePenalizedLogit() throws IOException {
        JsonNode json =
                json("--prompt=once", "--max-tokens=1", "--explain", "--candidates=29", "--repetition-penalty=2");
        int penalized = 0;
        for (JsonNode c : json.get("candidates")) {
            double logit = c.get("logit").asDouble();
            boolean inPrompt = "once".contains(c.get("text").asText());
            double expected = !inPrompt ? logit : logit > 0 ? logit / 2 : logit * 2;
            assertEquals(expected, c.get("penalized").asDouble(), 1e-5);
            penalized += inPrompt ? 1 : 0;
        }
        assertEquals(4, penalized);
        assertEquals(0, json.get("cut_by_min_p").asInt());
    }

    /** As with '| head -1': no message, and no text is begun that nobody reads. */
    @ParameterizedTest
    @ValueSource(strings = {"--batch-size=1", "--batch-size=4", "--json"})
    void readerThatGoesAway_endsItQuietly(String option) {
        ClosingPipe closing = new ClosingPipe(got -> got.indexOf("\n") >= 0);
        StringWriter err = new StringWriter();
        int exitCode = Main.run(
                new PrintWriter(closing),
                new PrintWriter(err),
                "generate",
                "--model=" + folder,
                "--prompt=once",
                "--max-tokens=60",
                "--samples=1000000000",
                option);
        assertEquals(0, exitCode);
        assertEquals("", err.toString());
        assertFalse(closing.got().isEmpty());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--batch-size=0|--batch-size is 0; it must be at least 1",
                "--length=0|--length is 0; it must be at least 1",
                "--length=5 --max-tokens=5|--length counts the prompt and --max-tokens does not; leave out one of them",
                "--truncate=|--truncate is empty, so every text would end before it begins",
                "--include-prefix=maybe|Invalid value for option '--include-prefix': 'maybe' is not a boolean",
                "--explain --batch-size=2|--explain follows one text at a time; leave out --batch-size or --explain",
                "--min-p=2|min-p is 2.0; it must lie between 0",
                "--repetition-penalty=0|the repetition penalty is 0.0; it must be a number above 0",
                "--frequency-penalty=NaN|the frequency penalty is NaN; it must be a number",
                "--presence-penalty=Infinity|the presence penalty is Infinity; it must be a number",
                "--stop-ids=29|--stop-ids has 29, but the ids of this model's vocabulary run from 0 to 28",
            })
    void wrongOptions_areRefused(String options, String message) {
        Run run = run(options.split(" "));
        assertEquals(2, run.exitCode(), run.err());
        assertEquals("", run.out());
        assertTrue(run.err().startsWith("tinygpt: error: " + message), run.err());
        assertEquals(1, run.err().lines().count());
    }

    @ParameterizedTest
    @ValueSource(strings = {"--truncate", "--stop-file"})
    void textOptions_ofAModelWithoutTokenizer_areRefused(String option) throws IOException {
        Path stops = Files.writeString(folder.resolve("stops.txt"), "a\n");
        Path golden = ModelFixtures.golden("gpt2-tiny-tied").folder();
        Run run = Run.of("generate", "--model=" + golden, option, stops.toString());
        assertEquals(2, run.exitCode());
        assertTrue(run.err().startsWith("tinygpt: error: " + option + " needs a tokenizer"), run.err());
    }

    private JsonNode json(String... options) throws IOException {
        Run run = run(with(options, "--json"));
        assertEquals(0, run.exitCode(), run.err());
        return new ObjectMapper().readTree(run.out());
    }

    private Run run(String... options) {
        return Run.of(with(new String[] {"generate", "--model=" + folder}, options));
    }
}
