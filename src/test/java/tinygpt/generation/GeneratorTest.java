package tinygpt.generation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tinygpt.generation.Generator.End;
import tinygpt.generation.Generator.Result;
import tinygpt.hyperparameters.Activation;
import tinygpt.hyperparameters.ModelShape;
import tinygpt.model.Activations;
import tinygpt.model.Gpt;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.reference.ModelFixtures;
import tinygpt.reference.ModelFixtures.Golden;
import tinygpt.tensor.Workspace;
import tinygpt.text.ByteTokenizer;
import tinygpt.text.CharacterTokenizer;
import tinygpt.text.Tokenizer;

class GeneratorTest {
    private static final int CONTEXT = 16;
    private static final Tokenizer LETTERS = CharacterTokenizer.of("abcdefghijklmnopqrstuvwxyz .");
    private static final int VOCABULARY = LETTERS.vocabularySize();

    private final List<ParameterRegistry> registries = new ArrayList<>();

    @AfterEach
    void free() {
        registries.forEach(ParameterRegistry::close);
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt2-tiny-tied", "gpt2-tiny-untied"})
    void greedyText_ofGoldenModel_isPyTorchs(String name) {
        Golden golden = ModelFixtures.golden(name);
        Gpt model = model(golden.shape(), golden.weights());
        int[] expected = golden.greedyContinuation();
        try (Generator generator = generator(model, 12)) {
            assertArrayEquals(
                    expected, ids(generator, golden.greedyPrompt(), SamplingSettings.greedy(expected.length), 0));
        }
    }

    /** PyTorch's own logits put 36 first after the raw prompt; its text left the zero out. */
    @Test
    void greedyText_ofGoldenPromptWithItsZero_goesOnAsGoldenLogitsSay() {
        Golden golden = ModelFixtures.golden("gpt2-tiny-tied");
        Gpt model = model(golden.shape(), golden.weights());
        try (Generator generator = generator(model, 12)) {
            assertArrayEquals(
                    new int[] {36}, ids(generator, new int[] {4, 0, 42, 3, 37}, SamplingSettings.greedy(1), 0));
        }
    }

    /** Windows from the rule as it is documented, logits from a full forward pass over each. */
    @ParameterizedTest
    @CsvSource({"1, 3", "2, 3", "5, 3", "8, 3", "15, 3", "16, 3", "8, 15", "8, 16", "8, 17", "5, 40", "1, 40", "16, 33"
    })
    void greedyText_alsoAfterTheWindowSlid_isTheArgmaxOfFullForwardPasses(int slide, int promptLength) {
        Gpt model = random();
        int[] prompt = prompt(promptLength);
        int[] text = prompt;
        try (Generator generator = generator(model, slide)) {
            int[] got = ids(generator, prompt, SamplingSettings.greedy(40), 0);
            assertEquals(40, got.length);
            for (int id : got) {
                int unseen = 0;
                while (text.length - unseen > CONTEXT) {
                    unseen += slide;
                }
                assertEquals(argmax(model, Arrays.copyOfRange(text, unseen, text.length)), id, "at " + text.length);
                text = Arrays.copyOf(text, text.length + 1);
                text[text.length - 1] = id;
            }
            assertTrue(Arrays.stream(got).distinct().count() > 1, Arrays.toString(got)); // the check can fail
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 8})
    void textGoneOnWith_isTheTextGeneratedAtOnce(int slide) {
        int[] prompt = prompt(5);
        try (Generator generator = generator(random(), slide)) {
            int[] whole = ids(generator, prompt, SamplingSettings.greedy(50), 0);
            for (int cut : new int[] {1, 11, 12, 30}) {
                int[] longer = IntStream.concat(Arrays.stream(prompt), Arrays.stream(whole, 0, cut))
                        .toArray();
                assertArrayEquals(
                        Arrays.copyOfRange(whole, cut, 50),
                        ids(generator, longer, SamplingSettings.greedy(50 - cut), 0));
            }
        }
    }

    @Test
    void samples_together_areTheSamplesSingly() {
        Gpt model = random();
        SamplingSettings settings =
                SamplingSettings.defaults().withTemperature(1).withMaxTokens(30);
        int[][] together = new int[3][];
        try (Generator generator = generator(model, 8)) {
            for (int sample = 0; sample < 3; sample++) {
                together[sample] = ids(generator, prompt(4), settings, sample);
            }
        }
        for (int sample = 2; sample >= 0; sample--) {
            try (Generator generator = generator(model, 8)) {
                assertArrayEquals(together[sample], ids(generator, prompt(4), settings, sample));
            }
        }
        assertNotEquals(Arrays.toString(together[0]), Arrays.toString(together[1]));
        assertNotEquals(Arrays.toString(together[1]), Arrays.toString(together[2]));
    }

    @Test
    void seed_changesTheText_andNothingElseDoes() {
        SamplingSettings settings = SamplingSettings.defaults().withMaxTokens(30);
        try (Generator generator = generator(random(), 8)) {
            String text = generator.generate(LETTERS, "once", settings);
            assertEquals(text, generator.generate(LETTERS, "once", settings));
            assertNotEquals(text, generator.generate(LETTERS, "once", settings.withSeed(1)));
        }
    }

    @Test
    void piecesOfText_joined_areTheWholeText() {
        SamplingSettings settings = SamplingSettings.greedy(25);
        try (Generator generator = generator(random(), 8)) {
            List<String> pieces = new ArrayList<>();
            Result result = generator.text(LETTERS, LETTERS.encode("once"), settings, 0, pieces::add);
            assertEquals(new Result(25, End.LENGTH), result);
            assertEquals(25, pieces.size());
            int[] ids = ids(generator, LETTERS.encode("once"), settings, 0);
            assertEquals(LETTERS.decode(ids), String.join("", pieces));
            assertEquals(LETTERS.decode(ids), generator.generate(LETTERS, "once", settings));
        }
    }

    @Test
    void stopText_ofSeveralTokens_endsTheTextBeforeIt() {
        try (Generator generator = generator(random(), 8)) {
            String text = generator.generate(LETTERS, "once", SamplingSettings.greedy(25));
            String stop = text.substring(10, 13);
            int at = text.indexOf(stop);
            List<String> pieces = new ArrayList<>();
            Result result = generator.text(
                    LETTERS, LETTERS.encode("once"), SamplingSettings.greedy(25).withStops(stop), 0, pieces::add);
            assertEquals(text.substring(0, at), String.join("", pieces));
            assertEquals(new Result(at + 3, End.STOP_TEXT), result);
        }
    }

    @Test
    void endOfText_endsTheText_andIsNotShown() {
        int[] all;
        try (Generator generator = generator(random(), 8)) {
            all = ids(generator, prompt(4), SamplingSettings.greedy(20), 0);
            int end = all[7];
            int first = IntStream.range(0, 20)
                    .filter(i -> all[i] == end)
                    .findFirst()
                    .orElseThrow();
            List<Integer> got = new ArrayList<>();
            Result result = generator.tokens(prompt(4), SamplingSettings.greedy(20), 0, OptionalInt.of(end), got::add);
            assertEquals(new Result(first, End.END_OF_TEXT), result);
            assertEquals(Arrays.stream(all).limit(first).boxed().toList(), got);
        }
    }

    @Test
    void emptyPrompt_isTheEndOfTextToken() {
        try (Generator generator = generator(random(), 8)) {
            String begun = generator.generate(LETTERS, "", SamplingSettings.greedy(10));
            assertEquals(generator.generate(LETTERS, Tokenizer.END_OF_TEXT, SamplingSettings.greedy(10)), begun);
            assertEquals(10, begun.length());
            refused(
                    "the prompt is empty and this model has no end-of-text token",
                    () -> generator.tokens(new int[0], SamplingSettings.greedy(1), 0, OptionalInt.empty(), id -> true));
        }
    }

    @Test
    void receiver_thatHasEnough_endsTheText() {
        try (Generator generator = generator(random(), 8)) {
            int[] left = {3};
            Result result = generator.tokens(
                    prompt(4), SamplingSettings.greedy(20), 0, OptionalInt.empty(), id -> --left[0] > 0);
            assertEquals(new Result(3, End.RECEIVER), result);
        }
    }

    @Test
    void noTokens_areNoText() {
        try (Generator generator = generator(random(), 8)) {
            assertEquals("", generator.generate(LETTERS, "once", SamplingSettings.greedy(0)));
        }
    }

    /** Random bytes are rarely UTF-8: what is held back at the end must come out as well. */
    @Test
    void bytes_joined_areTheDecodedText() {
        Tokenizer bytes = new ByteTokenizer();
        ModelShape shape = shape(bytes.vocabularySize());
        Gpt model = model(shape, ModelFixtures.randomWeights(shape, 3));
        SamplingSettings settings = SamplingSettings.defaults().withTemperature(3);
        try (Generator generator = generator(model, 8)) {
            for (int n = 1; n < 30; n++) {
                int[] ids = ids(generator, bytes.encode("é"), settings.withMaxTokens(n), 0);
                assertEquals(bytes.decode(ids), generator.generate(bytes, "é", settings.withMaxTokens(n)));
            }
        }
    }

    @Test
    void wrongUse_isRefused() {
        Gpt model = random();
        Workspace space = new Workspace(Gpt.longestRow(model.shape()));
        refused("the window cannot slide by 0 tokens; 1 to 16 are possible", () -> new Generator(model, space, 0));
        refused("the window cannot slide by 17 tokens; ", () -> new Generator(model, space, 17));
        try (Generator generator = generator(model, 8)) {
            refused(
                    "token id 29 is not in the model's vocabulary, whose ids run from 0 to 28",
                    () -> ids(generator, new int[] {3, 29}, SamplingSettings.greedy(1), 0));
            refused(
                    "token id -1 is not in the model's vocabulary",
                    () -> ids(generator, new int[] {-1}, SamplingSettings.greedy(1), 0));
            refused(
                    "the tokenizer has 257 tokens, the model 29: they do not belong together",
                    () -> generator.generate(new ByteTokenizer(), "a", SamplingSettings.greedy(1)));
        }
    }

    @Test
    void tooSmallWorkspace_isRefused() {
        ModelShape shape = shape(3000);
        Gpt model = model(shape, ModelFixtures.randomWeights(shape, 1));
        refused(
                "the workspace takes rows of up to 2048 floats, but this model has rows of 3000",
                () -> new Generator(model, new Workspace(1)));
    }

    private static void refused(String message, org.junit.jupiter.api.function.Executable call) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, call);
        assertTrue(e.getMessage().startsWith(message), e.getMessage());
    }

    private static int argmax(Gpt model, int[] window) {
        try (Activations a = new Activations(model, 1, window.length, null)) {
            System.arraycopy(window, 0, a.tokens(), 0, window.length);
            model.forward(new Workspace(Gpt.longestRow(model.shape())), a);
            float[] logits = new float[a.logits().columns()];
            a.logits().readRow(window.length - 1, logits, 0);
            int best = 0;
            for (int id = 1; id < logits.length; id++) {
                best = logits[id] > logits[best] ? id : best;
            }
            return best;
        }
    }

    private static int[] ids(Generator generator, int[] prompt, SamplingSettings settings, long sample) {
        List<Integer> ids = new ArrayList<>();
        generator.tokens(prompt, settings, sample, OptionalInt.empty(), ids::add);
        return ids.stream().mapToInt(id -> id).toArray();
    }

    private static int[] prompt(int length) {
        ModelShape shape = shape(VOCABULARY);
        return ModelFixtures.randomIds(shape, 1, length, 9)[0];
    }

    private static Generator generator(Gpt model, int slide) {
        return new Generator(model, new Workspace(Gpt.longestRow(model.shape())), slide);
    }

    private static ModelShape shape(int vocabulary) {
        return new ModelShape(
                vocabulary, CONTEXT, 2, 2, 16, 64, true, false, Activation.GELU_TANH, 1e-5, 0.02, 0, 0, 0);
    }

    private Gpt random() {
        ModelShape shape = shape(VOCABULARY);
        Map<String, double[]> weights = ModelFixtures.randomWeights(shape, 1);
        // A text that repeats one token would look the same from every window.
        weights.computeIfPresent(
                "wpe.weight",
                (name, values) -> Arrays.stream(values).map(x -> 4 * x).toArray());
        return model(shape, weights);
    }

    private Gpt model(ModelShape shape, Map<String, double[]> weights) {
        ParameterRegistry registry = ParameterRegistry.of(shape).allocate();
        registries.add(registry);
        ModelFixtures.fill(registry, weights);
        return new Gpt(registry);
    }
}
