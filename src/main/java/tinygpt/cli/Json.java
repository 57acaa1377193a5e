package tinygpt.cli;

import com.fasterxml.jackson.databind.JsonNode;
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
