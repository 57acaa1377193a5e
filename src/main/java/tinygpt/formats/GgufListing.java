package tinygpt.formats;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** The values of a GGUF file as a listing or a message shows them: on one line, long ones cut short. */
public final class GgufListing {
    private static final int MOST_SHOWN = 4;
    private static final int LONGEST = 100;

    private GgufListing() {}

    /** A value on one line: {@code gpt2}, {@code 1024}, {@code [50257] "!", "\"", "#", "$", ...}. */
    public static String shown(GgufValue value) {
        if (value instanceof GgufValue.Texts texts) {
            return array(
                    texts.values().size(),
                    texts.values().stream()
                            .limit(MOST_SHOWN)
                            .map(text -> '"' + cut(text) + '"')
                            .toList());
        }
        if (value instanceof GgufValue.Wholes wholes) {
            return array(
                    wholes.values().length,
                    Arrays.stream(wholes.values())
                            .limit(MOST_SHOWN)
                            .mapToObj(Long::toString)
                            .toList());
        }
        if (value instanceof GgufValue.Reals reals) {
            return array(
                    reals.values().length,
                    Arrays.stream(reals.values())
                            .limit(MOST_SHOWN)
                            .mapToObj(Double::toString)
                            .toList());
        }
        return cut(value.toString());
    }

    /** The name of a value's type: {@code u32}, {@code string}, {@code [string]}. */
    public static String type(GgufValue value) {
        if (value instanceof GgufValue.Texts) {
            return "[string]";
        }
        if (value instanceof GgufValue.Wholes wholes) {
            return "[" + type(wholes.elements()) + "]";
        }
        if (value instanceof GgufValue.Reals reals) {
            return "[" + type(reals.elements()) + "]";
        }
        return type(value.type());
    }

    private static String type(GgufValue.Type type) {
        return switch (type) {
            case UINT8 -> "u8";
            case INT8 -> "i8";
            case UINT16 -> "u16";
            case INT16 -> "i16";
            case UINT32 -> "u32";
            case INT32 -> "i32";
            case FLOAT32 -> "f32";
            case BOOL -> "bool";
            case STRING -> "string";
            case ARRAY -> "array";
            case UINT64 -> "u64";
            case INT64 -> "i64";
            case FLOAT64 -> "f64";
        };
    }

    private static String array(int length, List<String> first) {
        return first.stream()
                .collect(Collectors.joining(", ", "[" + length + "] ", length > first.size() ? ", ..." : ""))
                .strip();
    }

    private static String cut(String text) {
        String line = BadFileException.quoteSentence(text);
        return line.length() <= LONGEST ? line : line.substring(0, LONGEST) + "...";
    }
}
