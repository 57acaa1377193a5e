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
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tinygpt.inspection.AttentionHead;
import tinygpt.model.Gpt;
import tinygpt.reference.ModelFixtures;
import tinygpt.runs.LoadedModel;
import tinygpt.runs.RunFolder;
import tinygpt.tensor.Workspace;
import tinygpt.text.CharacterTokenizer;
import tinygpt.text.Tokenizer;

/** The commands that look into a forward pass: generate --explain, attention, lens, ablate. */
class LookingCommandsTest {
    private static final Tokenizer LETTERS = CharacterTokenizer.of("abcdefghijklmnopqrstuvwxyz \n");

    @TempDir
    Path folder;

    private Path data;

    @BeforeEach
    void write() throws IOException {
        SmallModel.random(folder, LETTERS);
        data = folder.resolve("text.txt");
        Files.writeString(data, "once upon a time there was a fox ".repeat(40));
    }

    @Test
    void explain_saysWhyEachToken_andEndsWithTheTextOfTheSameCommand() {
        Run plain = run("generate", "--prompt=once", "--max-tokens=3", "--top-k=4", "--top-p=0.7");
        Run run = run("generate", "--prompt=once", "--max-tokens=3", "--top-k=4", "--top-p=0.7", "--explain");
        assertEquals(0, run.exitCode());
        assertEquals("", run.err());
        assertTrue(run.out().endsWith("\n\n" + plain.out()), run.out());
        assertTrue(run.out().startsWith("token 1, after \"once\"\n"), run.out());
        List<String> chosen =
                run.lines().stream().filter(line -> line.matches(" +> \\d+ .*")).toList();
        assertEquals(3, chosen.size());
        assertTrue(chosen.stream().allMatch(line -> line.matches(".* 0\\.\\d{4} to [01]\\.\\d{4}")), run.out());
        assertTrue(run.lines().stream().allMatch(line -> line.length() <= 80), run.out());
        assertTrue(run.out().contains(" could be chosen, top-k cut 25"), run.out());
        assertTrue(run.out().contains("(seed 1337, sample 0, token 3): "), run.out());
        assertTrue(run.lines().get(1).contains("model  temp 0.8  top-k 4  top-p 0.7"), run.out());
    }

    @Test
    void explainGreedy_drawsNothing_andRulesThatAreOffHaveNoColumn() {
        Run run = run("generate", "--prompt=once", "--max-tokens=1", "--greedy", "--explain", "--candidates=2");
        assertFalse(run.out().contains("temperature"), run.out());
        assertFalse(run.out().contains("top-"), run.out());
        assertTrue(run.out().contains("is the likeliest token, and no random number is drawn\n"), run.out());
        assertEquals(
                2,
                run.lines().stream().filter(l -> l.matches(" +(> )?\\d+  '.*")).count());
    }

    @Test
    void explainAsJson_isALineForEachToken_whoseIdsAreTheText() throws IOException {
        Run plain = run("generate", "--prompt=once", "--max-tokens=5", "--samples=2");
        Run run = run("generate", "--prompt=once", "--max-tokens=5", "--samples=2", "--explain", "--json");
        assertEquals(10, run.lines().size());
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 10; i++) {
            JsonNode choice = new ObjectMapper().readTree(run.lines().get(i));
            text.append(i % 5 > 0 ? "" : i == 0 ? "once" : "---\nonce");
            text.append(choice.get("text").asText()).append(i % 5 == 4 ? "\n" : "");
            assertEquals(i / 5, choice.get("sample").asInt());
            assertEquals(i % 5, choice.get("number").asInt());
            JsonNode chosen = null;
            for (JsonNode candidate : choice.get("candidates")) {
                chosen = candidate.get("id").equals(choice.get("id")) ? candidate : chosen;
            }
            double drawn = choice.get("drawn").asDouble();
            assertTrue(chosen.get("from").asDouble() <= drawn
                    && drawn <= chosen.get("to").asDouble());
            assertEquals("none", chosen.get("cut").asText());
        }
        assertEquals(plain.out(), text.toString());
    }

    @Test
    void attention_showsMapsThatEndAtTheDiagonal_andMeans() {
        Run run = run("attention", "--prompt=a fox", "--color=never", "--layer=1", "--head=0");
        assertEquals(0, run.exitCode());
        int at = run.lines().indexOf("h.1.head.0");
        assertEquals("  a ␣ f o x", run.lines().get(at + 1));
        for (int query = 0; query < 5; query++) {
            String line = run.lines().get(at + 2 + query);
            assertEquals(2 + 2 * (query + 1), line.length(), line);
            assertTrue(line.substring(2).chars().allMatch(c -> Shades.SIGNS.indexOf(c) >= 0), line);
        }
        assertEquals("@@", run.lines().get(at + 2).substring(2)); // the first token sees itself alone
        try (LoadedModel loaded = LoadedModel.open(folder)) {
            Workspace space = new Workspace(Gpt.longestRow(loaded.model().shape()));
            AttentionHead head = AttentionHead.of(loaded.model(), space, LETTERS.encode("a fox")).stream()
                    .filter(h -> h.layer() == 1 && h.head() == 0)
                    .findFirst()
                    .orElseThrow();
            String means = run.lines().stream()
                    .filter(line -> line.startsWith("h.1.head.0 "))
                    .findFirst()
                    .orElseThrow();
            assertEquals(
                    List.of(
                            "h.1.head.0",
                            Show.probability(head.onPrevious()),
                            Show.probability(head.onItself()),
                            Show.probability(head.onFirst()),
                            Show.decimals(head.entropy(), 3)),
                    List.of(means.split(" +")));
        }
    }

    @Test
    void attentionMaps_standBesideEachOther_asFarAsTheTerminalGoes() {
        Run run = run("attention", "--prompt=a fox", "--color=never");
        assertTrue(run.lines().contains("h.0.head.0     h.0.head.1     h.1.head.0     h.1.head.1"), run.out());
        assertTrue(run.lines().contains("  a ␣ f o x    " + "  a ␣ f o x    ".repeat(2) + "  a ␣ f o x"), run.out());
        Run one = run("attention", "--prompt=a fox", "--color=never", "--head=1", "--layer=0");
        int at = one.lines().indexOf("h.0.head.1");
        for (int line = 2; line < 7; line++) {
            String alone = one.lines().get(at + line);
            String beside = run.lines().get(at + line);
            assertEquals(alone, beside.substring(15, 15 + alone.length()));
            assertTrue(beside.length() <= 80, beside);
        }
    }

    @Test
    void attentionInColour_paintsEveryCell_andSignsAreAsciiWhereNothingElseShows() {
        Run colored = run("attention", "--prompt=ab", "--layer=0", "--head=1", "--color=always");
        assertTrue(colored.out().contains("a \u001b[48;5;221m  \u001b[0m\n"), colored.out());
        Run ascii =
                Run.in(StandardCharsets.US_ASCII, "attention", "--model=" + folder, "--prompt=a b", "--color=never");
        assertTrue(ascii.out().chars().allMatch(c -> c < 128), ascii.out());
        assertTrue(ascii.out().contains("  a _ b\n"), ascii.out());
    }

    @Test
    void attentionAsNumbersAndJson_areTheSame() throws IOException {
        Run numbers = run("attention", "--prompt=fox", "--layer=1", "--head=1", "--numbers");
        JsonNode json = new ObjectMapper()
                .readTree(run("attention", "--prompt=fox", "--layer=1", "--head=1", "--json")
                        .out());
        JsonNode head = json.at("/heads/0");
        assertEquals(1, json.get("heads").size());
        assertEquals("o", json.at("/tokens/1/text").asText());
        List<String> rows = numbers.lines().subList(4, 7);
        for (int query = 0; query < 3; query++) {
            List<String> expected = new ArrayList<>(List.of("fox".substring(query, query + 1)));
            for (JsonNode weight : head.at("/weights/" + query)) {
                expected.add(Show.decimals(weight.asDouble(), 2));
            }
            assertEquals(query + 2, expected.size());
            assertEquals(expected, List.of(rows.get(query).split(" +")));
        }
    }

    @Test
    void attentionOfATextWiderThanTheTerminal_keepsTheMeans() {
        String before = System.setProperty("tinygpt.columns", "20");
        try {
            Run run = run("attention", "--prompt=once upon a time there");
            assertEquals(
                    "tinygpt: note: a map of this text is 24 columns wide, the terminal 20, so there are no maps; give"
                            + " a shorter text, or --json, or set COLUMNS\n",
                    run.err());
            assertTrue(run.out().contains("an even head"), run.out());
            assertFalse(run.out().contains("@"), run.out());
        } finally {
            if (before == null) {
                System.clearProperty("tinygpt.columns");
            } else {
                System.setProperty("tinygpt.columns", before);
            }
        }
    }

    @Test
    void lens_hasALineForEachDepth_andEndsWithWhatGreedyChooses() throws IOException {
        Run greedy = run("generate", "--prompt=once", "--greedy", "--max-tokens=1");
        String next = greedy.out().substring(4, 5);
        Run run = run("lens", "--prompt=once", "--top=2");
        assertEquals(5, run.lines().size(), run.out());
        assertEquals(
                "after \"once\": '" + next + "' is the model's choice",
                run.lines().get(0));
        assertTrue(run.lines().get(2).startsWith("embeddings "), run.out());
        assertTrue(run.lines().get(4).matches("layer 1 +1 +0\\.0000 +'" + next + "'.*"), run.out());
        JsonNode json = new ObjectMapper()
                .readTree(run("lens", "--prompt=once", "--all", "--json").out());
        assertEquals(4, json.get("positions").size());
        assertEquals(next, json.at("/positions/3/depths/2/guesses/0/text").asText());
        assertEquals(json.at("/positions/3/choice"), json.at("/positions/3/depths/2/guesses/0/id"));
    }

    @Test
    void lensAndAttention_ofAHuggingFaceFolder_takeIds() {
        Path golden = ModelFixtures.golden("gpt2-tiny-tied").folder();
        Run lens = Run.of("lens", "--model=" + golden, "--ids=4,42,3");
        assertTrue(lens.out().startsWith("after ids 4,42,3: id "), lens.out());
        Run attention = Run.of("attention", "--model=" + golden, "--ids=4,42,3", "--numbers", "--layer=0", "--head=0");
        assertEquals(0, attention.exitCode(), attention.err());
        assertTrue(attention.out().contains("\n42 "), attention.out());
        Run refused = Run.of("lens", "--model=" + golden, "--prompt=a");
        assertEquals(2, refused.exitCode());
        assertTrue(refused.err().contains("has none; encode the text elsewhere"), refused.err());
    }

    @Test
    void ablate_showsLossAndTextsBeforeAndAfter_andLeavesTheFileAsItIs() throws IOException {
        Path file = new RunFolder(folder).checkpoint(7);
        byte[] bytes = Files.readAllBytes(file);
        String[] options = {
            "--data=" + data, "--zero=h.0.attn", "--scale", "0.5", "h.1.head.1", "--zero=wpe.weight", "--max-tokens=30"
        };
        Run run = run("ablate", options);
        assertEquals(0, run.exitCode(), run.err());
        assertArrayEquals(bytes, Files.readAllBytes(file));
        List<String> edits = run.lines().stream()
                .filter(line -> line.matches("(and )?(zero|scale).*"))
                .map(line -> line.split("  ")[0])
                .toList();
        assertEquals(List.of("zero h.0.attn", "and scale h.1.head.1 by 0.5", "and zero wpe.weight"), edits);
        assertTrue(run.out().contains("a text before, seed 1337\n"), run.out());

        JsonNode json = new ObjectMapper()
                .readTree(run("ablate", added(options, "--json")).out());
        JsonNode eval = new ObjectMapper()
                .readTree(run("eval", "--data=" + data, "--format=json").out());
        assertEquals(eval.get("loss"), json.at("/before/loss"));
        assertEquals(
                json.at("/effects/2/after/loss").asDouble() - eval.get("loss").asDouble(),
                json.at("/effects/2/change/loss").asDouble(),
                1e-9);
        assertEquals(
                run("generate", "--prompt=o", "--max-tokens=30").out(),
                json.get("text_before").asText() + "\n");
        assertFalse(json.get("text_before").equals(json.get("text_after")));
    }

    @Test
    void ablateEach_isSortedByHarm() throws IOException {
        JsonNode json = new ObjectMapper()
                .readTree(run("ablate", "--data=" + data, "--each=tensor", "--json")
                        .out());
        assertEquals(28, json.get("effects").size());
        double before = Double.POSITIVE_INFINITY;
        for (JsonNode effect : json.get("effects")) {
            assertTrue(effect.at("/change/loss").asDouble() <= before, "in order");
            before = effect.at("/change/loss").asDouble();
        }
        Run table = run("ablate", "--data=" + data, "--each=kind");
        assertTrue(table.out().endsWith("each alone, the most harmful first\n"), table.out());
        assertEquals(
                5,
                table.lines().stream().filter(l -> l.startsWith("zero kind:")).count());
    }

    /** Everything frozen is the model that the seed gives, or the checkpoint of step 0 where there is one. */
    @Test
    void ablateFreeze_isTheModelBeforeTraining() throws IOException {
        Run seed = run("ablate", "--data=" + data, "--freeze=*", "--max-tokens=0", "--json");
        double loss = new ObjectMapper()
                .readTree(seed.out())
                .at("/effects/0/after/loss")
                .asDouble();
        assertEquals(Math.log(LETTERS.vocabularySize()), loss, 0.2);

        Path other = Files.createDirectory(folder.resolve("other"));
        SmallModel.indifferent(other, LETTERS, Map.of());
        Files.copy(new RunFolder(other).checkpoint(7), new RunFolder(folder).checkpoint(0));
        Run first = run("ablate", "--data=" + data, "--reset=*", "--max-tokens=0", "--json");
        assertEquals(
                Math.log(LETTERS.vocabularySize()),
                new ObjectMapper()
                        .readTree(first.out())
                        .at("/effects/0/after/loss")
                        .asDouble(),
                1e-6);
    }

    @Test
    void freezeOfAFineTunedRun_withoutItsFirstCheckpoint_isRefused() {
        Path tuned = folder.resolve("tuned");
        SmallModel.indifferent(tuned, LETTERS, Map.of("from", "base"));
        Run run = Run.of("ablate", "--model=" + tuned, "--data=" + data, "--freeze=h.0");
        assertEquals(3, run.exitCode());
        assertTrue(
                run.err()
                        .contains(
                                "cannot be frozen at its beginning: it was fine-tuned or made elsewhere, so only a checkpoint of step 0"),
                run.err());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "generate --candidates=3|--candidates says how --explain explains; give that too",
                "generate --explain --candidates=0|--candidates is 0; at least one candidate must be shown",
                "attention|there is no text to look at; give one with --prompt, or token ids with --ids",
                "attention --prompt=a --ids=1|--prompt and --ids both say what to read; give one",
                "attention --prompt=a --layer=2|--layer is 2, but this model's are numbered from 0 to 1",
                "attention --prompt=a --head=-1|--head is -1, but this model's are numbered from 0 to 1",
                "lens --prompt=a --top=0|--top is 0; at least one guess must be shown",
                "lens --prompt=É|the vocabulary lacks the character 'É' (U+00C9)",
                "lens --ids=29|--ids has 29, but the ids of this model's vocabulary run from 0 to 28",
                "lens --prompt=abcdefghijklmnopqrstuvwxyzabcdefg|the text has 33 tokens, more than the 32 that",
                "ablate|there is nothing to do; give --zero, --scale or --freeze with a part of the model, or --each",
                "ablate --each=head --zero=h.0|--each zeroes one part at a time; leave out --zero, --scale and --freeze",
                "ablate some --each=head|the model is given twice, as some and by --model; leave one of them out",
                "ablate --each=head --prompt=a|--each writes no texts; leave out --prompt",
                "ablate --zero=h.2|'h.2' names layer 2, but they are numbered from 0 to 1 here",
                "ablate --scale 0.5|--scale takes a number and a part, as in --scale 0.5 h.2.attn",
                "ablate --zero|--zero takes a part of the model",
                "ablate --scale x h.1|--scale takes a number and a part, as in --scale 0.5 h.2.attn, not 'x'",
                "ablate --scale 1e99 h.1|weights cannot be scaled by Infinity; give a finite number",
                "ablate --zero=h.0 --threads=0|--threads is 0; at least one thread must work",
            })
    void wrongOptions_areRefused(String command, String message) {
        String[] words = command.split(" ");
        String[] options = java.util.Arrays.copyOfRange(words, 1, words.length);
        Run run = run(words[0], options);
        assertEquals(2, run.exitCode(), run.err());
        assertEquals("", run.out());
        assertTrue(run.err().startsWith("tinygpt: error: " + message), run.err());
        assertEquals(1, run.err().lines().count());
    }

    @Test
    void divergedModel_isReportedOrMeasuredAsSuch() {
        SmallModel.diverged(folder, LETTERS);
        Run lens = run("lens", "--prompt=once");
        assertEquals(1, lens.exitCode());
        assertTrue(lens.err().startsWith("tinygpt: error: the model's logits are not finite numbers"), lens.err());
        Run attention = run("attention", "--ids=0,1"); // the weight that is no number is token 0's
        assertEquals(0, attention.exitCode());
        assertTrue(attention.out().contains("NaN"), attention.out());
        Run ablate = run("ablate", "--data=" + data, "--zero=h.0");
        assertEquals(0, ablate.exitCode());
        assertTrue(ablate.out().contains("(no text: the logits are not finite numbers)"), ablate.out());
    }

    private static String[] added(String[] options, String one) {
        return Stream.concat(Stream.of(options), Stream.of(one)).toArray(String[]::new);
    }

    private Run run(String command, String... options) {
        return Run.of(Stream.concat(Stream.of(command, "--model=" + folder), Stream.of(options))
                .toArray(String[]::new));
    }
}
