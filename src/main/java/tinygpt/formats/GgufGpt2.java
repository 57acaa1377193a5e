package tinygpt.formats;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;
import tinygpt.hyperparameters.Activation;
import tinygpt.hyperparameters.InvalidHyperparameterException;
import tinygpt.hyperparameters.ModelShape;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.tensor.Slab;
import tinygpt.text.Tokenizer;

/**
 * A GPT-2 in a GGUF file. Its head is tied to the token embedding if the file has none, or has the embedding's bytes again.
 * Quantized numbers become float32 when they are read, and that is what is computed with.
 */
public final class GgufGpt2 {
    /** What GGUF does not say: how a model is initialised, and dropout in training. */
    private static final double INITIAL_STD = 0.02;

    private static final int PIECE = 1 << 16;
    private static final int MOST_NAMED = 4;

    private final Path file;
    private final ModelShape shape;
    private final Tokenizer tokenizer;
    private final int beginOfText;

    private GgufGpt2(Path file, ModelShape shape, Tokenizer tokenizer, int beginOfText) {
        this.file = file;
        this.shape = shape;
        this.tokenizer = tokenizer;
        this.beginOfText = beginOfText;
    }

    /**
     * Reads everything but the weights, and checks that it fits together.
     *
     * @throws BadFileException if the file is damaged, the model is not a GPT-2 that this program computes, or tensors are
     *     missing, unknown, of another shape or stored in a way that is not read
     */
    public static GgufGpt2 open(Path path) {
        try (GgufReader file = GgufReader.open(path)) {
            ModelShape shape = shape(file);
            check(file, shape);
            Tokenizer tokenizer = GgufTokenizer.read(file);
            if (tokenizer.vocabularySize() != shape.vocabularySize()) {
                throw new BadFileException(
                        path,
                        "has " + tokenizer.vocabularySize() + " tokens and " + GgufLayout.EMBEDDING + " has "
                                + shape.vocabularySize() + " rows; each token has one");
            }
            return new GgufGpt2(
                    path,
                    shape,
                    tokenizer,
                    new GgufKeys(file)
                            .tokenId(GgufKeys.BEGIN, shape.vocabularySize())
                            .orElse(tokenizer.endOfText()));
        }
    }

    public Path file() {
        return file;
    }

    /** The architecture that the keys describe. */
    public ModelShape shape() {
        return shape;
    }

    public Tokenizer tokenizer() {
        return tokenizer;
    }

    /** The id that begins a text. */
    public OptionalInt bosTokenId() {
        return OptionalInt.of(beginOfText);
    }

    /** The id that ends a text. */
    public OptionalInt eosTokenId() {
        return OptionalInt.of(tokenizer.endOfText());
    }

    /**
     * Reads the weights, piece by piece.
     *
     * @param registry a registry of this shape; it is given memory if it has none
     * @throws BadFileException if reading fails
     */
    public void readWeights(ParameterRegistry registry) {
        try (Tensors tensors = openTensors()) {
            Slab weights = registry.allocate().weights();
            float[] piece = new float[PIECE];
            for (Parameter parameter : registry.all()) {
                for (long done = 0; parameter.tiedTo() == null && done < parameter.size(); done += PIECE) {
                    int n = (int) Math.min(PIECE, parameter.size() - done);
                    tensors.read(parameter, done, piece, 0, n);
                    weights.write(parameter.offset() + done, piece, 0, n);
                }
            }
        }
    }

    /**
     * Opens the weights without reading them.
     *
     * @throws BadFileException if the file is no longer what it was
     */
    public Tensors openTensors() {
        GgufReader reader = GgufReader.open(file);
        try {
            check(reader, shape);
            return new Tensors(reader, shape);
        } catch (RuntimeException | Error e) {
            reader.close();
            throw e;
        }
    }

    private static ModelShape shape(GgufReader file) {
        GgufKeys keys = new GgufKeys(file);
        String architecture = keys.requiredText(GgufKeys.ARCHITECTURE);
        if (!architecture.equals(GgufKeys.GPT2)) {
            throw new BadFileException(
                    file.file(),
                    "holds a model of the architecture " + BadFileException.quote(architecture)
                            + "; only gpt2 is computed here");
        }
        try {
            return new ModelShape(
                    vocabularySize(file),
                    keys.size(GgufKeys.CONTEXT),
                    keys.size(GgufKeys.LAYERS),
                    keys.size(GgufKeys.HEADS),
                    keys.size(GgufKeys.WIDTH),
                    keys.size(GgufKeys.FEED_FORWARD),
                    true,
                    tied(file),
                    activation(file, keys),
                    keys.epsilon(),
                    INITIAL_STD,
                    0,
                    0,
                    0);
        } catch (InvalidHyperparameterException e) {
            throw new BadFileException(
                    file.file(), "describes no possible model: " + BadFileException.quoteSentence(e.getMessage()), e);
        }
    }

    private static int vocabularySize(GgufReader file) {
        GgufTensor embedding = file.tensor(GgufLayout.EMBEDDING)
                .orElseThrow(() -> new BadFileException(
                        file.file(),
                        "has no " + GgufLayout.EMBEDDING
                                + (file.tensors().isEmpty()
                                        ? ": it is a vocabulary without a model"
                                        : "; it belongs to another kind of model or was cut down")));
        long[] ne = embedding.ne();
        return (int) Math.min(Integer.MAX_VALUE, ne[ne.length - 1]);
    }

    private static boolean tied(GgufReader file) {
        return file.tensor(GgufLayout.HEAD)
                .map(head -> file.same(head, file.tensor(GgufLayout.EMBEDDING).orElseThrow()))
                .orElse(true);
    }

    private static Activation activation(GgufReader file, GgufKeys keys) {
        String name = keys.text(GgufKeys.ACTIVATION).orElse(Activation.GELU_TANH.name());
        return Arrays.stream(Activation.values())
                .filter(activation -> activation.name().equalsIgnoreCase(name))
                .findFirst()
                .orElseThrow(() -> new BadFileException(
                        file.file(),
                        GgufKeys.ACTIVATION + " is " + BadFileException.quote(name) + "; there are "
                                + Arrays.toString(Activation.values()).toLowerCase(Locale.ROOT)));
    }

    /** Every tensor of the layout in its shape, and no other. */
    private static void check(GgufReader file, ModelShape shape) {
        // Before a list as long as the layers is made.
        if (shape.layers() > file.tensors().size()) {
            throw new BadFileException(
                    file.file(),
                    "says it has " + shape.layers() + " layers, with "
                            + file.tensors().size() + " tensors in all; the file is damaged");
        }
        List<String> wrong = new ArrayList<>();
        List<GgufLayout.Place> places = GgufLayout.of(shape);
        for (GgufLayout.Place place : places) {
            GgufTensor tensor = file.tensor(place.name()).orElse(null);
            if (tensor == null) {
                if (!place.name().equals(GgufLayout.HEAD)) {
                    wrong.add(place.name() + " is missing");
                }
            } else if (!Arrays.equals(tensor.ne(), place.ne())) {
                wrong.add(place.name() + " is " + Arrays.toString(tensor.ne()) + " in the file, "
                        + Arrays.toString(place.ne()) + " in such a model");
            } else if (!tensor.type().isReadable()) {
                wrong.add(place.name() + " is " + tensor.type() + ", and F32, F16, BF16, Q8_0 and Q4_0 are read;"
                        + " convert it with 'llama-quantize --allow-requantize FILE OUT q8_0'");
            }
        }
        Set<String> known = places.stream().map(GgufLayout.Place::name).collect(Collectors.toSet());
        for (GgufTensor tensor : file.tensors()) {
            if (!known.contains(tensor.name())) {
                wrong.add(BadFileException.quote(tensor.name()) + " is no tensor of GPT-2");
            }
        }
        if (!wrong.isEmpty()) {
            String shown = String.join("; ", wrong.subList(0, Math.min(MOST_NAMED, wrong.size())));
            throw new BadFileException(
                    file.file(),
                    shown + (wrong.size() > MOST_NAMED ? "; and " + (wrong.size() - MOST_NAMED) + " more" : ""));
        }
    }

    /** The weights of a file, under the names and in the layout of the registry. One thread at a time. */
    public static final class Tensors implements AutoCloseable, ExportedModel.Numbers {
        /** Floats of a matrix that are kept transposed, so that reading it in order reads the file in order. */
        private static final int PANEL = 1 << 22;

        private final GgufReader file;
        private final Map<String, GgufLayout.Place> places = new HashMap<>();
        private Panel panel;

        /** Some rows of a parameter, gathered from the columns of its tensor. */
        private record Panel(String parameter, long first, float[] numbers) {
            boolean has(String name, long index) {
                return parameter.equals(name) && index >= first && index < first + numbers.length;
            }
        }

        private Tensors(GgufReader file, ModelShape shape) {
            this.file = file;
            GgufLayout.of(shape).forEach(place -> places.put(place.parameter(), place));
        }

        @Override
        public void read(Parameter parameter, long first, float[] destination, int at, int count) {
            Objects.checkFromIndexSize(first, (long) count, parameter.size());
            Parameter owner = Objects.requireNonNullElse(parameter.tiedTo(), parameter);
            GgufLayout.Place place = places.get(owner.name());
            GgufTensor tensor = file.tensor(place.name()).orElseThrow();
            if (!place.transposed()) {
                file.readFloats(tensor, first, destination, at, count);
                return;
            }
            for (int done = 0; done < count; ) {
                long index = first + done;
                if (panel == null || !panel.has(owner.name(), index)) {
                    panel = gather(owner, tensor, index);
                }
                int from = (int) (index - panel.first());
                int n = Math.min(count - done, panel.numbers().length - from);
                System.arraycopy(panel.numbers(), from, destination, at + done, n);
                done += n;
            }
        }

        /** The rows around an element, as many as fit a panel. */
        private Panel gather(Parameter parameter, GgufTensor tensor, long index) {
            int rows = parameter.shape()[0];
            int columns = parameter.shape()[1];
            int block = tensor.type().blockSize();
            int most = Math.max(block, PANEL / columns / block * block);
            int firstRow = (int) (index / columns) / most * most;
            int n = Math.min(most, rows - firstRow);
            float[] numbers = new float[Math.multiplyExact(n, columns)];
            float[] stretch = new float[n];
            for (int column = 0; column < columns; column++) {
                file.readFloats(tensor, (long) column * rows + firstRow, stretch, 0, n);
                for (int row = 0; row < n; row++) {
                    numbers[row * columns + column] = stretch[row];
                }
            }
            return new Panel(parameter.name(), (long) firstRow * columns, numbers);
        }

        @Override
        public void close() {
            file.close();
        }
    }
}
