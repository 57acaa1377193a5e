package tinygpt.reference;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import tinygpt.hyperparameters.Activation;
import tinygpt.hyperparameters.ModelShape;
import tinygpt.parameters.InitialLaw;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.parameters.SlabLayout;
import tinygpt.random.CounterRandom;
import tinygpt.random.Stream;
import tinygpt.reference.TestTensors.Tensor;
import tinygpt.tensor.Slab;

/** What tests of the model start from: weights, batches, masks, golden models; and how two tensors are compared. */
public final class ModelFixtures {
    /** Deviation of norm gains from 1 and of biases from 0. */
    private static final double VECTOR_STD = 0.3;

    /** A tensor with a smaller 2-norm is compared as if it had this one: a gradient may be 0 up to rounding. */
    private static final double SMALLEST_NORM = 1e-4;

    /** How far five steps may move a key bias by rounding alone; the learning rate is 1e-3 a step. */
    private static final double KEY_BIAS_NOISE = 5e-4;

    private static final int GREEDY_GIVEN = 5;

    private static final String HUGGING_FACE_PREFIX = "transformer.";

    private ModelFixtures() {}

    /**
     * A golden model, computed by PyTorch.
     *
     * @param folder the Hugging Face folder on disk
     * @param weights registry names to numbers
     * @param ids input ids, (B, T)
     * @param targets target ids, (B, T)
     * @param logits (B, T, V)
     * @param gradients of the mean loss, by registry name
     * @param afterFiveSteps the weights after five steps of AdamW
     * @param expected the scalars, {@code expected.json}
     */
    public record Golden(
            Path folder,
            ModelShape shape,
            Map<String, double[]> weights,
            int[][] ids,
            int[][] targets,
            double[] logits,
            Map<String, double[]> gradients,
            Map<String, double[]> afterFiveSteps,
            JsonNode expected) {
        /**
         * What the golden greedy text continues: the first five ids of row 0 without their zeros. It was generated as if
         * id 0 were padding, masked and not counted as a position. The files do not say so: it is concluded from all 19
         * tokens of the tied model, whose prompt has a zero, agreeing this way, while the golden logits, which see the
         * zero, already disagree on the first.
         */
        public int[] greedyPrompt() {
            return Arrays.stream(ids[0])
                    .limit(GREEDY_GIVEN)
                    .filter(id -> id != 0)
                    .toArray();
        }

        /** The most likely token each time, until the five ids given and these fill the context. */
        public int[] greedyContinuation() {
            JsonNode text = expected.get("greedy_from_first_5_ids_of_row_0");
            return IntStream.range(GREEDY_GIVEN, text.size())
                    .map(i -> text.get(i).asInt())
                    .toArray();
        }
    }

    /** A golden model: {@code gpt2-tiny-tied}, which ships with the program, or {@code gpt2-tiny-untied}; freshly read. */
    public static Golden golden(String name) {
        try {
            Path folder = Path.of(URI.create(ModelFixtures.class
                            .getResource("/" + name + "/config.json")
                            .toString()))
                    .getParent();
            ObjectMapper json = new ObjectMapper();
            Map<String, Tensor> model = TestTensors.read(folder.resolve("model.safetensors"));
            Map<String, Tensor> computed = TestTensors.read(folder.resolve("expected.safetensors"));
            Map<String, double[]> weights = new LinkedHashMap<>();
            model.forEach((key, tensor) -> weights.put(
                    key.startsWith(HUGGING_FACE_PREFIX) ? key.substring(HUGGING_FACE_PREFIX.length()) : key,
                    tensor.values()));
            return new Golden(
                    folder,
                    shape(json.readTree(folder.resolve("config.json").toFile())),
                    weights,
                    computed.get("input_ids").ids(),
                    computed.get("target_ids").ids(),
                    computed.get("logits").values(),
                    startingWith("grad.", computed),
                    startingWith("after5.", computed),
                    json.readTree(folder.resolve("expected.json").toFile()));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the golden model " + name, e);
        }
    }

    private static ModelShape shape(JsonNode config) {
        assertEquals("gelu_new", config.get("activation_function").asText(), "activation_function");
        int width = config.get("n_embd").asInt();
        return new ModelShape(
                config.get("vocab_size").asInt(),
                config.get("n_positions").asInt(),
                config.get("n_layer").asInt(),
                config.get("n_head").asInt(),
                width,
                config.get("n_inner").asInt(4 * width),
                true,
                config.get("tie_word_embeddings").asBoolean(),
                Activation.GELU_TANH,
                config.get("layer_norm_epsilon").asDouble(),
                config.get("initializer_range").asDouble(),
                config.get("embd_pdrop").asDouble(),
                config.get("attn_pdrop").asDouble(),
                config.get("resid_pdrop").asDouble());
    }

    private static Map<String, double[]> startingWith(String prefix, Map<String, Tensor> tensors) {
        Map<String, double[]> chosen = new LinkedHashMap<>();
        tensors.forEach((key, tensor) -> {
            if (key.startsWith(prefix)) {
                chosen.put(key.substring(prefix.length()), tensor.values());
            }
        });
        return chosen;
    }

    /**
     * Random weights for every parameter with numbers of its own, in registry order. They are floats, so that writing them
     * to a slab loses nothing; matrices are scaled to keep the size of what they multiply; no gain is 1, no bias 0, because
     * those hide errors.
     */
    public static Map<String, double[]> randomWeights(ModelShape shape, long seed) {
        return randomWeights(ParameterRegistry.of(shape), seed);
    }

    /** The same for every parameter of a registry, adapters too: B is not 0, because that hides errors. */
    public static Map<String, double[]> randomWeights(ParameterRegistry registry, long seed) {
        Map<String, double[]> weights = new LinkedHashMap<>();
        for (Parameter parameter : registry.owned()) {
            double mean = parameter.initialLaw() instanceof InitialLaw.Constant constant ? constant.value() : 0;
            double std = std(parameter);
            long place = CounterRandom.hash(parameter.name());
            double[] values = new double[Math.toIntExact(parameter.size())];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (mean + std * CounterRandom.normal(seed, Stream.INITIAL_WEIGHTS, place, i));
            }
            weights.put(parameter.name(), values);
        }
        return weights;
    }

    private static double std(Parameter parameter) {
        int[] shape = parameter.shape();
        return switch (parameter.kind()) {
            case EMBEDDING, POSITIONAL, OUTPUT -> 1 / Math.sqrt(shape[1]);
            case ATTENTION, FEED_FORWARD, ADAPTER -> shape.length == 2 ? 1 / Math.sqrt(shape[0]) : VECTOR_STD;
            case NORMALIZATION -> VECTOR_STD;
        };
    }

    /** Random token ids (B, T), for inputs or, with another seed, for targets. */
    public static int[][] randomIds(ModelShape shape, int batch, int time, long seed) {
        int[][] ids = new int[batch][time];
        for (int b = 0; b < batch; b++) {
            for (int t = 0; t < time; t++) {
                ids[b][t] = (int) CounterRandom.below(shape.vocabularySize(), seed, Stream.BATCH, b, t);
            }
        }
        return ids;
    }

    /** Standard normal numbers, to weight an output with. */
    public static double[] randomNormals(int count, long seed) {
        double[] values = new double[count];
        for (int i = 0; i < count; i++) {
            values[i] = CounterRandom.normal(seed, Stream.SAMPLING, 0, i);
        }
        return values;
    }

    /** A fixed dropout mask: each number is dropped with this probability, whatever its kind. */
    public static Masks randomMasks(double rate, long seed) {
        return (kind, layer, index) -> {
            long place = 0;
            for (int i : index) {
                place = (place << 16) + i;
            }
            return CounterRandom.uniform(seed, kind, layer, place) < rate ? 0 : 1 / (1 - rate);
        };
    }

    /** Writes weights into a registry that has memory. */
    public static void fill(ParameterRegistry registry, Map<String, double[]> weights) {
        for (Parameter parameter : registry.owned()) {
            double[] values = weights.get(parameter.name());
            float[] floats = new float[Math.toIntExact(parameter.size())];
            assertEquals(floats.length, values.length, "size of " + parameter.name());
            for (int i = 0; i < floats.length; i++) {
                floats[i] = (float) values[i];
            }
            registry.weights().write(parameter.offset(), floats, 0, floats.length);
        }
    }

    /** The numbers, by name, of a slab that is laid out like the weights. */
    public static Map<String, double[]> read(ParameterRegistry registry, Slab slab) {
        return read(registry, SlabLayout.WEIGHTS, slab);
    }

    /** The numbers, by name, of the parameters that have a place in a slab. */
    public static Map<String, double[]> read(ParameterRegistry registry, SlabLayout layout, Slab slab) {
        Map<String, double[]> numbers = new LinkedHashMap<>();
        for (Parameter parameter : layout.parameters(registry)) {
            float[] floats = new float[Math.toIntExact(parameter.size())];
            slab.read(layout.offset(parameter), floats, 0, floats.length);
            numbers.put(parameter.name(), widen(floats));
        }
        return numbers;
    }

    public static double[] widen(float[] floats) {
        double[] doubles = new double[floats.length];
        for (int i = 0; i < floats.length; i++) {
            doubles[i] = floats[i];
        }
        return doubles;
    }

    /** Compares two sets of tensors, name by name; the names must be the same. */
    public static void assertClose(Map<String, double[]> expected, Map<String, double[]> got, double tolerance) {
        assertEquals(expected.keySet(), got.keySet(), "names of the tensors");
        expected.forEach((name, values) -> assertClose(name, values, got.get(name), tolerance));
    }

    public static void assertClose(String name, double[] expected, float[] got, double tolerance) {
        assertClose(name, expected, widen(got), tolerance);
    }

    /** Fails unless the 2-norm of the difference is at most the tolerance times the 2-norm of what is expected. */
    public static void assertClose(String name, double[] expected, double[] got, double tolerance) {
        assertEquals(expected.length, got.length, "size of " + name);
        double difference = 0;
        double norm = 0;
        int worst = 0;
        for (int i = 0; i < expected.length; i++) {
            double d = Math.abs(expected[i] - got[i]);
            difference += d * d;
            norm += expected[i] * expected[i];
            // Double.compare puts NaN above every number.
            worst = Double.compare(d, Math.abs(expected[worst] - got[worst])) > 0 ? i : worst;
        }
        double relative = Math.sqrt(difference) / Math.max(Math.sqrt(norm), SMALLEST_NORM);
        if (!(relative <= tolerance)) {
            fail(String.format(
                    Locale.ROOT,
                    "%s is off by %.3g of its norm, more than %.3g; worst at index %d of %d: expected %.9g, got %.9g",
                    name,
                    relative,
                    tolerance,
                    worst,
                    expected.length,
                    expected[worst],
                    got[worst]));
        }
    }

    /**
     * Compares weights after five steps of AdamW with the golden ones, element by element. The key biases get a bound of
     * their own: softmax does not see them, so their gradient is 0 up to rounding, and Adam, which divides by the size of
     * the gradient, turns the rounding into steps.
     */
    public static void assertAfterFiveSteps(Golden golden, Map<String, double[]> got, double tolerance) {
        assertEquals(golden.afterFiveSteps().keySet(), got.keySet(), "names of the tensors");
        int width = golden.shape().width();
        golden.afterFiveSteps().forEach((name, expected) -> {
            double[] values = got.get(name);
            if (name.endsWith("attn.c_attn.bias")) {
                assertWithin("query part of " + name, part(expected, 0, width), part(values, 0, width), tolerance);
                assertWithin("key part of " + name, part(expected, 1, width), part(values, 1, width), KEY_BIAS_NOISE);
                assertWithin("value part of " + name, part(expected, 2, width), part(values, 2, width), tolerance);
            } else {
                assertWithin(name, expected, values, tolerance);
            }
        });
    }

    /** Part 0, 1 or 2 of a bias of queries, keys and values. */
    static double[] part(double[] qkvBias, int part, int width) {
        assertEquals(3 * width, qkvBias.length, "size of a bias of queries, keys and values");
        return Arrays.copyOfRange(qkvBias, part * width, (part + 1) * width);
    }

    /** Fails unless no element is off by more than the tolerance, in absolute terms. */
    public static void assertWithin(String name, double[] expected, double[] got, double tolerance) {
        assertEquals(expected.length, got.length, "size of " + name);
        for (int i = 0; i < expected.length; i++) {
            if (!(Math.abs(expected[i] - got[i]) <= tolerance)) {
                fail(String.format(
                        Locale.ROOT,
                        "%s is off by more than %.3g at index %d of %d: expected %.9g, got %.9g",
                        name,
                        tolerance,
                        i,
                        expected.length,
                        expected[i],
                        got[i]));
            }
        }
    }
}
