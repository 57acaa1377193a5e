package tinygpt.generation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tinygpt.generation.Generator.End;
import tinygpt.generation.Generator.Result;
import tinygpt.hyperparameters.Activation;
import tinygpt.hyperparameters.ModelShape;
import tinygpt.model.Gpt;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.reference.ModelFixtures;
import tinygpt.tensor.Workspace;
import tinygpt.text.CharacterTokenizer;
import tinygpt.text.Tokenizer;

/** Texts that are generated together are the texts generated alone. */
class BatchTest {
    private static final int CONTEXT = 16;
    private static final int SAMPLES = 7;
    private static final Tokenizer LETTERS = CharacterTokenizer.of("abcdefghijklmnopqrstuvwxyz .");
    private static final SamplingSettings SETTINGS =
            SamplingSettings.defaults().withTemperature(1).withMaxTokens(45);

    private final List<ParameterRegistry> registries = new ArrayList<>();

    @AfterEach
    void free() {
        registries.forEach(ParameterRegistry::close);
    }

    /** Tokens and their log-probabilities, and why the text ended. */
    private record Sample(List<Integer> ids, List<Double> logProbabilities, Result result) {}

    /** Texts end at different lengths, so that others take their place, and go far beyond the context. */
    @ParameterizedTest
    @CsvSource({"2, 8", "3, 1", "4, 16", "7, 5", "20, 8"})
    void samples_ofABatch_areTheSamplesAlone_toTheBit(int batch, int slide) {
        Gpt model = model(29, 16, 64);
        int end = commonToken(model);
        List<Sample> alone = samples(model, slide, 1, SETTINGS, end);
        List<Sample> together = samples(model, slide, batch, SETTINGS, end);
        assertEquals(alone, together);
        assertEquals(
                Set.of(End.END_OF_TEXT, End.LENGTH),
                alone.stream().map(s -> s.result().end()).collect(Collectors.toSet()));
        assertTrue(alone.stream().map(s -> s.ids().size()).distinct().count() > 2, alone.toString());
    }

    /** Matrices of more than one piece. */
    @Test
    void samples_ofAWideModel_areTheSamplesAlone_toTheBit() {
        Gpt model = model(700, 192, 768);
        SamplingSettings settings =
                SETTINGS.withMaxTokens(20).withRepetitionPenalty(1.3).withFrequencyPenalty(0.1);
        assertEquals(samples(model, 8, 1, settings, -1), samples(model, 8, 4, settings, -1));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void texts_ofABatch_areTheTextsAlone(int batch) {
        Gpt model = model(LETTERS.vocabularySize(), 16, 64);
        SamplingSettings settings = SETTINGS.withStops("e", "qu").withMaxTokens(30);
        Map<Long, String> texts = new TreeMap<>();
        Map<Long, Result> results = new TreeMap<>();
        try (Generator generator = generator(model, 8, batch)) {
            generator.texts(
                    LETTERS,
                    LETTERS.encode("once"),
                    settings,
                    3,
                    5,
                    OptionalInt.of(LETTERS.endOfText()),
                    new TextReceiver() {
                        @Override
                        public boolean piece(long sample, String text) {
                            texts.merge(sample, text, String::concat);
                            return true;
                        }

                        @Override
                        public void end(long sample, Result result) {
                            results.put(sample, result);
                        }
                    });
        }
        try (Generator generator = generator(model, 8, 1)) {
            for (long sample = 3; sample < 8; sample++) {
                StringBuilder text = new StringBuilder();
                Result result = generator.text(
                        LETTERS, LETTERS.encode("once"), settings, sample, piece -> text.append(piece) != null);
                assertEquals(text.toString(), texts.getOrDefault(sample, ""));
                assertEquals(result, results.get(sample));
            }
        }
        assertTrue(results.values().stream().anyMatch(r -> r.end() == End.STOP_TEXT), results.toString());
    }

    @Test
    void stopTokens_endATextAndDoNotBelongToIt() {
        Gpt model = model(29, 16, 64);
        List<Integer> all = samples(model, 8, 1, SETTINGS, -1).get(0).ids();
        int stop = all.get(9);
        Sample stopped =
                samples(model, 8, 1, SETTINGS.withStopIds(stop, 400), -1).get(0);
        int first = all.indexOf(stop);
        assertEquals(all.subList(0, first), stopped.ids());
        assertEquals(new Result(first, End.STOP_TOKEN), stopped.result());
    }

    /** The model's own probability: no rule changes it, though rules change the tokens. */
    @Test
    void logProbabilities_areTheModelsOwn() {
        Gpt model = model(29, 16, 64);
        List<Double> models = new ArrayList<>();
        List<Double> got = new ArrayList<>();
        SamplingSettings settings = SETTINGS.withTemperature(0.5)
                .withTopK(5)
                .withRepetitionPenalty(2)
                .withMaxTokens(12);
        try (Generator generator = generator(model, 8, 1)) {
            generator.scoreTokens();
            generator.explainTo(choice -> models.add(Math.log(choice.chosen().model())), 29);
            generator.samples(new int[] {3}, settings, 0, 1, OptionalInt.empty(), (sample, id, logProbability) -> {
                got.add(logProbability);
                return true;
            });
        }
        assertEquals(12, got.size());
        for (int i = 0; i < 12; i++) {
            assertEquals(models.get(i), got.get(i), 1e-9);
        }
    }

    @Test
    void sampleThatIsNotWanted_endsTheGeneration_onceTheOthersAreDone() {
        List<String> events = new ArrayList<>();
        try (Generator generator = generator(model(29, 16, 64), 8, 2)) {
            generator.samples(new int[] {3}, SETTINGS.withMaxTokens(2), 0, 9, OptionalInt.empty(), new TokenReceiver() {
                @Override
                public boolean wants(long sample) {
                    return sample < 3;
                }

                @Override
                public boolean token(long sample, int id, double logProbability) {
                    assertTrue(Double.isNaN(logProbability)); // nobody asked
                    events.add("token " + sample);
                    return sample != 1;
                }

                @Override
                public void end(long sample, Result result) {
                    events.add("end " + sample + " " + result.end());
                }
            });
        }
        assertEquals(
                List.of(
                        "token 0",
                        "token 1",
                        "end 1 RECEIVER",
                        "token 0",
                        "end 0 LENGTH",
                        "token 2",
                        "token 2",
                        "end 2 LENGTH"),
                events);
    }

    @Test
    void noTokensAtAll_areSamplesToo() {
        List<Long> ended = new ArrayList<>();
        try (Generator generator = generator(model(29, 16, 64), 8, 2)) {
            generator.samples(new int[] {3}, SETTINGS.withMaxTokens(0), 0, 3, OptionalInt.empty(), new TokenReceiver() {
                @Override
                public boolean token(long sample, int id, double logProbability) {
                    throw new AssertionError("no token was asked for");
                }

                @Override
                public void end(long sample, Result result) {
                    assertEquals(new Result(0, End.LENGTH), result);
                    ended.add(sample);
                }
            });
        }
        assertEquals(List.of(0L, 1L, 2L), ended);
    }

    @Test
    void generator_isUsableAfterAReceiverThrew() {
        Gpt model = model(29, 16, 64);
        List<Sample> expected = samples(model, 8, 1, SETTINGS, -1);
        try (Generator generator = generator(model, 8, 3)) {
            assertThrows(
                    IllegalStateException.class,
                    () -> generator.samples(new int[] {3}, SETTINGS, 0, 5, OptionalInt.empty(), (s, id, p) -> {
                        throw new IllegalStateException("no more");
                    }));
            generator.scoreTokens();
            assertEquals(expected, samples(generator, SETTINGS, -1));
        }
        assertFalse(expected.isEmpty());
    }

    @Test
    void batchOfNone_isRefused() {
        Gpt model = model(29, 16, 64);
        var e = assertThrows(IllegalArgumentException.class, () -> generator(model, 8, 0));
        assertEquals("a batch cannot have 0 texts; it has at least 1", e.getMessage());
    }

    /** A token that most samples meet, but not at once: as the end of a text it makes them differ in length. */
    private int commonToken(Gpt model) {
        List<Sample> whole = samples(model, 8, 1, SETTINGS, -1);
        for (int id = 0; id < 29; id++) {
            int token = id;
            long with = whole.stream().filter(s -> s.ids().contains(token)).count();
            long early = whole.stream().filter(s -> s.ids().indexOf(token) == 0).count();
            if (with >= 4 && with < SAMPLES && early == 0) {
                return token;
            }
        }
        throw new AssertionError("no token comes in some of the samples only");
    }

    private static List<Sample> samples(Gpt model, int slide, int batch, SamplingSettings settings, int end) {
        try (Generator generator = generator(model, slide, batch)) {
            generator.scoreTokens();
            return samples(generator, settings, end);
        }
    }

    private static List<Sample> samples(Generator generator, SamplingSettings settings, int end) {
        Map<Long, Sample> samples = new TreeMap<>();
        OptionalInt endOfText = end < 0 ? OptionalInt.empty() : OptionalInt.of(end);
        generator.samples(new int[] {3, 1, 4}, settings, 0, SAMPLES, endOfText, new TokenReceiver() {
            @Override
            public boolean token(long sample, int id, double logProbability) {
                Sample one =
                        samples.computeIfAbsent(sample, s -> new Sample(new ArrayList<>(), new ArrayList<>(), null));
                one.ids().add(id);
                one.logProbabilities().add(logProbability);
                return true;
            }

            @Override
            public void end(long sample, Result result) {
                samples.computeIfPresent(sample, (s, one) -> new Sample(one.ids(), one.logProbabilities(), result));
            }
        });
        return List.copyOf(samples.values());
    }

    private static Generator generator(Gpt model, int slide, int batch) {
        return new Generator(model, new Workspace(Gpt.longestRow(model.shape())), slide, batch);
    }

    private Gpt model(int vocabulary, int width, int feedForward) {
        ModelShape shape = new ModelShape(
                vocabulary, CONTEXT, 2, 2, width, feedForward, true, true, Activation.GELU_TANH, 1e-5, 0.02, 0, 0, 0);
        ParameterRegistry registry = ParameterRegistry.of(shape).allocate();
        registries.add(registry);
        ModelFixtures.fill(registry, ModelFixtures.randomWeights(shape, 1));
        return new Gpt(registry);
    }
}
