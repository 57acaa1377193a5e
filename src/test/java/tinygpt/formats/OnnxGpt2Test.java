package tinygpt.formats;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnxruntime.OrtException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import onnx.Onnx.ModelProto;
import onnx.Onnx.TensorProto;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tinygpt.generation.Generator;
import tinygpt.generation.SamplingSettings;
import tinygpt.hyperparameters.Activation;
import tinygpt.hyperparameters.ModelShape;
import tinygpt.model.Activations;
import tinygpt.model.Gpt;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.reference.ModelFixtures;
import tinygpt.tensor.Workspace;

/** The graph against ONNX Runtime, an implementation of its operators by other people. */
class OnnxGpt2Test {
    private static final int GENERATED = 30;
    private static final double LOGITS = 1e-4;
    private static final double PROBABILITIES = 1e-3;

    @TempDir
    private Path folder;

    /** A model in both worlds. */
    private final class Both implements AutoCloseable {
        private final ModelShape shape;
        private final ParameterRegistry registry;
        private final Gpt gpt;
        private final Workspace space;
        private final OnnxRun onnx;

        Both(ModelShape shape, int batch) throws IOException, OrtException {
            this.shape = shape;
            registry = ParameterRegistry.of(shape).allocate();
            Map<String, double[]> weights = ModelFixtures.randomWeights(shape, 11);
            // A tied head prefers the token it sees. Positions this large make texts that do not repeat one token.
            weights.put(
                    "wpe.weight",
                    Arrays.stream(weights.get("wpe.weight")).map(x -> 4 * x).toArray());
            ModelFixtures.fill(registry, weights);
            gpt = new Gpt(registry);
            space = new Workspace(Gpt.longestRow(shape));
            Path file = folder.resolve("model.onnx");
            Files.write(file, bytes(registry));
            onnx = new OnnxRun(file, shape, batch);
        }

        /** Our logits (T, V) of a text. */
        float[][] logits(int... ids) {
            try (Activations a = new Activations(gpt, 1, ids.length, null)) {
                System.arraycopy(ids, 0, a.tokens(), 0, ids.length);
                gpt.forward(space, a);
                float[][] rows = new float[ids.length][shape.vocabularySize()];
                for (int t = 0; t < ids.length; t++) {
                    a.logits().readRow(t, rows[t], 0);
                }
                return rows;
            }
        }

        int[] greedy(int... prompt) {
            IntStream.Builder ids = IntStream.builder();
            try (Generator generator = new Generator(gpt, space)) {
                generator.tokens(prompt, SamplingSettings.greedy(GENERATED), 0, OptionalInt.empty(), id -> {
                    ids.add(id);
                    return true;
                });
            }
            return ids.build().toArray();
        }

        @Override
        public void close() throws OrtException {
            onnx.close();
            registry.close();
        }
    }

    private static byte[] bytes(ParameterRegistry registry) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        OnnxGraph graph = OnnxGpt2.of(registry);
        graph.writeTo(out, numbers(registry));
        assertEquals(graph.size(), out.size());
        return out.toByteArray();
    }

    static ExportedModel.Numbers numbers(ParameterRegistry registry) {
        return (parameter, first, destination, at, count) ->
                registry.weights().read(parameter.offset() + first, destination, at, count);
    }

    private static ModelShape shape(
            int vocabulary, int layers, int heads, int width, boolean biases, boolean tied, Activation activation) {
        return new ModelShape(
                vocabulary, 64, layers, heads, width, 3 * width + 1, biases, tied, activation, 1e-5, 0.02, 0, 0, 0);
    }

    private static int[] ids(ModelShape shape, int count, int seed) {
        return ModelFixtures.randomIds(shape, 1, count, seed)[0];
    }

    private static double[] probabilities(float[] logits) {
        double most = logits[OnnxRun.highest(logits)];
        double[] all = new double[logits.length];
        for (int id = 0; id < all.length; id++) {
            all[id] = Math.exp(logits[id] - most);
        }
        double sum = Arrays.stream(all).sum();
        return Arrays.stream(all).map(p -> p / sum).toArray();
    }

    private static void assertSame(float[] expected, float[] got) {
        ModelFixtures.assertWithin("logits", ModelFixtures.widen(expected), ModelFixtures.widen(got), LOGITS);
        ModelFixtures.assertWithin("probabilities", probabilities(expected), probabilities(got), PROBABILITIES);
    }

    @ParameterizedTest
    @CsvSource({
        "65, 2, 4, 32, true, true, GELU_TANH",
        "257, 3, 1, 24, false, false, GELU_ERF",
        "300, 1, 3, 48, true, false, GELU_ERF",
        "64, 2, 2, 16, false, true, GELU_TANH",
    })
    void logitsOfAText_areOurs_andSoAreThirtyGreedyTokensThroughTheCache(
            int vocabulary, int layers, int heads, int width, boolean biases, boolean tied, Activation activation)
            throws IOException, OrtException {
        ModelShape shape = shape(vocabulary, layers, heads, width, biases, tied, activation);
        try (Both both = new Both(shape, 1)) {
            int[] whole = ids(shape, shape.contextLength(), 1);
            float[][] expected = both.logits(whole);
            float[][] got = both.onnx.read(whole)[0];
            for (int t = 0; t < whole.length; t++) {
                assertSame(expected[t], got[t]);
            }

            both.onnx.clear();
            int[] prompt = ids(shape, 7, 2);
            int[] generated = both.greedy(prompt);
            float[][] after = both.logits(concatenated(prompt, generated));
            float[][] rows = both.onnx.read(prompt)[0];
            for (int i = 0; i < GENERATED; i++) {
                float[] row = rows[rows.length - 1];
                assertSame(after[prompt.length - 1 + i], row);
                assertEquals(generated[i], OnnxRun.highest(row), "token " + i);
                rows = both.onnx.read(new int[] {generated[i]})[0];
            }
            assertTrue(Arrays.stream(generated).distinct().count() > 3, "the text would hide errors");
        }
    }

    /** Texts of unequal length in one batch: the shorter is padded at the left, and knows nothing of its padding. */
    @Test
    void textsOfABatch_paddedAtTheLeft_areAsEachAlone() throws IOException, OrtException {
        ModelShape shape = shape(65, 2, 2, 32, true, true, Activation.GELU_TANH);
        try (Both both = new Both(shape, 2)) {
            int[] one = ids(shape, 9, 3);
            int[] other = ids(shape, 4, 4);
            int[] padded = concatenated(new int[] {-1, -1, -1, -1, -1}, other);
            int[][] generated = {both.greedy(one), both.greedy(other)};
            float[][][] rows = both.onnx.read(one, padded);
            for (int i = 0; i < GENERATED; i++) {
                float[] first = rows[0][rows[0].length - 1];
                float[] second = rows[1][rows[1].length - 1];
                assertEquals(generated[0][i], OnnxRun.highest(first), "token " + i);
                assertEquals(generated[1][i], OnnxRun.highest(second), "token " + i);
                rows = both.onnx.read(new int[] {generated[0][i]}, new int[] {generated[1][i]});
            }
            int last = GENERATED + other.length - 1;
            assertSame(both.logits(concatenated(other, generated[1]))[last], rows[1][0]);
        }
    }

    /** The names that transformers.js and Optimum look for. */
    @Test
    void inputsAndOutputs_areNamedAsTransformersJsWantsThem() throws IOException, OrtException {
        ModelShape shape = shape(65, 2, 2, 32, true, true, Activation.GELU_TANH);
        try (Both both = new Both(shape, 1)) {
            Set<String> inputs = new TreeSet<>(Set.of("input_ids", "attention_mask", "position_ids"));
            Set<String> outputs = new TreeSet<>(Set.of("logits"));
            for (int layer = 0; layer < 2; layer++) {
                for (String part : new String[] {".key", ".value"}) {
                    inputs.add("past_key_values." + layer + part);
                    outputs.add("present." + layer + part);
                }
            }
            assertEquals(inputs, new TreeSet<>(both.onnx.session().getInputNames()));
            assertEquals(outputs, new TreeSet<>(both.onnx.session().getOutputNames()));
        }
    }

    @ParameterizedTest
    @CsvSource({"true", "false"})
    void weights_areThereOnce_bitByBit(boolean tied) throws IOException {
        ModelShape shape = shape(65, 2, 2, 32, true, tied, Activation.GELU_TANH);
        try (ParameterRegistry registry = ParameterRegistry.of(shape).allocate()) {
            ModelFixtures.fill(registry, ModelFixtures.randomWeights(shape, 11));
            ModelProto model = ModelProto.parseFrom(bytes(registry));
            assertEquals(9, model.getIrVersion());
            assertEquals(20, model.getOpsetImport(0).getVersion());
            int found = 0;
            for (TensorProto tensor : model.getGraph().getInitializerList()) {
                if (registry.contains(tensor.getName())) {
                    found++;
                    Parameter parameter = registry.get(tensor.getName());
                    assertArrayEquals(
                            Arrays.stream(parameter.shape()).asLongStream().toArray(),
                            tensor.getDimsList().stream().mapToLong(d -> d).toArray());
                    float[] numbers = new float[(int) parameter.size()];
                    tensor.getRawData()
                            .asReadOnlyByteBuffer()
                            .order(java.nio.ByteOrder.LITTLE_ENDIAN)
                            .asFloatBuffer()
                            .get(numbers);
                    assertArrayEquals(parameter.matrix().toArray(), numbers, tensor.getName());
                }
            }
            assertEquals(registry.owned().size(), found);
            assertEquals(tied ? 28 : 29, found);
        }
    }

    private static int[] concatenated(int[] first, int[] second) {
        return IntStream.concat(Arrays.stream(first), Arrays.stream(second)).toArray();
    }
}
