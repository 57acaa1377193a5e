package tinygpt.text;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Map;

/** Finds tokens that are written out in a text, such as {@code <|endoftext|>}: the first one, and there the longest. */
final class SpecialTokens {
    static final int NONE = -1;

    private record Literal(byte[] bytes, int id) {}

    /** Longest first. */
    private final Literal[] literals;

    private final boolean[] begins = new boolean[ByteAlphabet.SIZE];

    SpecialTokens(Map<String, Integer> ids) {
        literals = ids.entrySet().stream()
                .map(token -> new Literal(token.getKey().getBytes(StandardCharsets.UTF_8), token.getValue()))
                .sorted(Comparator.comparingInt(literal -> -literal.bytes.length))
                .toArray(Literal[]::new);
        for (Literal literal : literals) {
            begins[literal.bytes[0] & 0xFF] = true;
        }
    }

    /** Where the next special token begins, or the end of the text. */
    int next(byte[] utf8, int from) {
        int at = from;
        while (at < utf8.length && (!begins[utf8[at] & 0xFF] || idAt(utf8, at) == NONE)) {
            at++;
        }
        return at;
    }

    /** The special token that begins at a byte, or {@link #NONE}. */
    int idAt(byte[] utf8, int at) {
        for (Literal literal : literals) {
            int end = at + literal.bytes.length;
            if (end <= utf8.length && Arrays.equals(utf8, at, end, literal.bytes, 0, literal.bytes.length)) {
                return literal.id;
            }
        }
        return NONE;
    }
}
