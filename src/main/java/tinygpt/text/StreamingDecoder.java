package tinygpt.text;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Token ids to text as they come. A token may be a part of a character, so bytes are held back until the character they
 * begin is whole: what comes out, joined, is what {@link Tokenizer#decode} gives for all ids at once. Not for use by
 * several threads.
 */
public final class StreamingDecoder {
    private final Tokenizer tokenizer;
    private final CharsetDecoder decoder = StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPLACE)
            .onUnmappableCharacter(CodingErrorAction.REPLACE);
    /** The first bytes of a character that is not whole yet; at most three. */
    private byte[] held = {};

    public StreamingDecoder(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    /**
     * Takes one token.
     *
     * @return the text that is whole now; may be empty
     * @throws IllegalArgumentException if the id is not in the vocabulary; the decoder is as before then
     */
    public String accept(int id) {
        byte[] token = tokenizer.bytes(id);
        byte[] all = Arrays.copyOf(held, held.length + token.length);
        System.arraycopy(token, 0, all, held.length, token.length);
        return decode(all, false);
    }

    /**
     * Ends the text; the decoder is ready for another.
     *
     * @return U+FFFD if half a character was held back, otherwise nothing
     */
    public String flush() {
        return decode(held, true);
    }

    private String decode(byte[] utf8, boolean end) {
        ByteBuffer in = ByteBuffer.wrap(utf8);
        CharBuffer out = CharBuffer.allocate(utf8.length); // never more UTF-16 units than bytes
        decoder.reset().decode(in, out, end);
        held = Arrays.copyOfRange(utf8, in.position(), utf8.length);
        return out.flip().toString();
    }
}
