package tinygpt.formats;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tinygpt.hyperparameters.Adaptation;
import tinygpt.hyperparameters.InvalidHyperparameterException;
import tinygpt.hyperparameters.ModelShape;
import tinygpt.parameters.Adapter;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterRegistry;

/**
 * Low-rank adapters in the folder form of Hugging Face's PEFT: {@code adapter_config.json} beside
 * {@code adapter_model.safetensors}.
 *
 * <p>Tensors, float32: {@code base_model.model.transformer.h.0.attn.c_attn.lora_A.weight}, [r, in], and
 * {@code .lora_B.weight}, [out, r]: the transposes of the registry's. The metadata also have {@code base_weights_sha256},
 * the fingerprint of the weights that the adapters were trained on; a folder that PEFT wrote has none.
 */
public final class LoraAdapter {
    private static final String CONFIG = "adapter_config.json";
    private static final String WEIGHTS = "adapter_model.safetensors";
    private static final String BASE_SHA256 = "base_weights_sha256";
    private static final String PREFIX = "base_model.model.transformer.";
    private static final String FACTOR_A = ".lora_A.weight";
    private static final String FACTOR_B = ".lora_B.weight";
    private static final Pattern NAME = Pattern.compile(
            "base_model\\.model\\.(?:transformer\\.)?(h\\.[0-9]{1,5}\\.[a-z_.]{1,40})\\.lora_([AB])\\.weight");
    private static final int LARGEST_CONFIG = 1 << 20;

    private final Path folder;
    private final Adaptation adaptation;
    private final Map<String, String> names; // of the file, by the registry's
    private final Optional<String> baseSha256;

    private LoraAdapter(Path folder, Adaptation adaptation, Map<String, String> names, Optional<String> baseSha256) {
        this.folder = folder;
        this.adaptation = adaptation;
        this.names = names;
        this.baseSha256 = baseSha256;
    }

    /** Whether a folder has the two files that make it one. */
    public static boolean isAt(Path folder) {
        return Files.isRegularFile(folder.resolve(CONFIG)) && Files.isRegularFile(folder.resolve(WEIGHTS));
    }

    /**
     * Writes the adapters of a model; each file whole or not at all, the configuration last.
     *
     * @param folder is made if it is not there
     * @param baseName what the adapters were trained on, for people and for PEFT
     * @param baseSha256 fingerprint of the base's weights
     * @throws IllegalArgumentException if the model has no adapters
     * @throws IOException if the folder cannot be made or written
     */
    public static void write(Path folder, ParameterRegistry registry, String baseName, String baseSha256)
            throws IOException {
        if (registry.adapters().isEmpty()) {
            throw new IllegalArgumentException("the model has no adapters to write to " + folder);
        }
        Files.createDirectories(folder);
        try (SafetensorsWriter out = SafetensorsWriter.create(folder.resolve(WEIGHTS))) {
            out.metadata("format", "pt").metadata(BASE_SHA256, baseSha256);
            List<Parameter> factors = registry.adapters().stream()
                    .flatMap(adapter -> java.util.stream.Stream.of(adapter.a(), adapter.b()))
                    .toList();
            for (Parameter factor : factors) {
                out.declare(PREFIX + factor.name(), factor.shape()[1], factor.shape()[0]);
            }
            for (Parameter factor : factors) {
                float[] transposed = Transpose.of(factor.matrix().toArray(), factor.shape()[0], factor.shape()[1]);
                out.write(PREFIX + factor.name(), transposed, 0, transposed.length);
            }
            out.commit();
        }
        String config = StrictJson.write(config(registry, baseName)) + "\n";
        AtomicFile.write(folder.resolve(CONFIG), config.getBytes(StandardCharsets.UTF_8));
    }

    private static Map<String, Object> config(ParameterRegistry registry, String baseName) {
        Adaptation adaptation = registry.adaptation();
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("peft_type", "LORA");
        config.put("task_type", "CAUSAL_LM");
        config.put("base_model_name_or_path", baseName);
        config.put("r", adaptation.loraRank());
        double alpha = adaptation.loraAlpha();
        if (alpha == Math.rint(alpha)) {
            config.put("lora_alpha", (int) alpha);
        } else {
            config.put("lora_alpha", alpha);
        }
        config.put("target_modules", targetModules(registry));
        config.put("fan_in_fan_out", true);
        config.put("bias", "none");
        config.put("lora_dropout", 0.0);
        config.put("inference_mode", true);
        return config;
    }

    /**
     * The layers with adapters as PEFT lists them: an entry stands for every module whose name ends in it, so
     * {@code attn.c_attn} is that layer of all blocks, and one of some blocks only is named in full.
     */
    private static List<String> targetModules(ParameterRegistry registry) {
        Map<String, List<String>> byModule = new LinkedHashMap<>();
        for (Adapter adapter : registry.adapters()) {
            String block = "h." + adapter.weight().layer() + ".";
            byModule.computeIfAbsent(adapter.layer().substring(block.length()), module -> new ArrayList<>())
                    .add(adapter.layer());
        }
        List<String> targets = new ArrayList<>();
        byModule.forEach((module, layers) -> {
            boolean all = layers.size() == registry.shape().layers();
            targets.addAll(all ? List.of(module) : layers);
        });
        return targets;
    }

    /**
     * Reads the configuration and the header of the weights, and checks that they fit together.
     *
     * @throws BadFileException if a file is missing or damaged, or the adapters are of a kind that is not computed here
     */
    public static LoraAdapter open(Path folder) {
        Path file = folder.resolve(CONFIG);
        JsonNode config = StrictJson.tree(file, "the configuration", bytes(file));
        checkSupported(file, config);
        JsonNode rank = config.path("r");
        JsonNode alpha = config.path("lora_alpha");
        if (!rank.isInt() || rank.intValue() < 1 || !alpha.isNumber()) {
            throw new BadFileException(
                    file, "has no rank r of at least 1, or no number lora_alpha; it is no LoRA adapter");
        }
        try (SafetensorsReader in = SafetensorsReader.open(folder.resolve(WEIGHTS))) {
            Map<String, String> names = names(in);
            TreeSet<String> layers = new TreeSet<>();
            for (String name : names.keySet()) {
                layers.add(name.substring(0, name.length() - FACTOR_A.length()));
            }
            Adaptation adaptation =
                    new Adaptation("kind:adapter", rank.intValue(), alpha.doubleValue(), String.join(",", layers));
            return new LoraAdapter(
                    folder, adaptation, names, Optional.ofNullable(in.metadata().get(BASE_SHA256)));
        } catch (InvalidHyperparameterException e) {
            throw new BadFileException(file, "describes no possible adapters: " + e.getMessage(), e);
        }
    }

    /** What hyperparameters say of a model with these adapters, which alone are trained. */
    public Adaptation adaptation() {
        return adaptation;
    }

    /** Fingerprint of the weights that the adapters were trained on; empty if the folder does not say. */
    public Optional<String> baseSha256() {
        return baseSha256;
    }

    /**
     * The registry, shapes only, of a model with these adapters.
     *
     * @throws BadFileException if the model has no such layers
     */
    public ParameterRegistry registry(ModelShape shape) {
        try {
            return ParameterRegistry.of(shape, adaptation);
        } catch (IllegalArgumentException e) {
            throw new BadFileException(
                    folder, "does not fit this model: " + BadFileException.quoteSentence(e.getMessage()), e);
        }
    }

    /**
     * Reads the adapters' numbers into a registry made by {@link #registry}.
     *
     * @throws BadFileException if they are of another shape than the model's layers
     */
    public void read(ParameterRegistry registry) {
        try (SafetensorsReader in = SafetensorsReader.open(folder.resolve(WEIGHTS))) {
            for (Adapter adapter : registry.adapters()) {
                for (Parameter factor : List.of(adapter.a(), adapter.b())) {
                    String name = names.get(factor.name());
                    int rows = factor.shape()[0];
                    int columns = factor.shape()[1];
                    long[] shape = name == null ? new long[0] : in.entry(name).shape();
                    if (shape.length != 2 || shape[0] != columns || shape[1] != rows) {
                        throw new BadFileException(
                                in.file(),
                                factor.name() + " is " + (name == null ? "missing" : java.util.Arrays.toString(shape))
                                        + ", this model needs [" + columns + ", " + rows
                                        + "]; the adapter belongs to another model");
                    }
                    float[] stored = new float[Math.multiplyExact(rows, columns)];
                    in.readFloats(name, 0, stored, 0, stored.length);
                    float[] values = Transpose.of(stored, columns, rows);
                    registry.weights().write(factor.offset(), values, 0, values.length);
                }
            }
        }
    }

    /** The file's name of every factor, by the registry's. */
    private static Map<String, String> names(SafetensorsReader in) {
        Map<String, String> names = new LinkedHashMap<>();
        List<String> unknown = new ArrayList<>();
        for (String name : in.names()) {
            Matcher matcher = NAME.matcher(name);
            if (!matcher.matches()) {
                unknown.add(name);
            } else if (names.put(matcher.group(1) + ".lora_" + matcher.group(2) + ".weight", name) != null) {
                throw new BadFileException(in.file(), "has " + BadFileException.quote(name) + " under two names");
            }
        }
        if (!unknown.isEmpty() || names.isEmpty()) {
            throw new BadFileException(
                    in.file(),
                    names.isEmpty() && unknown.isEmpty()
                            ? "holds no adapters"
                            : "holds " + BadFileException.quote(unknown.get(0))
                                    + ", which is no adapter of a linear layer of GPT-2");
        }
        for (String name : names.keySet()) {
            String other =
                    name.endsWith(FACTOR_A) ? name.replace(FACTOR_A, FACTOR_B) : name.replace(FACTOR_B, FACTOR_A);
            if (!names.containsKey(other)) {
                throw new BadFileException(
                        in.file(), "has " + BadFileException.quote(name) + " without its other factor " + other);
            }
        }
        return names;
    }

    /** Refuses variants of LoRA that compute something else. */
    private static void checkSupported(Path file, JsonNode config) {
        if (!config.path("peft_type").asText().equals("LORA")) {
            throw new BadFileException(
                    file,
                    "peft_type is '"
                            + BadFileException.quote(config.path("peft_type").asText()) + "'; only LORA can be read");
        }
        for (String flag : List.of("use_rslora", "use_dora", "use_qalora", "lora_bias")) {
            if (config.path(flag).asBoolean(false)) {
                throw new BadFileException(file, flag + " is true, a variant of LoRA that is not computed here");
            }
        }
        for (String set : List.of("rank_pattern", "alpha_pattern", "modules_to_save", "trainable_token_indices")) {
            JsonNode value = config.path(set);
            if (!value.isMissingNode() && !value.isNull() && !value.isEmpty()) {
                throw new BadFileException(
                        file, set + " is not empty; adapters of one rank and nothing else can be read");
            }
        }
        if (!config.path("bias").asText("none").equals("none")) {
            throw new BadFileException(file, "bias is not none: its trained biases cannot be read");
        }
    }

    private static byte[] bytes(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(LARGEST_CONFIG + 1);
            if (bytes.length > LARGEST_CONFIG) {
                throw new BadFileException(file, "is larger than 1 MiB, which no configuration of an adapter is");
            }
            return bytes;
        } catch (NoSuchFileException e) {
            throw new BadFileException(file, "there is no such file; a folder with adapters has one", e);
        } catch (IOException e) {
            throw new BadFileException(file, "cannot be read: " + e, e);
        }
    }
}
