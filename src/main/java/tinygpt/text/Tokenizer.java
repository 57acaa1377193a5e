package tinygpt.text;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import tinygpt.hyperparameters.TokenizerKind;

/**
 * Text to token ids and back. Ids run from 0 to {@link #vocabularySize()} - 1; one of them, {@link #endOfText()}, stands
 * for the end of a document and is reserved in every vocabulary. Tokenizers are immutable and safe to share.
 *
 * <p>The literal {@value #END_OF_TEXT} in a text always becomes that one id, in any tokenizer. Decoding gives the literal
 * back, so {@code decode(encode(text))} is the text.
 */
public sealed interface Tokenizer permits CharacterTokenizer, ByteTokenizer, BytePairTokenizer {

    /** How the end of a document is written in a text. */
    String END_OF_TEXT = "<|endoftext|>";

    /** What kind it is, as in a config file: {@code character}, {@code byte} or {@code bpe}. */
    String kind();

    /** Number of token ids, V, with the end-of-text id. */
    int vocabularySize();

    /** The id of {@link #END_OF_TEXT}. */
    int endOfText();

    /**
     * The token ids of a text.
     *
     * @throws UnknownCharacterException if the vocabulary lacks a character of it
     * @throws IllegalArgumentException if it holds half a surrogate pair, which no UTF-8 file can
     */
    int[] encode(String text);

    /**
     * The token ids of a file's content.
     *
     * @throws IllegalArgumentException if the tokenizer needs valid UTF-8 and this is not; names the byte offset
     */
    int[] encode(byte[] utf8);

    /**
     * A tokenizer that can also encode this text: every token keeps its id, and what the vocabulary lacks comes behind.
     * A tokenizer that lacks nothing is returned as it is.
     *
     * @throws IllegalArgumentException if the tokenizer needs valid UTF-8 and this is not
     */
    Tokenizer extendedBy(byte[] utf8);

    /**
     * The UTF-8 bytes of one token, in a new array. Bytes of one token need not be a whole character: see
     * {@link StreamingDecoder}. The end-of-text id gives the bytes of its literal.
     *
     * @throws IllegalArgumentException if the id is not in the vocabulary
     */
    byte[] bytes(int id);

    /**
     * One token as a table or a message shows it, on one line: {@code 'e'}, {@code '\n'}, {@code <|endoftext|>},
     * {@code 0xE2}, {@code U+200B}.
     *
     * @throws IllegalArgumentException if the id is not in the vocabulary
     */
    String show(int id);

    /** Kind and vocabulary as strings, numbers, lists and maps, ready for JSON; {@link #restore} reads it back. */
    Map<String, Object> describe();

    /**
     * The text of token ids. Bytes that are not valid UTF-8 become U+FFFD.
     *
     * @throws IllegalArgumentException if an id is not in the vocabulary
     */
    default String decode(int... ids) {
        ByteArrayOutputStream utf8 = new ByteArrayOutputStream(ids.length);
        for (int id : ids) {
            utf8.writeBytes(bytes(id));
        }
        return utf8.toString(StandardCharsets.UTF_8);
    }

    /**
     * The tokenizer that a training text and a hyperparameter ask for. For BPE it is one of
     * {@link BytePairTrainer#USUAL_VOCABULARY} tokens; {@link BytePairTrainer} makes others.
     *
     * @param utf8 the training text
     * @throws IllegalArgumentException if a character vocabulary is asked for and the text is not valid UTF-8 or is empty
     */
    static Tokenizer of(TokenizerKind kind, byte[] utf8) {
        return switch (kind) {
            case CHARACTER -> CharacterTokenizer.of(Utf8.decode(utf8));
            case BYTE -> new ByteTokenizer();
            case BPE -> BytePairTrainer.train(utf8, BytePairTrainer.USUAL_VOCABULARY, 0, BytePairTrainer.Progress.NONE);
        };
    }

    /**
     * The tokenizer that {@link #describe} described. The description may come from a file that somebody else wrote:
     * everything in it is checked.
     *
     * @throws IllegalArgumentException if it is not the description of a tokenizer, saying what is wrong with it
     */
    static Tokenizer restore(Map<String, ?> description) {
        if (description == null) {
            throw new IllegalArgumentException("the tokenizer's description is missing");
        }
        if (CharacterTokenizer.KIND.equals(description.get(Description.KIND))) {
            return CharacterTokenizer.restore(description);
        }
        if (ByteTokenizer.KIND.equals(description.get(Description.KIND))) {
            return ByteTokenizer.restore(description);
        }
        if (BytePairTokenizer.KIND.equals(description.get(Description.KIND))) {
            return BytePairTokenizer.restore(description);
        }
        throw new IllegalArgumentException(
                "the tokenizer's kind is " + Printable.quote(description.get(Description.KIND))
                        + "; this version knows \"character\", \"byte\" and \"bpe\"");
    }
}
