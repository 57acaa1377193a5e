package tinygpt.text;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * One token for every byte of the UTF-8 text: ids 0 to 255 are the bytes, 256 is the end of text. It needs no training
 * text and knows every text, at two to four tokens for a character outside ASCII.
 */
public final class ByteTokenizer implements Tokenizer {
    static final String KIND = "byte";

    private static final int BYTES = 256;
    private static final byte[] LITERAL = END_OF_TEXT.getBytes(StandardCharsets.UTF_8);

    @Override
    public String kind() {
        return KIND;
    }

    @Override
    public int vocabularySize() {
        return BYTES + 1;
    }

    @Override
    public int endOfText() {
        return BYTES;
    }

    @Override
    public int[] encode(String text) {
        return encode(Utf8.encode(text));
    }

    /** The token ids of any bytes, valid UTF-8 or not. */
    @Override
    public int[] encode(byte[] utf8) {
        int[] ids = new int[utf8.length];
        int count = 0;
        for (int i = 0; i < utf8.length; ) {
            if (isEndOfText(utf8, i)) {
                ids[count++] = BYTES;
                i += LITERAL.length;
            } else {
                ids[count++] = utf8[i++] & 0xFF;
            }
        }
        return Arrays.copyOf(ids, count);
    }

    @Override
    public Tokenizer extendedBy(byte[] utf8) {
        return this;
    }

    @Override
    public byte[] bytes(int id) {
        return TokenIds.require(id, vocabularySize()) == BYTES ? LITERAL.clone() : new byte[] {(byte) id};
    }

    @Override
    public String show(int id) {
        return TokenIds.require(id, vocabularySize()) == BYTES ? END_OF_TEXT : Printable.octet(id);
    }

    /** {@code kind} and {@code vocabulary_size}: there is only one vocabulary of bytes. */
    @Override
    public Map<String, Object> describe() {
        Map<String, Object> description = new LinkedHashMap<>();
        description.put(Description.KIND, KIND);
        description.put(Description.VOCABULARY_SIZE, vocabularySize());
        return description;
    }

    static ByteTokenizer restore(Map<String, ?> description) {
        Description.requireOnly(description, KIND, Description.KIND, Description.VOCABULARY_SIZE);
        ByteTokenizer tokenizer = new ByteTokenizer();
        Object size = description.get(Description.VOCABULARY_SIZE);
        boolean right = (size instanceof Integer || size instanceof Long)
                && ((Number) size).longValue() == tokenizer.vocabularySize();
        if (!right) {
            throw new IllegalArgumentException("the vocabulary size of a byte tokenizer is "
                    + tokenizer.vocabularySize() + " (256 bytes and the end of text), not " + Printable.quote(size));
        }
        return tokenizer;
    }

    private static boolean isEndOfText(byte[] utf8, int at) {
        return utf8[at] == LITERAL[0]
                && at + LITERAL.length <= utf8.length
                && Arrays.equals(utf8, at, at + LITERAL.length, LITERAL, 0, LITERAL.length);
    }
}
