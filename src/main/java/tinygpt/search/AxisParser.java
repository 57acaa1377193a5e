package tinygpt.search;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import tinygpt.hyperparameters.HyperparameterKey;
import tinygpt.hyperparameters.InvalidHyperparameterException;

/** Reads {@code learning-rate=log:1e-4..1e-2}: a name as the flags of {@code train} have it, and values. */
final class AxisParser {
    private static final String LOGARITHMIC = "log:";
    private static final String TO = "..";
    private static final String DROPOUT = "dropout";

    /** Shorter names that people use. */
    private static final Map<String, String> SHORT =
            Map.of("lr", "learning-rate", "batch", "batch-size", "context", "context-length");

    /** With another of these the validation loss, in nats per token, is of other tokens, and cannot be compared. */
    private static final Set<String> OTHER_TOKENS =
            Set.of("model.vocabulary_size", "data.tokenizer", "data.validation_fraction");

    private AxisParser() {}

    static Axis parse(String text) {
        int equals = text.indexOf('=');
        if (equals < 1 || equals == text.length() - 1) {
            throw new InvalidHyperparameterException("--set takes NAME=VALUES, for example"
                    + " --set learning-rate=1e-3,3e-3 or --set dropout=0..0.2, not '" + text + "'");
        }
        String given = text.substring(0, equals).trim();
        String spec = text.substring(equals + 1).trim();
        String name = name(given);
        List<HyperparameterKey> keys = keys(given, name);
        try {
            return new Axis(name, spec, keys, values(keys.get(0), spec));
        } catch (InvalidHyperparameterException e) {
            throw new InvalidHyperparameterException("--set " + text + ": " + e.getMessage());
        }
    }

    private static String name(String given) {
        String flag = given.startsWith("--") ? given.substring(2) : given;
        String plain = flag.substring(flag.lastIndexOf('.') + 1).replace('_', '-');
        return SHORT.getOrDefault(plain, plain);
    }

    private static List<HyperparameterKey> keys(String given, String name) {
        List<HyperparameterKey> keys = HyperparameterKey.all().stream()
                .filter(key -> name.equals(DROPOUT)
                        ? key.name().endsWith("_" + DROPOUT)
                        : key.flag().equals("--" + name))
                .toList();
        if (keys.isEmpty()) {
            throw new InvalidHyperparameterException("'" + given + "' is not a hyperparameter; there are "
                    + HyperparameterKey.all().stream()
                            .map(key -> key.flag().substring(2))
                            .collect(Collectors.joining(", "))
                    + ", and " + DROPOUT + " for the three rates at once");
        }
        if (OTHER_TOKENS.contains(keys.get(0).path())) {
            throw new InvalidHyperparameterException(
                    "--set " + given + ": trials are ranked by their validation loss per"
                            + " token, which says nothing across different tokens; train one search for each value, and compare"
                            + " their best by the bits per character of eval");
        }
        return keys;
    }

    private static AxisValues values(HyperparameterKey key, String spec) {
        boolean logarithmic = spec.startsWith(LOGARITHMIC);
        if (logarithmic || spec.contains(TO)) {
            return range(key, logarithmic ? spec.substring(LOGARITHMIC.length()) : spec, logarithmic);
        }
        List<JsonNode> all = new ArrayList<>();
        for (String one : spec.split(",", -1)) {
            all.add(key.parse(one));
        }
        return new AxisValues.Choices(all);
    }

    private static AxisValues.Range range(HyperparameterKey key, String spec, boolean logarithmic) {
        boolean whole = key.type() == int.class || key.type() == long.class;
        if (!whole && key.type() != double.class) {
            throw new InvalidHyperparameterException(
                    "a range is of numbers, and this takes " + key.allowed() + "; write a list");
        }
        int to = spec.indexOf(TO);
        if (to < 1 || to + TO.length() == spec.length()) {
            throw new InvalidHyperparameterException("a range is written from..to, 1e-4..1e-2 for example");
        }
        double low = key.parse(spec.substring(0, to)).doubleValue();
        double high = key.parse(spec.substring(to + TO.length())).doubleValue();
        if (!(low < high)) {
            throw new InvalidHyperparameterException("a range goes from the lower to the higher number");
        }
        if (logarithmic && !(low > 0)) {
            throw new InvalidHyperparameterException("a logarithmic range begins above 0");
        }
        return new AxisValues.Range(low, high, logarithmic, whole);
    }
}
