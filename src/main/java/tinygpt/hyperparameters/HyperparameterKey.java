package tinygpt.hyperparameters;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The name and type of one hyperparameter, read off the records themselves.
 *
 * @param group {@code model}, {@code optimization}, {@code data}, {@code adaptation}, or empty for the seed
 * @param name its key in a config file, for example {@code context_length}
 * @param type int, long, double, boolean, String or an enum
 * @param description a few words for the help
 */
public record HyperparameterKey(String group, String name, Class<?> type, String description) {

    /** Read off once: reflection over the annotated components costs a short command more than its work. */
    private static final List<HyperparameterKey> ALL = readRecords();

    /** Every hyperparameter there is, in the order of the records. */
    public static List<HyperparameterKey> all() {
        return ALL;
    }

    private static List<HyperparameterKey> readRecords() {
        List<HyperparameterKey> keys = new ArrayList<>();
        for (RecordComponent group : Hyperparameters.class.getRecordComponents()) {
            if (group.getType().isRecord()) {
                for (RecordComponent component : group.getType().getRecordComponents()) {
                    keys.add(of(group.getName(), component));
                }
            } else {
                keys.add(of("", group));
            }
        }
        return List.copyOf(keys);
    }

    /** The command line flag: {@code --context-length}. */
    public String flag() {
        return "--" + name.replace('_', '-');
    }

    /** The key with its group: {@code model.context_length}. */
    public String path() {
        return group.isEmpty() ? name : group + "." + name;
    }

    /** What may be written for it, for messages and help. */
    public String allowed() {
        if (type.isEnum()) {
            List<String> spellings = new ArrayList<>();
            for (Object constant : type.getEnumConstants()) {
                spellings.add(spelling(constant));
            }
            return String.join("|", spellings);
        }
        if (type == boolean.class) {
            return "true|false";
        }
        if (type == String.class) {
            return "text";
        }
        return type == double.class ? "number" : "integer";
    }

    /**
     * A JSON value from what was typed on a command line.
     *
     * @throws InvalidHyperparameterException if the text is not of this type
     */
    public JsonNode parse(String text) {
        String trimmed = text.trim();
        JsonNodeFactory json = JsonNodeFactory.instance;
        try {
            if (type == int.class || type == long.class) {
                return json.numberNode(Long.parseLong(trimmed.replace("_", "")));
            }
            if (type == double.class) {
                double number = Double.parseDouble(trimmed);
                // Java reads NaN, Infinity and 1d too, which no config file could say.
                if (Character.isDigit(trimmed.charAt(trimmed.length() - 1)) || trimmed.endsWith(".")) {
                    return json.numberNode(number);
                }
                throw new NumberFormatException();
            }
        } catch (NumberFormatException e) {
            throw new InvalidHyperparameterException(flag() + " takes " + article() + ", not '" + text + "'");
        }
        if (type == boolean.class) {
            if (trimmed.equals("true") || trimmed.equals("false")) {
                return json.booleanNode(trimmed.equals("true"));
            }
            throw new InvalidHyperparameterException(flag() + " takes " + article() + ", not '" + text + "'");
        }
        JsonNode node = json.textNode(trimmed);
        read(node);
        return node;
    }

    /** The Java value for a JSON value; messages name this key. */
    Object read(JsonNode node) {
        if (type == int.class && node.isIntegralNumber() && node.canConvertToInt()) {
            return node.intValue();
        }
        if (type == long.class && node.isIntegralNumber() && node.canConvertToLong()) {
            return node.longValue();
        }
        if (type == double.class && node.isNumber()) {
            return node.doubleValue();
        }
        if (type == boolean.class && node.isBoolean()) {
            return node.booleanValue();
        }
        if (type == String.class && node.isTextual()) {
            return node.textValue();
        }
        if (type.isEnum() && node.isTextual()) {
            for (Object constant : type.getEnumConstants()) {
                if (spelling(constant).equals(node.textValue())) {
                    return constant;
                }
            }
        }
        throw new InvalidHyperparameterException(path() + " takes " + article() + ", not " + node);
    }

    /** The JSON value for a Java value of this type. */
    JsonNode write(Object value) {
        JsonNodeFactory json = JsonNodeFactory.instance;
        if (value instanceof Integer i) {
            return json.numberNode(i);
        }
        if (value instanceof Long l) {
            return json.numberNode(l);
        }
        if (value instanceof Double d) {
            return json.numberNode(d);
        }
        if (value instanceof Boolean b) {
            return json.booleanNode(b);
        }
        if (value instanceof String s) {
            return json.textNode(s);
        }
        return json.textNode(spelling(value));
    }

    private String article() {
        return switch (allowed()) {
            case "integer" -> type == int.class ? "an integer of at most 2,147,483,647" : "an integer";
            case "number" -> "a number";
            case "text" -> "a text";
            default -> "one of " + allowed().replace("|", ", ");
        };
    }

    private static HyperparameterKey of(String group, RecordComponent component) {
        Describe describe = component.getAnnotation(Describe.class);
        if (describe == null) {
            throw new IllegalStateException(component + " has no @Describe");
        }
        return new HyperparameterKey(group, snake(component.getName()), component.getType(), describe.value());
    }

    private static String snake(String camel) {
        StringBuilder out = new StringBuilder();
        for (char c : camel.toCharArray()) {
            out.append(Character.isUpperCase(c) ? "_" : "").append(Character.toLowerCase(c));
        }
        return out.toString();
    }

    private static String spelling(Object constant) {
        return ((Enum<?>) constant).name().toLowerCase(Locale.ROOT);
    }

    /** The value under this key, spelled as JSON. */
    public String jsonOf(Hyperparameters hyperparameters) {
        return CanonicalJson.write(write(hyperparameters.valueOf(this)));
    }
}
