package tinygpt.hyperparameters;

import static tinygpt.hyperparameters.InvalidHyperparameterException.require;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * All hyperparameters of a run. Immutable: training reads them and cannot write them.
 *
 * @param model the architecture
 * @param optimization how the parameters are moved
 * @param data how text becomes batches
 * @param adaptation which parameters are moved, and the adapters of a fine-tuning
 * @param synchronization when those who train one model agree on its weights
 * @param seed the one number that all randomness hangs on
 */
public record Hyperparameters(
        ModelShape model,
        Optimization optimization,
        DataPlan data,
        Adaptation adaptation,
        Synchronization synchronization,

        @Describe("the one number that all randomness hangs on")
        long seed) {

    /** The group that older configs do not have, and that one without rounds leaves out. */
    private static final String SYNCHRONIZATION = "synchronization";

    public Hyperparameters {
        long tokens = (long) data.batchSize() * model.contextLength();
        require(
                tokens <= Integer.MAX_VALUE,
                "batch_size %d times context_length %d are %,d tokens in a step, and at most %,d can be; lower"
                        + " --batch-size or --context-length",
                data.batchSize(),
                model.contextLength(),
                tokens,
                Integer.MAX_VALUE);
        require(
                tokens * synchronization.replicas() <= Integer.MAX_VALUE,
                "%d replicas with %,d tokens each are %,d tokens in a step, and at most %,d can be; lower --replicas or"
                        + " --batch-size",
                synchronization.replicas(),
                tokens,
                tokens * synchronization.replicas(),
                Integer.MAX_VALUE);
        require(
                !synchronization.inRounds() || optimization.skipSpikes() == 0,
                "skip_spikes compares each step with those before it, and replicas that train alone have no such"
                        + " history in common; leave --skip-spikes or --sync diloco out");
    }

    /** Tokens that one step trains on: a batch of each replica. */
    public long tokensPerStep() {
        return (long) data.batchSize() * model.contextLength() * synchronization.replicas();
    }

    /** The keys that the JSON has: every one, but those of {@link Synchronization} only if there are rounds. */
    public List<HyperparameterKey> keys() {
        return synchronization.inRounds()
                ? HyperparameterKey.all()
                : HyperparameterKey.all().stream()
                        .filter(key -> !key.group().equals(SYNCHRONIZATION))
                        .toList();
    }

    /** As a JSON tree: one object a group, keys in snake case; those of {@link #keys}. */
    public ObjectNode toJson() {
        return toJson(keys());
    }

    private ObjectNode toJson(List<HyperparameterKey> keys) {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        for (HyperparameterKey key : keys) {
            ObjectNode group = key.group().isEmpty() ? root : root.withObjectProperty(key.group());
            group.set(key.name(), key.write(valueOf(key)));
        }
        return root;
    }

    /** The spelling that is hashed: see {@link CanonicalJson}. */
    public String canonicalJson() {
        return CanonicalJson.write(toJson());
    }

    /** Fingerprint: lower-case hexadecimal SHA-256 of the canonical JSON. */
    public String sha256() {
        return CanonicalJson.sha256(canonicalJson());
    }

    /**
     * These hyperparameters with some values replaced.
     *
     * <p>A new width without a new feed-forward width keeps the ratio of 4 where it was 4. A new learning rate without a
     * new minimum keeps their ratio. Fewer steps without a new warm-up keep the warm-up, but not more than a tenth of them.
     * Adapters, where there were none and everything was trained, are trained alone; taken away again, everything is.
     * Rounds, where there were none, are of the usual kind but for what is said of them.
     *
     * @param changes a tree of the form of {@link #toJson()} with only the keys to change
     * @throws InvalidHyperparameterException for an unknown key, a wrong type or an impossible combination
     */
    public Hyperparameters with(JsonNode changes) {
        List<HyperparameterKey> keys = HyperparameterKey.all();
        ObjectNode merged = toJson(keys);
        checkObject(changes, "the configuration");
        for (var entry : changes.properties()) {
            String name = entry.getKey();
            if (merged.path(name).isObject()) {
                checkObject(entry.getValue(), name);
                ObjectNode group = (ObjectNode) merged.get(name);
                for (var inner : entry.getValue().properties()) {
                    if (!group.has(inner.getKey())) {
                        throw unknown(name + "." + inner.getKey(), inner.getKey(), keys);
                    }
                    group.set(inner.getKey(), inner.getValue());
                }
            } else if (merged.has(name)) {
                merged.set(name, entry.getValue());
            } else {
                throw unknown(name, name, keys);
            }
        }
        follow(changes, merged);
        return fromJson(merged);
    }

    /** These hyperparameters with one value replaced, named by its path: {@code with("model.layers", "2")}. */
    public Hyperparameters with(String path, String value) {
        for (HyperparameterKey key : HyperparameterKey.all()) {
            if (key.path().equals(path)) {
                ObjectNode changes = JsonNodeFactory.instance.objectNode();
                (key.group().isEmpty() ? changes : changes.withObjectProperty(key.group()))
                        .set(key.name(), key.parse(value));
                return with(changes);
            }
        }
        throw unknown(path, path.substring(path.lastIndexOf('.') + 1), HyperparameterKey.all());
    }

    public Hyperparameters withModel(ModelShape other) {
        return new Hyperparameters(other, optimization, data, adaptation, synchronization, seed);
    }

    public Hyperparameters withAdaptation(Adaptation other) {
        return new Hyperparameters(model, optimization, data, other, synchronization, seed);
    }

    public Hyperparameters withSynchronization(Synchronization other) {
        return new Hyperparameters(model, optimization, data, adaptation, other, seed);
    }

    /**
     * Reads a complete tree.
     *
     * @throws InvalidHyperparameterException for a missing or unknown key, a wrong type or an impossible combination
     */
    public static Hyperparameters fromJson(JsonNode root) {
        checkObject(root, "the configuration");
        List<HyperparameterKey> keys = HyperparameterKey.all();
        List<String> known = new ArrayList<>();
        Object[] arguments = new Object[Hyperparameters.class.getRecordComponents().length];
        int at = 0;
        for (RecordComponent group : Hyperparameters.class.getRecordComponents()) {
            known.add(group.getName());
            if (!group.getType().isRecord()) {
                arguments[at++] = one(root, "", group.getName(), keys);
                continue;
            }
            JsonNode tree = root.path(group.getName());
            if (tree.isMissingNode() && group.getName().equals(SYNCHRONIZATION)) {
                arguments[at++] = Synchronization.EVERY_STEP;
                continue;
            }
            checkObject(tree, group.getName());
            List<String> own = new ArrayList<>();
            List<Object> values = new ArrayList<>();
            for (HyperparameterKey key : keys) {
                if (key.group().equals(group.getName())) {
                    own.add(key.name());
                }
            }
            for (var entry : tree.properties()) {
                if (!own.contains(entry.getKey())) {
                    throw unknown(group.getName() + "." + entry.getKey(), entry.getKey(), keys);
                }
            }
            for (String name : own) {
                values.add(one(tree, group.getName(), name, keys));
            }
            arguments[at++] = construct(group.getType(), values.toArray());
        }
        for (var entry : root.properties()) {
            if (!known.contains(entry.getKey())) {
                throw unknown(entry.getKey(), entry.getKey(), keys);
            }
        }
        return (Hyperparameters) construct(Hyperparameters.class, arguments);
    }

    /** The value under a key, for tables. */
    public Object valueOf(HyperparameterKey key) {
        Object owner = this;
        for (RecordComponent group : Hyperparameters.class.getRecordComponents()) {
            if (group.getName().equals(key.group())) {
                owner = get(group, this);
            }
        }
        return valueIn(owner, key);
    }

    private static Object valueIn(Object owner, HyperparameterKey key) {
        for (RecordComponent component : owner.getClass().getRecordComponents()) {
            if (component.getName().equals(camel(key.name()))) {
                return get(component, owner);
            }
        }
        throw new IllegalArgumentException("no hyperparameter " + key.path());
    }

    private void follow(JsonNode changes, ObjectNode merged) {
        JsonNode newModel = changes.path("model");
        if (newModel.path("width").isIntegralNumber()
                && Math.abs(newModel.get("width").asLong()) <= Integer.MAX_VALUE / 4
                && !newModel.has("feed_forward_width")
                && model.feedForwardWidth() == 4 * model.width()) {
            ((ObjectNode) merged.get("model"))
                    .put("feed_forward_width", 4 * newModel.get("width").intValue());
        }
        JsonNode newOptimization = changes.path("optimization");
        if (newOptimization.path("learning_rate").isNumber()
                && Double.isFinite(newOptimization.get("learning_rate").doubleValue())
                && !newOptimization.has("min_learning_rate")) {
            double ratio = optimization.minLearningRate() / optimization.learningRate();
            // Twelve digits: 3e-3 * 0.1 shall read 0.0003, not 0.00030000000000000003.
            double minimum = new java.math.BigDecimal(
                            newOptimization.get("learning_rate").doubleValue() * ratio)
                    .round(new java.math.MathContext(12))
                    .doubleValue();
            ((ObjectNode) merged.get("optimization")).put("min_learning_rate", minimum);
        }
        shortenWarmup(newOptimization, merged);
        followAdapters(changes.path("adaptation"), merged);
        followRounds(changes.path(SYNCHRONIZATION), merged);
    }

    /** What is not said of rounds is usual when there are to be some, and goes when there are to be none. */
    private void followRounds(JsonNode changes, ObjectNode merged) {
        for (Synchronization usual : List.of(Synchronization.EVERY_STEP, Synchronization.ROUNDS)) {
            ObjectNode tree = JsonNodeFactory.instance.objectNode();
            HyperparameterKey.all().stream()
                    .filter(key -> key.group().equals(SYNCHRONIZATION))
                    .forEach(key -> tree.set(key.name(), key.write(valueIn(usual, key))));
            if (usual.sync() != synchronization.sync() && tree.get("sync").equals(changes.path("sync"))) {
                merged.set(SYNCHRONIZATION, tree.setAll((ObjectNode) changes));
            }
        }
    }

    private void followAdapters(JsonNode changes, ObjectNode merged) {
        if (changes.path("lora_rank").isIntegralNumber() && !changes.has("trainable")) {
            boolean adapters = changes.get("lora_rank").asLong() > 0;
            String from = adapters ? Adaptation.NONE.trainable() : Adaptation.ADAPTERS_ONLY;
            if (adaptation.trainable().equals(from)) {
                String to = adapters ? Adaptation.ADAPTERS_ONLY : Adaptation.NONE.trainable();
                ((ObjectNode) merged.get("adaptation")).put("trainable", to);
            }
        }
    }

    /** A warm-up made for a long run would be all there is of a short one. More steps need no longer warm-up. */
    private void shortenWarmup(JsonNode changes, ObjectNode merged) {
        JsonNode steps = changes.path("steps");
        if (steps.canConvertToInt()
                && steps.isIntegralNumber()
                && steps.intValue() >= 0
                && steps.intValue() < optimization.steps()
                && !changes.has("warmup_steps")) {
            int warmup = Math.min(optimization.warmupSteps(), steps.intValue() / Optimization.USUAL_WARMUP);
            ((ObjectNode) merged.get("optimization")).put("warmup_steps", warmup);
        }
    }

    private static Object one(JsonNode tree, String group, String name, List<HyperparameterKey> keys) {
        for (HyperparameterKey key : keys) {
            if (key.group().equals(group) && key.name().equals(name)) {
                JsonNode value = tree.get(name);
                if (value == null) {
                    throw new InvalidHyperparameterException(key.path() + " is missing; it takes " + key.allowed());
                }
                return key.read(value);
            }
        }
        throw new IllegalStateException("no key " + group + "." + name);
    }

    private static void checkObject(JsonNode node, String what) {
        if (!node.isObject()) {
            throw new InvalidHyperparameterException(
                    what + (node.isMissingNode() ? " is missing" : " must be a JSON object { ... }, not " + node));
        }
    }

    private static InvalidHyperparameterException unknown(String path, String name, List<HyperparameterKey> keys) {
        for (HyperparameterKey key : keys) {
            if (key.name().equals(name.replace('-', '_'))) {
                return new InvalidHyperparameterException("'" + path + "' is not a hyperparameter; write "
                        + (key.group().isEmpty()
                                ? "\"" + key.name() + "\" at the top level"
                                : "\"" + key.group() + "\": { \"" + key.name() + "\": ... }"));
            }
        }
        String known = keys.stream().map(HyperparameterKey::path).collect(Collectors.joining(", "));
        return new InvalidHyperparameterException("'" + path + "' is not a hyperparameter of this version (a newer"
                + " tinygpt may have written it); there are " + known);
    }

    private static Object construct(Class<?> type, Object[] values) {
        try {
            return type.getDeclaredConstructors()[0].newInstance(values);
        } catch (java.lang.reflect.InvocationTargetException e) {
            if (e.getCause() instanceof InvalidHyperparameterException invalid) {
                throw invalid;
            }
            throw new IllegalStateException(e.getCause());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Object get(RecordComponent component, Object owner) {
        try {
            return component.getAccessor().invoke(owner);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String camel(String snake) {
        StringBuilder out = new StringBuilder();
        for (String word : snake.split("_")) {
            out.append(out.isEmpty() ? word : Character.toUpperCase(word.charAt(0)) + word.substring(1));
        }
        return out.toString();
    }
}
