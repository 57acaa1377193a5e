package tinygpt.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.HexFormat;
import java.util.Map;
import tinygpt.hyperparameters.CanonicalJson;

/**
 * JSON for people and programs: keys in the order they were put, objects of objects indented, everything deeper on one
 * line. ASCII only, so that no terminal or pipe can spoil it.
 */
final class Json {
    private static final int INDENTED_LEVELS = 2;

    private Json() {}

    static String pretty(JsonNode node) {
        StringBuilder out = new StringBuilder();
        append(node, 0, out);
        return ascii(out);
    }

    /** All on one line, for files and pipes of which every line is a value. */
    static String line(JsonNode node) {
        StringBuilder out = new StringBuilder();
        append(node, INDENTED_LEVELS, out);
        return ascii(out);
    }

    /** JSON has no NaN and no infinity: they become null. */
    static void put(ObjectNode json, String key, double value) {
        if (Double.isFinite(value)) {
            json.put(key, value);
        } else {
            json.putNull(key);
        }
    }

    /** The same for a list. A float is written with the fewest digits that are its own. */
    static void add(ArrayNode json, float value) {
        if (Float.isFinite(value)) {
            json.add(Double.parseDouble(Float.toString(value)));
        } else {
            json.addNull();
        }
    }

    private static void append(JsonNode node, int level, StringBuilder out) {
        if (!node.isContainerNode() || node.isEmpty()) {
            out.append(CanonicalJson.write(node));
            return;
        }
        boolean object = node.isObject();
        boolean broken = level < INDENTED_LEVELS;
        String between = broken ? ",\n" + "  ".repeat(level + 1) : ", ";
        out.append(object ? '{' : '[').append(broken ? between.substring(1) : "");
        boolean first = true;
        if (object) {
            for (Map.Entry<String, JsonNode> entry : node.properties()) {
                out.append(first ? "" : between);
                out.append(CanonicalJson.write(TextNode.valueOf(entry.getKey())))
                        .append(": ");
                append(entry.getValue(), level + 1, out);
                first = false;
            }
        } else {
            for (JsonNode element : node) {
                out.append(first ? "" : between);
                append(element, level + 1, out);
                first = false;
            }
        }
        out.append(broken ? "\n" + "  ".repeat(level) : "").append(object ? '}' : ']');
    }

    /** Characters beyond ASCII occur only within strings, where an escape means the same. */
    private static String ascii(CharSequence json) {
        StringBuilder out = new StringBuilder(json.length());
        for (int i = 0; i < json.length(); i++) {
            char c = json.charAt(i);
            if (c < 0x7f) {
                out.append(c);
            } else {
                out.append("\\u").append(HexFormat.of().toHexDigits(c));
            }
        }
        return out.toString();
    }
}
