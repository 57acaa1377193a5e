package tinygpt.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import tinygpt.formats.BadFileException;

/**
 * One JSON object of a file that anybody may have written. What is asked for is there, or a {@link BadFileException} says
 * where it is not.
 *
 * @param file where it comes from
 * @param where in the file, for messages: {@code line 3}
 * @param node the object
 */
record JsonFields(Path file, String where, JsonNode node) {
    JsonFields {
        if (!node.isObject()) {
            throw new BadFileException(file, where + " is not a JSON object { ... }; remove the file to do without it");
        }
    }

    /** What is wrong with a field. */
    BadFileException bad(String key, String problem) {
        return new BadFileException(file, where + ", " + key + ": " + problem + "; remove the file to do without it");
    }

    boolean has(String key) {
        return node.hasNonNull(key);
    }

    JsonFields object(String key) {
        return new JsonFields(file, where + ", " + key, required(key));
    }

    /** A list of objects. */
    List<JsonFields> objects(String key, int least, int most) {
        JsonNode list = list(key, least, most);
        List<JsonFields> objects = new ArrayList<>(list.size());
        for (JsonNode element : list) {
            objects.add(new JsonFields(file, where + ", " + key + " " + objects.size(), element));
        }
        return objects;
    }

    String text(String key) {
        JsonNode value = required(key);
        if (!value.isTextual()) {
            throw bad(key, "it is not a text");
        }
        return value.textValue();
    }

    List<String> texts(String key, int least, int most) {
        List<String> texts = new ArrayList<>();
        for (JsonNode element : list(key, least, most)) {
            if (!element.isTextual()) {
                throw bad(key, "an element is not a text");
            }
            texts.add(element.textValue());
        }
        return texts;
    }

    long integer(String key, long least, long most) {
        return integer(key, required(key), least, most);
    }

    long[] integers(String key, int fewest, int mostOf, long least, long most) {
        JsonNode list = list(key, fewest, mostOf);
        long[] integers = new long[list.size()];
        for (int i = 0; i < integers.length; i++) {
            integers[i] = integer(key, list.get(i), least, most);
        }
        return integers;
    }

    private long integer(String key, JsonNode value, long least, long most) {
        if (!value.isIntegralNumber() || !value.canConvertToLong()) {
            throw bad(key, "it is not a whole number");
        }
        if (value.longValue() < least || value.longValue() > most) {
            throw bad(key, value.longValue() + " does not lie between " + least + " and " + most);
        }
        return value.longValue();
    }

    /** A number, or NaN where it is null. */
    double number(String key) {
        JsonNode value = node.get(key);
        if (value == null) {
            throw bad(key, "it is missing");
        }
        return number(key, value);
    }

    double[] numbers(String key, int fewest, int most) {
        JsonNode list = list(key, fewest, most);
        double[] numbers = new double[list.size()];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = number(key, list.get(i));
        }
        return numbers;
    }

    private double number(String key, JsonNode value) {
        if (value.isNull()) {
            return Double.NaN;
        }
        if (!value.isNumber() || !Float.isFinite((float) value.doubleValue())) {
            throw bad(key, "it is not a number that a weight can have");
        }
        return value.doubleValue();
    }

    /** A number that is not negative. */
    double scale(String key) {
        double value = number(key);
        if (!(value >= 0)) {
            throw bad(key, "it is not a number from 0 up");
        }
        return value;
    }

    /** Bytes in base64. */
    byte[] bytes(String key, long length) {
        byte[] bytes;
        try {
            bytes = Base64.getDecoder().decode(text(key));
        } catch (IllegalArgumentException e) {
            throw new BadFileException(
                    file, where + ", " + key + " is not base64; remove the file to do without it", e);
        }
        if (bytes.length != length) {
            throw bad(key, "it has " + bytes.length + " bytes instead of " + length);
        }
        return bytes;
    }

    private JsonNode list(String key, int least, int most) {
        JsonNode value = required(key);
        if (!value.isArray() || value.size() < least || value.size() > most) {
            throw bad(key, "it is not a list of " + least + " to " + most + " elements");
        }
        return value;
    }

    private JsonNode required(String key) {
        if (!node.hasNonNull(key)) {
            throw bad(key, "it is missing");
        }
        return node.get(key);
    }
}
