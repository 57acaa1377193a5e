package tinygpt.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import picocli.CommandLine.Model.ArgGroupSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.ISetter;
import picocli.CommandLine.Model.OptionSpec;
import tinygpt.hyperparameters.HyperparameterKey;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.InvalidHyperparameterException;
import tinygpt.hyperparameters.Preset;

/**
 * The hyperparameters on a command line: one flag for each, read off {@link HyperparameterKey}, after a preset and a
 * config file. What is said later wins: preset, then config file, then flags.
 *
 * <p>A config file is JSON of the form of {@link Hyperparameters#toJson()} with only the keys to change, and may name its
 * preset: {@code {"preset": "nano", "model": {"layers": 3}}}. A preset on the command line replaces that one.
 */
final class HyperparameterOptions {
    /** What one starts from when nothing is said. */
    static final String DEFAULT_PRESET = "tiny";

    /** The path of the key that says how many tokens there are. */
    static final String VOCABULARY_SIZE = "model.vocabulary_size";

    private static final List<String> DROPOUT_RATES =
            List.of("model.embedding_dropout", "model.attention_dropout", "model.residual_dropout");

    /** Flags as typed, by the path of their key. */
    private final Map<String, String> typed = new LinkedHashMap<>();

    private final List<HyperparameterKey> keys = HyperparameterKey.all();
    private final TuningOptions tuning = new TuningOptions();
    private final String defaultPreset;
    private String preset;
    private String configFile;
    private String dropout;
    private ObjectNode config;

    private HyperparameterOptions(String defaultPreset) {
        this.defaultPreset = defaultPreset;
    }

    /** Adds the flags to a command. */
    static HyperparameterOptions addTo(CommandSpec spec) {
        return addTo(spec, DEFAULT_PRESET);
    }

    /** Adds the flags to a command that starts from another preset when nothing is said. */
    static HyperparameterOptions addTo(CommandSpec spec, String defaultPreset) {
        HyperparameterOptions options = new HyperparameterOptions(defaultPreset);
        options.declare(spec);
        return options;
    }

    /**
     * The hyperparameters that were asked for.
     *
     * @throws InvalidHyperparameterException for an unknown preset or key, a wrong type, an impossible combination, or a
     *     config file that is not JSON, with line and column
     * @throws IOException if the config file cannot be read
     */
    Hyperparameters resolve() throws IOException {
        return resolve(Preset.named(presetName()).hyperparameters());
    }

    /** The config file and the flags applied to other hyperparameters than a preset's, for example a checkpoint's. */
    Hyperparameters resolve(Hyperparameters base) throws IOException {
        return resolve(base, changes -> {});
    }

    /** The same without the number of steps, and without what follows from it. */
    Hyperparameters resolveWithoutSteps(Hyperparameters base) throws IOException {
        return resolve(
                base, changes -> changes.withObjectProperty("optimization").remove("steps"));
    }

    private Hyperparameters resolve(Hyperparameters base, Consumer<ObjectNode> omission) throws IOException {
        ObjectNode changes = config().deepCopy();
        changes.remove("preset");
        ObjectNode fromConfig = changes.deepCopy();
        flags().forEach((key, text) -> put(changes, key, key.parse(text)));
        omission.accept(changes);
        if (changes.isEmpty()) {
            return base;
        }
        try {
            return base.with(changes);
        } catch (InvalidHyperparameterException e) {
            throw blameConfig(base, fromConfig, e);
        }
    }

    /** The preset that was asked for, on the command line or in the config file, or the default one. */
    String presetName() throws IOException {
        if (preset != null) {
            return preset;
        }
        JsonNode named = config().path("preset");
        if (!named.isMissingNode() && !named.isTextual()) {
            throw new InvalidHyperparameterException(
                    configFile + ": \"preset\" takes the name of a preset, not " + named);
        }
        return named.asText(defaultPreset);
    }

    /** Whether a preset was asked for, on the command line or in the config file. */
    boolean presetGiven() throws IOException {
        return preset != null || config().has("preset");
    }

    /** The paths of the keys that were set by a flag or in the config file, {@code model.layers}, in key order. */
    Set<String> explicitKeys() throws IOException {
        Set<String> explicit = new LinkedHashSet<>();
        Map<HyperparameterKey, String> flags = flags();
        for (HyperparameterKey key : keys) {
            JsonNode group = key.group().isEmpty() ? config() : config().path(key.group());
            if (flags.containsKey(key) || group.has(key.name())) {
                explicit.add(key.path());
            }
        }
        return explicit;
    }

    /** Whether a key, {@code model.layers}, was set by a flag on the command line. */
    boolean typed(String path) {
        return typed.containsKey(path) || tuning.values().containsKey(path);
    }

    private void declare(CommandSpec spec) {
        ArgGroupSpec.Builder start = section("%nHyperparameters: where to start%n", 100);
        start.addArg(option("--preset", "NAME", setter(value -> preset = value))
                .description("A named set of hyperparameters, " + defaultPreset + " unless given: "
                        + String.join(
                                ", ", Preset.all().stream().map(Preset::name).toList()) + ".")
                .build());
        start.addArg(option("--config", "FILE", setter(value -> configFile = value))
                .description("JSON with the hyperparameters to change, for example"
                        + " {\"preset\": \"nano\", \"model\": {\"layers\": 3}}. Flags win over it.")
                .build());
        spec.addArgGroup(start.build());
        spec.addArgGroup(group("Architecture", "model", 101)
                .addArg(option("--dropout", "<number>", setter(value -> dropout = value))
                        .description("the three dropout rates at once")
                        .build())
                .build());
        spec.addArgGroup(group("Optimization", "optimization", 102).build());
        ArgGroupSpec.Builder adaptation = group("Fine-tuning: what is trained", "adaptation", 104);
        tuning.addTo(adaptation);
        spec.addArgGroup(adaptation.build());
        spec.addArgGroup(group("Rounds of replicas", "synchronization", 105).build());
        ArgGroupSpec.Builder data = group("Data", "data", 103);
        keys.stream().filter(key -> key.group().isEmpty()).forEach(key -> data.addArg(flag(key)));
        spec.addArgGroup(data.build());
    }

    private ArgGroupSpec.Builder group(String heading, String group, int order) {
        ArgGroupSpec.Builder builder = section("%n" + heading + "%n", order);
        keys.stream().filter(key -> key.group().equals(group)).forEach(key -> builder.addArg(flag(key)));
        return builder;
    }

    private OptionSpec flag(HyperparameterKey key) {
        String label = key.type().isEnum() || key.type() == boolean.class ? key.allowed() : "<" + key.allowed() + ">";
        String[] names =
                key.path().equals(VOCABULARY_SIZE) ? new String[] {key.flag(), "--vocab"} : new String[] {key.flag()};
        return option(names, label, setter(value -> {
                    if (value == null) {
                        typed.remove(key.path());
                    } else {
                        typed.put(key.path(), value);
                    }
                }))
                .description(key.description().replace("%", "%%"))
                .build();
    }

    private static ArgGroupSpec.Builder section(String heading, int order) {
        return ArgGroupSpec.builder()
                .heading(heading)
                .order(order)
                .exclusive(false)
                .validate(false);
    }

    private static OptionSpec.Builder option(String name, String label, ISetter setter) {
        return option(new String[] {name}, label, setter);
    }

    private static OptionSpec.Builder option(String[] names, String label, ISetter setter) {
        return OptionSpec.builder(names)
                .type(String.class)
                .arity("1")
                .paramLabel(label)
                .setter(setter);
    }

    private static ISetter setter(Consumer<String> field) {
        return new ISetter() {
            @Override
            public <T> T set(T value) {
                field.accept((String) value);
                return null;
            }
        };
    }

    private Map<HyperparameterKey, String> flags() {
        Map<HyperparameterKey, String> flags = new LinkedHashMap<>();
        Map<String, String> tuned = tuning.values();
        for (HyperparameterKey key : keys) {
            if (typed.containsKey(key.path()) && tuned.containsKey(key.path())) {
                throw new InvalidHyperparameterException(key.flag() + " says the same as "
                        + (key.name().equals("trainable") ? "--train-only or --freeze" : "--lora")
                        + "; leave one of them out");
            }
            if (typed.containsKey(key.path())) {
                flags.put(key, typed.get(key.path()));
            } else if (dropout != null && DROPOUT_RATES.contains(key.path())) {
                flags.put(key, dropout);
            } else if (tuned.containsKey(key.path())) {
                flags.put(key, tuned.get(key.path()));
            }
        }
        return flags;
    }

    private static void put(ObjectNode changes, HyperparameterKey key, JsonNode value) {
        if (key.group().isEmpty()) {
            changes.set(key.name(), value);
            return;
        }
        if (!changes.has(key.group())) {
            changes.putObject(key.group());
        }
        // A group that is no object is left for Hyperparameters to complain about.
        if (changes.get(key.group()) instanceof ObjectNode group) {
            group.set(key.name(), value);
        }
    }

    /** Names the config file if the file alone is already wrong in the same way. */
    private InvalidHyperparameterException blameConfig(
            Hyperparameters base, ObjectNode fromConfig, InvalidHyperparameterException e) {
        if (configFile != null) {
            try {
                base.with(fromConfig);
            } catch (InvalidHyperparameterException alone) {
                if (alone.getMessage().equals(e.getMessage())) {
                    return new InvalidHyperparameterException(configFile + ": " + e.getMessage());
                }
            }
        }
        return e;
    }

    private ObjectNode config() throws IOException {
        if (config == null) {
            config = configFile == null ? JsonNodeFactory.instance.objectNode() : ConfigFile.read(configFile);
        }
        return config;
    }
}
