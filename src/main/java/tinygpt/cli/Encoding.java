package tinygpt.cli;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import tinygpt.text.BytePairTokenizer;
import tinygpt.text.CharacterTokenizer;
import tinygpt.text.Tokenizer;
import tinygpt.text.UnknownPolicy;

/** Text to token ids, with a policy for characters that the vocabulary lacks. */
final class Encoding {
    private Encoding() {}

    /** The ids of a text. */
    static int[] ids(Tokenizer tokenizer, String text, UnknownPolicy policy) {
        if (tokenizer instanceof CharacterTokenizer characters) {
            return characters.encode(text, policy);
        }
        return tokenizer instanceof BytePairTokenizer pairs ? pairs.encode(text, policy) : tokenizer.encode(text);
    }

    /** The ids of a file's content; a character vocabulary needs UTF-8, names the place where it is not. */
    static int[] ids(Tokenizer tokenizer, byte[] content, UnknownPolicy policy) {
        if (tokenizer instanceof BytePairTokenizer pairs) {
            return pairs.encode(content, policy);
        }
        return policy == UnknownPolicy.FAIL || !(tokenizer instanceof CharacterTokenizer characters)
                ? tokenizer.encode(content)
                : characters.encode(content, policy);
    }

    static String utf8(byte[] content) throws CharacterCodingException {
        return StandardCharsets.UTF_8
                .newDecoder()
                .decode(ByteBuffer.wrap(content))
                .toString();
    }
}
