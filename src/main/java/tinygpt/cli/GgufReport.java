package tinygpt.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tinygpt.formats.BadFileException;
import tinygpt.formats.GgmlType;
import tinygpt.formats.GgufListing;
import tinygpt.formats.GgufReader;
import tinygpt.formats.GgufTensor;
import tinygpt.formats.GgufValue;

/** Everything in a GGUF file but the numbers: its keys and its tensors, of any architecture. */
final class GgufReport {
    private final GgufReader file;
    private final Glyphs glyphs;

    GgufReport(GgufReader file, Glyphs glyphs) {
        this.file = file;
        this.glyphs = glyphs;
    }

    void print(PrintWriter out) {
        out.println(file.file() + "   GGUF version " + file.version() + ", "
                + Show.counted(file.keys().size(), "key") + ", "
                + Show.counted(file.tensors().size(), "tensor") + ", " + Show.bytes(file.bytes()));
        out.println();
        TextTable keys = new TextTable("lll", List.of("key", "type", "value"));
        file.keys()
                .forEach((key, value) -> keys.add(List.of(
                        glyphs.text(BadFileException.quote(key)),
                        GgufListing.type(value),
                        glyphs.text(GgufListing.shown(value)))));
        keys.lines().forEach(out::println);
        if (file.tensors().isEmpty()) {
            return;
        }
        out.println();
        TextTable tensors = new TextTable("llrrr", List.of("tensor", "type", "ne", "offset", "bytes"));
        Map<GgmlType, Long> bytes = new TreeMap<>();
        long elements = 0;
        for (GgufTensor tensor : file.tensors()) {
            tensors.add(List.of(
                    glyphs.text(BadFileException.quote(tensor.name())),
                    tensor.type().name(),
                    Arrays.toString(tensor.ne()),
                    Show.count(tensor.offset()),
                    Show.count(tensor.bytes())));
            bytes.merge(tensor.type(), tensor.bytes(), Long::sum);
            elements += tensor.elements();
        }
        tensors.lines().forEach(out::println);
        out.println();
        out.println("ne has the fastest-varying dimension first; offsets count from byte "
                + Show.count(file.dataStart()) + ", where the numbers begin");
        StringBuilder total = new StringBuilder(Show.counted(elements, "number"));
        bytes.forEach((type, sum) ->
                total.append(", ").append(Show.bytes(sum)).append(" as ").append(type));
        out.println(total);
    }

    void printJson(PrintWriter out) {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.put("file", file.file().toString())
                .put("version", file.version())
                .put("bytes", file.bytes())
                .put("data_start", file.dataStart());
        ObjectNode keys = root.putObject("keys");
        file.keys().forEach((key, value) -> put(keys.putObject(key), value));
        ArrayNode tensors = root.putArray("tensors");
        for (GgufTensor tensor : file.tensors()) {
            ObjectNode node = tensors.addObject()
                    .put("name", tensor.name())
                    .put("type", tensor.type().name());
            ArrayNode ne = node.putArray("ne");
            Arrays.stream(tensor.ne()).forEach(ne::add);
            node.put("offset", tensor.offset()).put("bytes", tensor.bytes());
        }
        out.println(Json.pretty(root));
    }

    /** Arrays whole, so that a program can take a vocabulary from here. */
    private static void put(ObjectNode node, GgufValue value) {
        node.put("type", GgufListing.type(value));
        if (value instanceof GgufValue.Texts texts) {
            ArrayNode array = node.putArray("value");
            texts.values().forEach(array::add);
        } else if (value instanceof GgufValue.Wholes wholes) {
            ArrayNode array = node.putArray("value");
            Arrays.stream(wholes.values()).forEach(array::add);
        } else if (value instanceof GgufValue.Reals reals) {
            ArrayNode array = node.putArray("value");
            for (double real : reals.values()) {
                if (Double.isFinite(real)) {
                    array.add(decimal(reals.elements(), real));
                } else {
                    array.addNull();
                }
            }
        } else if (value instanceof GgufValue.Whole whole) {
            node.put("value", new java.math.BigInteger(whole.toString()));
        } else if (value instanceof GgufValue.Real real) {
            Json.put(node, "value", decimal(real.type(), real.value()));
        } else if (value instanceof GgufValue.Flag flag) {
            node.put("value", flag.value());
        } else {
            node.put("value", value.toString());
        }
    }

    /** A float32 with the fewest digits that are its own. */
    private static double decimal(GgufValue.Type type, double value) {
        return type == GgufValue.Type.FLOAT32 ? Double.parseDouble(Float.toString((float) value)) : value;
    }
}
