package tinygpt.hyperparameters;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

final class HyperparametersTest {
    private static final Hyperparameters NANO = Preset.named("nano").hyperparameters();
    private static final Hyperparameters ROUNDS = NANO.with("synchronization.sync", "diloco");
    private static final String NANO_CANONICAL = """
            {"adaptation":{"lora_alpha":16,"lora_on":"attention","lora_rank":0,"trainable":"*"},\
            "data":{"batch_size":8,"order":"shuffled","shards":2,"tokenizer":"character","validation_fraction":0.1},\
            "model":{"activation":"gelu_tanh","attention_dropout":0,"biases":true,"context_length":32,\
            "embedding_dropout":0,"feed_forward_width":128,"heads":2,"initial_std":0.02,"layer_norm_epsilon":0.00001,\
            "layers":2,"residual_dropout":0,"tied_head":true,"vocabulary_size":64,"width":32},\
            "optimization":{"beta1":0.9,"beta2":0.99,"epsilon":1e-8,"gradient_clip":1,"learning_rate":0.01,\
            "min_learning_rate":0.001,"schedule":"cosine","skip_spikes":0,"steps":200,"warmup_steps":20,\
            "weight_decay":0.1},\
            "seed":1337}""";

    @Test
    void canonicalJson_ofNano_isThisText() {
        assertEquals(NANO_CANONICAL, NANO.canonicalJson());
    }

    @Test
    void sha256_ofNano_isThatOfTheText() {
        // Computed with Python's hashlib from the text above.
        assertEquals("610ab853a756b5ff5d5dc6eee726fb0cda3bb893578598637510987b4fa8a3cb", NANO.sha256());
    }

    @ParameterizedTest
    @MethodSource("presets")
    void preset_readBackFromItsJson_isEqual(Preset preset) {
        Hyperparameters original = preset.hyperparameters();
        assertEquals(original, Hyperparameters.fromJson(json(original.canonicalJson())));
    }

    static List<Preset> presets() {
        return Preset.all();
    }

    @Test
    void presets_haveDistinctFingerprints() {
        Set<String> hashes = new HashSet<>();
        Preset.all().forEach(preset -> hashes.add(preset.hyperparameters().sha256()));
        assertEquals(16, hashes.size());
    }

    @Test
    void unknownPreset_listsThoseThereAre() {
        String message = assertThrows(InvalidHyperparameterException.class, () -> Preset.named("gpt4"))
                .getMessage();
        assertTrue(message.startsWith("there is no preset 'gpt4'; there are nano, tiny, shakespeare-cpu"), message);
    }

    @Test
    void orderOfKeys_doesNotChangeTheFingerprint() {
        ObjectNode shuffled = (ObjectNode) reversed(NANO.toJson());
        assertNotEquals(NANO.toJson().toString(), shuffled.toString());
        assertEquals(NANO.sha256(), Hyperparameters.fromJson(shuffled).sha256());
    }

    @ParameterizedTest
    @MethodSource("keys")
    void everyKey_canBeOverridden_andChangesTheFingerprint(HyperparameterKey key) {
        String text = other(key);
        Hyperparameters changed = having(key).with(key.path(), text);
        assertEquals(
                CanonicalJson.write(key.parse(text)),
                CanonicalJson.write(changed.toJson().at("/" + key.path().replace('.', '/'))));
        assertNotEquals(having(key).sha256(), changed.sha256());
    }

    @ParameterizedTest
    @MethodSource("keys")
    void everyKey_ofTheWrongType_isRefusedByName(HyperparameterKey key) {
        ObjectNode changes = JsonNodeFactory.instance.objectNode();
        (key.group().isEmpty() ? changes : changes.putObject(key.group())).putArray(key.name());
        String message = assertThrows(InvalidHyperparameterException.class, () -> NANO.with(changes))
                .getMessage();
        assertTrue(message.startsWith(key.path() + " takes "), message);
    }

    @ParameterizedTest
    @MethodSource("keys")
    void everyKey_leftOut_isMissedByName(HyperparameterKey key) {
        ObjectNode incomplete = ROUNDS.toJson();
        (key.group().isEmpty() ? incomplete : (ObjectNode) incomplete.get(key.group())).remove(key.name());
        String message = assertThrows(InvalidHyperparameterException.class, () -> Hyperparameters.fromJson(incomplete))
                .getMessage();
        assertEquals(key.path() + " is missing; it takes " + key.allowed(), message);
    }

    /** Hyperparameters that may have any value of a key. */
    private static Hyperparameters having(HyperparameterKey key) {
        return key.group().equals("synchronization") && !key.name().equals("sync") ? ROUNDS : NANO;
    }

    static List<HyperparameterKey> keys() {
        return HyperparameterKey.all();
    }

    @Test
    void keys_haveDistinctFlags() {
        Set<String> flags = new HashSet<>();
        HyperparameterKey.all().forEach(key -> flags.add(key.flag()));
        assertEquals(40, flags.size());
        assertEquals(HyperparameterKey.all().size(), flags.size());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            {"model":{"layers":"2"}}             | model.layers takes an integer of at most 2,147,483,647, not "2"
            {"model":{"layers":2.5}}             | model.layers takes an integer of at most 2,147,483,647, not 2.5
            {"model":{"layers":3000000000}}      | model.layers takes an integer of at most 2,147,483,647, not 3000000000
            {"model":{"biases":1}}               | model.biases takes one of true, false, not 1
            {"model":{"activation":"relu"}}      | model.activation takes one of gelu_tanh, gelu_erf, not "relu"
            {"optimization":{"epsilon":null}}    | optimization.epsilon takes a number, not null
            {"seed":"x"}                         | seed takes an integer, not "x"
            {"model":3}                          | model must be a JSON object { ... }, not 3
            []                                   | the configuration must be a JSON object { ... }, not []
            {"layers":3}                         | 'layers' is not a hyperparameter; write "model": { "layers": ... }
            {"data":{"seed":3}}                  | 'data.seed' is not a hyperparameter; write "seed" at the top level
            {"model":{"learning-rate":1}}        | 'model.learning-rate' is not a hyperparameter; write "optimization": { "learning_rate": ... }
            {"data":{"batch_size":9}}            | batch_size 9 cannot be cut into 2 shards of equal size; use --shards 1 or a batch size of 10
            {"data":{"validation_fraction":1}}   | validation_fraction is 1.0; it must lie between 0 and 1 (0.1 is usual)
            {"optimization":{"min_learning_rate":0.5}} | min_learning_rate 0.5 must lie between 0 and learning_rate 0.01; lower it with --min-learning-rate
            {"optimization":{"beta2":1}}         | beta2 is 1.0; it must lie in [0, 1) (0.99 or 0.999 is usual)
            {"optimization":{"steps":-1}}        | steps is -1; it cannot be negative
            {"optimization":{"weight_decay":150}}  | weight_decay is 150.0; it must be at least 0 and below 100 (0.1 is usual)
            {"optimization":{"learning_rate":200}} | learning_rate is 200.0; it must lie between 0 and 100 (1e-3 is a usual value)
            {"optimization":{"warmup_steps":200}}  | warmup_steps 200 leaves none of 200 steps at the full learning rate; lower it with --warmup-steps 20
            """)
    void wrongChange_isRefusedWithReason(String changes, String message) {
        assertEquals(
                message,
                assertThrows(InvalidHyperparameterException.class, () -> NANO.with(json(changes)))
                        .getMessage());
    }

    @Test
    void unknownKey_listsThoseThereAre() {
        String message = assertThrows(
                        InvalidHyperparameterException.class, () -> NANO.with(json("{\"model\":{\"depth\":3}}")))
                .getMessage();
        assertTrue(
                message.startsWith("'model.depth' is not a hyperparameter of this version (a newer tinygpt may have"
                        + " written it); there are model.vocabulary_size,"),
                message);
        assertTrue(message.endsWith(", seed"), message);
    }

    @ParameterizedTest
    @CsvSource({"NaN", "Infinity", "-Infinity", "1d", "1e", "0.1f", "x"})
    void learningRateThatIsNoNumber_isRefused(String text) {
        assertEquals(
                "--learning-rate takes a number, not '" + text + "'",
                assertThrows(InvalidHyperparameterException.class, () -> NANO.with("optimization.learning_rate", text))
                        .getMessage());
    }

    @Test
    void learningRateBeyondDoubles_isRefused() {
        assertEquals(
                "learning_rate is Infinity; it must lie between 0 and 100 (1e-3 is a usual value)",
                assertThrows(
                                InvalidHyperparameterException.class,
                                () -> NANO.with(json("{\"optimization\":{\"learning_rate\":1e999}}")))
                        .getMessage());
    }

    @Test
    void newWidth_keepsTheFeedForwardRatioOfFour() {
        assertEquals(256, NANO.with("model.width", "64").model().feedForwardWidth());
    }

    @Test
    void newWidth_leavesAnotherFeedForwardRatioAlone() {
        Hyperparameters odd = NANO.with("model.feed_forward_width", "100");
        assertEquals(100, odd.with("model.width", "64").model().feedForwardWidth());
    }

    @Test
    void newWidthWithFeedForwardWidth_takesBoth() {
        ModelShape shape = NANO.with(json("{\"model\":{\"width\":64,\"feed_forward_width\":70}}"))
                .model();
        assertEquals(64, shape.width());
        assertEquals(70, shape.feedForwardWidth());
    }

    @Test
    void newLearningRate_keepsItsRatioToTheMinimum() {
        assertEquals(
                0.0003,
                NANO.with("optimization.learning_rate", "0.003").optimization().minLearningRate());
    }

    /** The warm-up of nano is 20 of 200 steps. */
    @ParameterizedTest
    @CsvSource({"100, 10", "150, 15", "9, 0", "0, 0", "200, 20", "5000, 20"})
    void newSteps_keepTheWarmUp_atMostATenthOfThem(String steps, int warmup) {
        assertEquals(
                warmup, NANO.with("optimization.steps", steps).optimization().warmupSteps());
    }

    @Test
    void newStepsWithWarmUp_takeBoth() {
        Optimization o = NANO.with(json("{\"optimization\":{\"steps\":30,\"warmup_steps\":25}}"))
                .optimization();
        assertEquals(30, o.steps());
        assertEquals(25, o.warmupSteps());
    }

    @Test
    void tokensOfAStepBeyondInt_areRefusedWithTheFix() {
        assertEquals(
                "batch_size 16777216 times context_length 128 are 2,147,483,648 tokens in a step, and at most"
                        + " 2,147,483,647 can be; lower --batch-size or --context-length",
                assertThrows(
                                InvalidHyperparameterException.class,
                                () -> Preset.named("tiny").hyperparameters().with("data.batch_size", "16777216"))
                        .getMessage());
    }

    @ParameterizedTest
    @CsvSource({
        "0.1, 0.1",
        "3e-4, 0.0003",
        "1e-5, 0.00001",
        "1e-6, 0.000001",
        "1e-7, 1e-7",
        "1e-8, 1e-8",
        "1.5e-9, 1.5e-9",
        "1, 1",
        "-2.5, -2.5",
        "0, 0",
        "-0.0, 0",
        "123456789012345680000, 123456789012345680000",
        "1e20, 100000000000000000000",
        "1e21, 1e+21",
        "-1.25e22, -1.25e+22",
        "0.30000000000000004, 0.30000000000000004",
        "2e-3, 0.002",
        "4.9e-324, 5e-324",
        "1.7976931348623157e308, 1.7976931348623157e+308",
        // 2^-44: the nearest decimal of 16 digits reads back as another double, the next one does not.
        "5.684341886080802e-14, 5.684341886080802e-14"
    })
    void number_isSpelledInTheShortestForm(double value, String spelling) {
        assertEquals(spelling, CanonicalJson.shortest(value));
    }

    @Test
    void randomNumbers_readBackAsTheSameDouble() {
        for (int i = 0; i < 20_000; i++) {
            double value = Double.longBitsToDouble(i * 0x9E3779B97F4A7C15L);
            if (Double.isFinite(value) && value != 0) {
                assertEquals(value, Double.parseDouble(CanonicalJson.shortest(value)));
            }
        }
    }

    @Test
    void notANumber_isNoJson() {
        assertThrows(IllegalArgumentException.class, () -> CanonicalJson.shortest(Double.NaN));
    }

    @Test
    void strings_areEscapedAsInRfc8785() {
        assertEquals(
                "\"\\\"\\\\\\n\\t\\u0001é\"",
                CanonicalJson.write(JsonNodeFactory.instance.textNode("\"\\\n\t\u0001é")));
    }

    static JsonNode json(String text) {
        try {
            return new ObjectMapper().readTree(text);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(e);
        }
    }

    /** A value other than nano's that goes with the rest of nano. */
    private static String other(HyperparameterKey key) {
        return switch (key.name()) {
            case "width" -> "64";
            case "heads" -> "4";
            case "shards" -> "4";
            case "batch_size" -> "10";
            case "steps", "warmup_steps", "seed", "layers" -> "77";
            case "vocabulary_size", "context_length", "feed_forward_width" -> "99";
            case "learning_rate" -> "0.02";
            case "min_learning_rate" -> "0.002";
            case "biases", "tied_head" -> "false";
            case "activation" -> "gelu_erf";
            case "schedule" -> "linear";
            case "tokenizer" -> "byte";
            case "order" -> "sequential";
            case "trainable" -> "kind:attention !h.0.*";
            case "lora_rank" -> "4";
            case "lora_on" -> "*.c_attn";
            case "sync" -> "diloco";
            case "replicas" -> "3";
            case "local_steps" -> "7";
            default -> "0.25";
        };
    }

    private static JsonNode reversed(JsonNode node) {
        if (!node.isObject()) {
            return node;
        }
        ObjectNode out = JsonNodeFactory.instance.objectNode();
        List<Map.Entry<String, JsonNode>> entries = new ArrayList<>(node.properties());
        for (int i = entries.size() - 1; i >= 0; i--) {
            out.set(entries.get(i).getKey(), reversed(entries.get(i).getValue()));
        }
        return out;
    }
}
