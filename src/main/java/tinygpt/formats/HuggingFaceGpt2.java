package tinygpt.formats;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import tinygpt.hyperparameters.Activation;
import tinygpt.hyperparameters.Adaptation;
import tinygpt.hyperparameters.InvalidHyperparameterException;
import tinygpt.hyperparameters.ModelShape;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.parameters.SlabLayout;
import tinygpt.text.BytePairForm;
import tinygpt.text.Tokenizer;

/**
 * A GPT-2 in the folder form of Hugging Face: {@code config.json} beside {@code model.safetensors}.
 *
 * <p>Tensor names are read with and without the prefix {@code transformer.}. Two kinds of tensors are no parameters and
 * are passed over: the causal mask that old versions saved ({@code h.0.attn.bias}, {@code h.0.attn.masked_bias}), and
 * {@code lm_head.weight} where the head is tied to {@code wte.weight}. Were such a head to differ from the embedding, the
 * file and its configuration would describe two models, and a reader that picks one may pick the wrong one: it is refused.
 */
public final class HuggingFaceGpt2 {
    private static final String CONFIG = "config.json";
    private static final String WEIGHTS = "model.safetensors";
    /** Of weights that are cut into several files. */
    private static final String INDEX = WEIGHTS + ".index.json";

    private static final String PREFIX = "transformer.";
    private static final String HEAD = "lm_head.weight";
    private static final String EMBEDDING = "wte.weight";
    private static final Pattern MASK = Pattern.compile("h\\.\\d+\\.attn\\.(masked_)?bias");
    private static final int LARGEST_CONFIG = 1 << 20;
    /** What GPT-2's configuration class takes where config.json is silent. */
    private static final int DEFAULT_END_OF_TEXT = 50256;

    private static final double DEFAULT_DROPOUT = 0.1;
    private static final int PIECE = 1 << 16;

    private final Path folder;
    private final ModelShape shape;
    private final OptionalInt bosTokenId;
    private final OptionalInt eosTokenId;

    private HuggingFaceGpt2(Path folder, Config config) {
        this.folder = folder;
        this.shape = config.shape();
        this.bosTokenId = config.tokenId("bos_token_id");
        this.eosTokenId = config.tokenId("eos_token_id");
    }

    /** Whether a folder has the two files that make it one. */
    public static boolean isAt(Path folder) {
        return Files.isRegularFile(folder.resolve(CONFIG)) && hasWeights(folder);
    }

    /** Whether a folder has weights, in one file or several. */
    public static boolean hasWeights(Path folder) {
        return Files.isRegularFile(folder.resolve(WEIGHTS)) || Files.isRegularFile(folder.resolve(INDEX));
    }

    /**
     * Reads the configuration and the header of the weights, and checks that they fit together.
     *
     * @throws BadFileException if a file is missing or damaged, the model is not a GPT-2 that this program computes
     *     exactly, or tensors are missing, unknown or of another shape
     */
    public static HuggingFaceGpt2 open(Path folder) {
        HuggingFaceGpt2 model = new HuggingFaceGpt2(folder, Config.read(folder.resolve(CONFIG)));
        try (TensorFile file = model.openWeights()) {
            ParameterRegistry registry = ModelTensors.registry(file, model.shape, Adaptation.NONE);
            names(file, registry);
        }
        return model;
    }

    /** The architecture that config.json describes. */
    public ModelShape shape() {
        return shape;
    }

    /** The id that begins a text, if the vocabulary has one. */
    public OptionalInt bosTokenId() {
        return bosTokenId;
    }

    /** The id that ends a text, if the vocabulary has one. */
    public OptionalInt eosTokenId() {
        return eosTokenId;
    }

    /**
     * The tokenizer beside the weights, if there is one. Where the model has another number of tokens it is fitted: some
     * models have rows that no token uses, and some tokenizers special tokens that their model never got a row for.
     *
     * @param note told what the user should know
     * @throws BadFileException if there is one that is broken, of another family, or of another model
     */
    public Optional<Tokenizer> tokenizer(Consumer<String> note) {
        if (!TokenizerFiles.isAt(folder)) {
            return Optional.empty();
        }
        Tokenizer tokenizer = TokenizerFiles.read(folder);
        int tokens = tokenizer.vocabularySize();
        int rows = shape.vocabularySize();
        if (tokens == rows) {
            return Optional.of(tokenizer);
        }
        try {
            Tokenizer fitted = BytePairForm.of(tokenizer).resized(rows).tokenizer();
            note.accept(folder + ": its tokenizer has " + tokens + " tokens, its model a vocabulary of " + rows
                    + (tokens < rows
                            ? "; ids from " + tokens + " on are shown as <|unused_" + tokens + "|> and so forth"
                            : "; the special tokens from " + rows + " on are left out"));
            return Optional.of(fitted);
        } catch (IllegalArgumentException e) {
            throw new BadFileException(
                    folder,
                    "its tokenizer has " + tokens + " tokens, its model a vocabulary of " + rows
                            + ": they do not belong together; take both from the same source, or remove the tokenizer to"
                            + " work with token ids",
                    e);
        }
    }

    /**
     * Reads the weights, piece by piece; float16 and bfloat16 are widened.
     *
     * @param registry a registry of this shape; it is given memory if it has none
     * @throws BadFileException if a tensor is missing or of another shape, or a tied head differs from the embedding
     */
    public void readWeights(ParameterRegistry registry) {
        try (Tensors tensors = openTensors(registry)) {
            registry.allocate();
            ModelTensors.load(tensors.file(), registry, SlabLayout.WEIGHTS, tensors.names(), registry.weights());
        }
    }

    /**
     * The weights, to be read piece by piece.
     *
     * @param file open, and closed with this
     * @param names the name in the file for a parameter's name
     */
    public record Tensors(TensorFile file, UnaryOperator<String> names) implements AutoCloseable {
        @Override
        public void close() {
            file.close();
        }
    }

    /**
     * Opens the weights without reading them.
     *
     * @param registry a registry of this shape; it needs no memory
     * @throws BadFileException as {@link #readWeights} does
     */
    public Tensors openTensors(ParameterRegistry registry) {
        TensorFile file = openWeights();
        try {
            UnaryOperator<String> names = names(file, registry);
            if (registry.get(HEAD).tiedTo() != null && file.contains(HEAD)) {
                checkSameNumbers(file, names.apply(EMBEDDING));
            }
            return new Tensors(file, names);
        } catch (RuntimeException | Error e) {
            file.close();
            throw e;
        }
    }

    private TensorFile openWeights() {
        Path weights = folder.resolve(WEIGHTS);
        if (!Files.exists(weights)) {
            if (Files.exists(folder.resolve(INDEX))) {
                return SafetensorsShards.open(folder.resolve(INDEX));
            }
            throw new BadFileException(folder, "has no " + WEIGHTS + "; save the model with safe serialization");
        }
        return SafetensorsReader.open(weights);
    }

    /** Finds every parameter in the file; the result maps a parameter's name to the file's. */
    private static UnaryOperator<String> names(TensorFile file, ParameterRegistry registry) {
        Map<String, String> inFile = new HashMap<>();
        List<String> unknown = new ArrayList<>();
        for (String name : file.names()) {
            String bare = name.startsWith(PREFIX) ? name.substring(PREFIX.length()) : name;
            if (MASK.matcher(bare).matches()) {
                continue;
            }
            if (!registry.contains(bare)) {
                unknown.add(name);
            } else if (inFile.put(bare, name) != null) {
                throw new BadFileException(
                        file.file(), "has " + bare + " twice, with and without the prefix " + PREFIX + "; remove one");
            }
        }
        boolean prefixed = file.names().stream().anyMatch(n -> n.startsWith(PREFIX));
        UnaryOperator<String> names =
                bare -> inFile.getOrDefault(bare, prefixed && !bare.equals(HEAD) ? PREFIX + bare : bare);
        ModelTensors.check(file, registry, SlabLayout.WEIGHTS, names);
        ModelTensors.refuseUnknown(file, unknown);
        return names;
    }

    private static void checkSameNumbers(TensorFile file, String embedding) {
        long elements = file.entry(embedding).elements();
        boolean same = file.entry(HEAD).elements() == elements;
        float[] a = new float[PIECE];
        float[] b = new float[PIECE];
        for (long done = 0; same && done < elements; done += PIECE) {
            int n = (int) Math.min(PIECE, elements - done);
            file.readFloats(embedding, done, a, 0, n);
            file.readFloats(HEAD, done, b, 0, n);
            same = java.util.Arrays.equals(a, 0, n, b, 0, n);
        }
        if (!same) {
            throw new BadFileException(
                    file.file(),
                    HEAD + " differs from " + embedding + ", although " + CONFIG
                            + " ties them; if the head is a matrix of its own, write \"tie_word_embeddings\": false");
        }
    }

    /** config.json, with the meaning that GPT-2's configuration class gives it. */
    private record Config(Path file, JsonNode json) {
        static Config read(Path file) {
            byte[] bytes;
            try (InputStream in = Files.newInputStream(file)) {
                bytes = in.readNBytes(LARGEST_CONFIG + 1);
            } catch (NoSuchFileException e) {
                throw new BadFileException(file, "there is no such file; a Hugging Face model has one", e);
            } catch (IOException e) {
                throw new BadFileException(file, "cannot be read: " + e, e);
            }
            if (bytes.length > LARGEST_CONFIG) {
                throw new BadFileException(file, "is larger than 1 MiB, which no configuration of a model is");
            }
            JsonNode json = StrictJson.tree(file, "the configuration", bytes);
            if (!json.isObject()) {
                throw new BadFileException(file, "is not a JSON object { ... }");
            }
            return new Config(file, json);
        }

        ModelShape shape() {
            checkSupported();
            int width = size("n_embd");
            long inner = isGiven("n_inner") ? size("n_inner") : 4L * width;
            if (inner > Integer.MAX_VALUE) {
                throw bad("n_embd is " + width + ", which is too wide");
            }
            try {
                return new ModelShape(
                        size("vocab_size"),
                        size(isGiven("n_positions") || !isGiven("n_ctx") ? "n_positions" : "n_ctx"),
                        size("n_layer"),
                        size("n_head"),
                        width,
                        (int) inner,
                        true,
                        flag("tie_word_embeddings", true),
                        activation(),
                        number("layer_norm_epsilon", 1e-5),
                        number("initializer_range", 0.02),
                        number("embd_pdrop", DEFAULT_DROPOUT),
                        number("attn_pdrop", DEFAULT_DROPOUT),
                        number("resid_pdrop", DEFAULT_DROPOUT));
            } catch (InvalidHyperparameterException e) {
                throw new BadFileException(
                        file, "describes no possible model: " + BadFileException.quoteSentence(e.getMessage()), e);
            }
        }

        /** A token id, unless it is null or lies outside the vocabulary, where the model could never say it. */
        OptionalInt tokenId(String key) {
            JsonNode node = json.path(key);
            if (node.isArray() && !node.isEmpty()) {
                node = node.get(0);
            }
            int id = node.isMissingNode() ? DEFAULT_END_OF_TEXT : node.isInt() ? node.intValue() : -1;
            return id >= 0 && id < size("vocab_size") ? OptionalInt.of(id) : OptionalInt.empty();
        }

        private void checkSupported() {
            String type = json.path("model_type").asText("");
            if (!type.equals("gpt2")) {
                throw bad("model_type is '" + BadFileException.quote(type) + "'; only gpt2 can be read");
            }
            refuse("scale_attn_by_inverse_layer_idx", true, false);
            refuse("add_cross_attention", true, false);
            refuse("scale_attn_weights", false, true);
        }

        private void refuse(String key, boolean refused, boolean fallback) {
            if (flag(key, fallback) == refused) {
                throw bad(key + " is " + refused + ", a variant of GPT-2 that is not computed here");
            }
        }

        private Activation activation() {
            String name = isGiven("activation_function")
                    ? json.get("activation_function").asText()
                    : "gelu_new";
            return switch (name) {
                case "gelu_new", "gelu_pytorch_tanh" -> Activation.GELU_TANH;
                case "gelu" -> Activation.GELU_ERF;
                default ->
                    throw bad("activation_function is '" + BadFileException.quote(name)
                            + "'; there are gelu_new, gelu_pytorch_tanh and gelu");
            };
        }

        private boolean isGiven(String key) {
            return json.hasNonNull(key);
        }

        private int size(String key) {
            JsonNode node = json.path(key);
            if (!node.isInt() || node.intValue() < 1) {
                throw bad(key + (node.isMissingNode() ? " is missing" : " is not an integer of at least 1"));
            }
            return node.intValue();
        }

        private double number(String key, double fallback) {
            if (isGiven(key) && !json.get(key).isNumber()) {
                throw bad(key + " is not a number");
            }
            return isGiven(key) ? json.get(key).doubleValue() : fallback;
        }

        private boolean flag(String key, boolean fallback) {
            if (isGiven(key) && !json.get(key).isBoolean()) {
                throw bad(key + " is neither true nor false");
            }
            return isGiven(key) ? json.get(key).booleanValue() : fallback;
        }

        private BadFileException bad(String problem) {
            return new BadFileException(file, problem);
        }
    }
}
