package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tinygpt.model.Gpt;
import tinygpt.reference.ModelFixtures;
import tinygpt.reference.ReferenceGpt;
import tinygpt.runs.LoadedModel;
import tinygpt.tensor.WorkerTeam;
import tinygpt.text.ByteTokenizer;
import tinygpt.text.CharacterTokenizer;
import tinygpt.text.Corpus;
import tinygpt.text.NgramLadder;
import tinygpt.text.Tokenizer;
import tinygpt.training.Evaluation;

class EvalCommandTest {
    private static final Tokenizer LETTERS = CharacterTokenizer.of("abc");

    @TempDir
    Path folder;

    private Path data;
    private String text;

    @BeforeEach
    void write() throws IOException {
        text = "abcabacab".repeat(100); // 900 tokens: 810 to train on, 90 for validation
        data = folder.resolve("text.txt");
        Files.writeString(data, text);
    }

    @Test
    void table_ofAnIndifferentModel_isThatOfFourEqualTokens() {
        SmallModel.indifferent(folder, LETTERS, Map.of());
        NgramLadder ladder = NgramLadder.of(Corpus.of(LETTERS, text, 0.1));
        assertEquals(
                new Run(0, """
                        model           %s, step 7
                        data            %s, validation split
                        tokens          89 predicted · 89 characters
                        vocabulary      4 tokens (character) · 3 occur in the data
                        loss            1.3863 ± 0.0000 nats/token
                        perplexity      4.00
                        bits/character  2.0000

                        losses to compare with (counted on the training split, vocabulary 3)
                        uniform         1.0986
                        unigram         %s
                        bigram          %s
                        this model      1.3863
                        """.formatted(folder, data, Show.loss(ladder.unigram()), Show.loss(ladder.bigram())), ""),
                eval("--data=" + data));
    }

    @ParameterizedTest
    @CsvSource({"validation, 89", "train, 809", "all, 899"})
    void json_ofARandomModel_isTheEvaluationOfTheSplit(String split, int tokens) throws IOException {
        SmallModel.random(folder, LETTERS);
        Corpus corpus = Corpus.of(LETTERS, text, 0.1);
        int[] ids = switch (split) {
            case "validation" -> corpus.validation();
            case "train" -> corpus.train();
            default -> LETTERS.encode(text);
        };
        JsonNode json = json("--data=" + data, "--split=" + split, "--threads=2");
        try (LoadedModel loaded = LoadedModel.open(folder);
                WorkerTeam team =
                        new WorkerTeam(1, Gpt.longestRow(loaded.model().shape()))) {
            Evaluation.Result result = Evaluation.evaluate(loaded.model(), ids, team);
            assertEquals(result.loss(), json.get("loss").asDouble());
            assertEquals(result.standardError(), json.get("standard_error").asDouble());
            assertEquals(result.perplexity(), json.get("perplexity").asDouble());
        }
        assertEquals(tokens, json.get("tokens").asInt());
        assertEquals(tokens, json.get("characters").asInt());
        assertEquals(
                json.get("loss").asDouble() / Math.log(2),
                json.get("bits_per_character").asDouble(),
                1e-12);
        assertEquals(split, json.get("split").asText());
        assertEquals(7, json.get("step").asInt());
        assertEquals("character", json.get("tokenizer").asText());
        assertEquals(4, json.get("vocabulary_size").asInt());
        assertEquals(3, json.at("/ladder/vocabulary").asInt());
        assertEquals(Math.log(3), json.at("/ladder/uniform").asDouble());
        NgramLadder ladder = NgramLadder.on(corpus, ids);
        assertEquals(ladder.unigram(), json.at("/ladder/unigram").asDouble());
        assertEquals(ladder.bigram(), json.at("/ladder/bigram").asDouble());
    }

    /** The unigram loss of the training split under its own counts, by hand: a 4/9, b 3/9, c 2/9 of 810, each plus one. */
    @Test
    void ladder_ofTheTrainingSplit_isAboutThatSplit() throws IOException {
        SmallModel.indifferent(folder, LETTERS, Map.of());
        JsonNode json = json("--data=" + data, "--split=train");
        double a = -Math.log(361 / 813.0);
        double b = -Math.log(271 / 813.0);
        double c = -Math.log(181 / 813.0);
        assertEquals(
                (359 * a + 270 * b + 180 * c) / 809, json.at("/ladder/unigram").asDouble(), 1e-12);
    }

    @Test
    void bytes_areCountedAsCharacters() throws IOException {
        SmallModel.indifferent(folder, new ByteTokenizer(), Map.of());
        Files.write(data, "ab\u00e9".repeat(100).getBytes(StandardCharsets.UTF_8)); // 400 bytes, 40 for validation
        JsonNode json = json("--data=" + data);
        assertEquals(39, json.get("tokens").asInt());
        assertEquals(29, json.get("characters").asInt());
        assertEquals(
                39 * Math.log(257) / Math.log(2) / 29,
                json.get("bits_per_character").asDouble(),
                1e-5);
    }

    @Test
    void oneWindow_hasNoStandardError() throws IOException {
        SmallModel.indifferent(folder, LETTERS, Map.of());
        Files.writeString(data, text.substring(0, 100));
        assertTrue(json("--data=" + data).get("standard_error").isNull());
        assertTrue(eval("--data=" + data).out().contains("\nloss            1.3863 nats/token\n"));
    }

    @Test
    void withoutData_theTextOfTheTrainingIsTaken() throws IOException {
        SmallModel.indifferent(folder, LETTERS, Map.of("data", data.toString()));
        Run run = eval();
        assertEquals("", run.err());
        assertTrue(run.out().contains("\ndata            " + data + ", validation split\n"), run.out());
    }

    @Test
    void textOfTheTraining_thatIsGone_isReplacedByTheTales_andSaid() {
        SmallModel.indifferent(
                folder,
                new ByteTokenizer(),
                Map.of("data", folder.resolve("gone.txt").toString()));
        Run run = eval();
        assertEquals(0, run.exitCode());
        assertTrue(run.out().contains("tales.txt, validation split\n"), run.out());
        assertTrue(
                run.err().startsWith("tinygpt: note: " + folder.resolve("gone.txt") + ", which this model"), run.err());
    }

    @Test
    void unknownCharacters_areNamed_orPassedOver() throws IOException {
        SmallModel.indifferent(folder, LETTERS, Map.of());
        Files.writeString(data, "ab\u00e9" + text);
        Run refused = eval("--data=" + data);
        assertEquals(3, refused.exitCode());
        assertTrue(refused.err().contains("the vocabulary lacks the character '\u00e9' (U+00E9)"), refused.err());
        assertEquals(
                901,
                json("--data=" + data, "--split=all", "--unknown=skip")
                        .get("tokens")
                        .asInt());
        assertEquals(
                902,
                json("--data=" + data, "--split=all", "--unknown=replace")
                        .get("tokens")
                        .asInt());
    }

    @Test
    void tooShortText_isRefused() throws IOException {
        SmallModel.indifferent(folder, LETTERS, Map.of());
        Files.writeString(data, "abcabcabca");
        Run run = eval("--data=" + data);
        assertEquals(
                new Run(
                        3,
                        "",
                        "tinygpt: error: " + data
                                + ": its validation split has 1 tokens, so there is nothing to predict;"
                                + " give a longer text, or --split all\n"),
                run);
    }

    @Test
    void textForAHuggingFaceFolder_isRefusedWithTheFix() {
        Path golden = ModelFixtures.golden("gpt2-tiny-tied").folder();
        assertEquals(
                new Run(
                        2,
                        "",
                        "tinygpt: error: a text cannot be given to " + golden + ": it has no tokenizer;"
                                + " encode the text elsewhere and give its token ids with"
                                + " --ids-file\n"),
                Run.of("eval", "--model=" + golden));
    }

    /** One sequence of the golden case: the loss is PyTorch's on that row. */
    @Test
    void idsForAHuggingFaceFolder_giveLossAndPerplexity() throws IOException {
        ModelFixtures.Golden golden = ModelFixtures.golden("gpt2-tiny-tied");
        int[] row = golden.ids()[0];
        Path ids = folder.resolve("ids.txt");
        Files.writeString(ids, Arrays.stream(row).mapToObj(String::valueOf).collect(Collectors.joining(",\n")) + "\n");
        double expected = new ReferenceGpt(golden.shape(), golden.weights())
                .loss(
                        new int[][] {Arrays.copyOf(row, row.length - 1)},
                        new int[][] {Arrays.copyOfRange(row, 1, row.length)});
        Run run = Run.of("eval", "--model=" + golden.folder(), "--ids-file=" + ids, "--format=json");
        assertEquals(0, run.exitCode(), run.err());
        JsonNode json = new ObjectMapper().readTree(run.out());
        assertEquals(expected, json.get("loss").asDouble(), 1e-5);
        assertEquals(Math.exp(expected), json.get("perplexity").asDouble(), 1e-3);
        assertEquals(row.length - 1, json.get("tokens").asInt());
        for (String unknown : new String[] {"bits_per_character", "characters", "ladder", "step", "split"}) {
            assertTrue(json.get(unknown).isNull(), unknown);
        }
        String table = Run.of("eval", "--model=" + golden.folder(), "--ids-file=" + ids)
                .out();
        assertTrue(table.contains("\ndata            " + ids + ", token ids\n"), table);
        assertTrue(table.endsWith("\nperplexity      " + Show.perplexity(Math.exp(expected)) + "\n"), table);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "1 2,x3 | line 1 holds 'x3', which is no token id",
                "1 -2 | line 1 holds '-2', which is no token id",
                "1 99999999999 | line 1 holds the id '99999999999', but the ids of this model's vocabulary run from 0 to 3",
                "1 4 | line 1 holds the id '4', but",
                "3 | has 1 token ids, so there is nothing to predict"
            })
    void badIds_areRefusedWithTheLine(String content, String message) throws IOException {
        SmallModel.indifferent(folder, LETTERS, Map.of());
        Path ids = folder.resolve("ids.txt");
        Files.writeString(ids, content);
        Run run = eval("--ids-file=" + ids);
        assertEquals(3, run.exitCode());
        assertTrue(run.err().startsWith("tinygpt: error: " + ids), run.err());
        assertTrue(run.err().contains(message), run.err());
    }

    @Test
    void idsBesideAText_areRefused() throws IOException {
        SmallModel.indifferent(folder, LETTERS, Map.of());
        Path ids = folder.resolve("ids.txt");
        Files.writeString(ids, "1\t2\r\n3");
        assertEquals(2, eval("--ids-file=" + ids, "--data=" + data).exitCode());
        assertEquals(2, eval("--ids-file=" + ids, "--split=all").exitCode());
        assertEquals(2, json("--ids-file=" + ids).get("tokens").asInt());
    }

    @Test
    void noThreads_areRefused() {
        assertEquals(
                new Run(2, "", "tinygpt: error: --threads is 0; at least one thread must work\n"), eval("--threads=0"));
    }

    @Test
    void missingData_isBadData() {
        SmallModel.indifferent(folder, LETTERS, Map.of());
        Run run = eval("--data=" + folder.resolve("none"));
        assertEquals(3, run.exitCode());
        assertTrue(run.err().startsWith("tinygpt: error: there is no file " + folder.resolve("none")), run.err());
    }

    private Run eval(String... options) {
        String[] command = {"eval", "--model=" + folder};
        return Run.of(
                Stream.concat(Arrays.stream(command), Arrays.stream(options)).toArray(String[]::new));
    }

    private JsonNode json(String... options) throws IOException {
        Run run = eval(Stream.concat(Stream.of("--format=json"), Arrays.stream(options))
                .toArray(String[]::new));
        assertEquals(0, run.exitCode(), run.err());
        return new ObjectMapper().readTree(run.out());
    }
}
