package tinygpt.text;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;

/**
 * The token ids of one text, split by position: the first part is trained on, the rest, at the end of the text, is for
 * validation.
 *
 * <p>A split of n tokens has n - 1 targets: every token but the first is to be predicted from the ones before it.
 */
public final class Corpus {
    private final Tokenizer tokenizer;
    private final int[] train;
    private final int[] validation;

    private Corpus(Tokenizer tokenizer, int[] train, int[] validation) {
        this.tokenizer = tokenizer;
        this.train = train;
        this.validation = validation;
    }

    /**
     * Splits token ids. The training part has floor((1 - fraction) n) of the n tokens; for 0.1 that is nanoGPT's
     * {@code data[:int(n*0.9)]}. It is computed on the decimal that the fraction is written as: 0.9 leaves one of ten tokens
     * for training, where the binary 1 - 0.9 = 0.09999999999999998 would leave none.
     *
     * <p>Where tokens are of different lengths, as with BPE, characters are counted in place of tokens: the training part
     * ends with the token that completes floor((1 - fraction) n) of the n characters. So the split is at the same place in
     * the text for any vocabulary, and the losses per character can be compared.
     *
     * @param ids token ids of the tokenizer, in text order
     * @param validationFraction share of the tokens kept for validation, between 0 and 1, both excluded
     * @throws IllegalArgumentException if the fraction is out of range or an id is not in the vocabulary
     */
    public static Corpus of(Tokenizer tokenizer, int[] ids, double validationFraction) {
        if (!(validationFraction > 0 && validationFraction < 1)) {
            throw new IllegalArgumentException("the validation fraction is " + validationFraction
                    + "; it must lie between 0 and 1 (0.1 is usual)");
        }
        for (int id : ids) {
            TokenIds.require(id, tokenizer.vocabularySize());
        }
        int trained = trainedTokens(tokenizer, ids, validationFraction);
        return new Corpus(tokenizer, Arrays.copyOf(ids, trained), Arrays.copyOfRange(ids, trained, ids.length));
    }

    /** How many of the characters of a text, or of other things in a row, are for training. */
    private static long trained(long count, double validationFraction) {
        return BigDecimal.ONE
                .subtract(BigDecimal.valueOf(validationFraction))
                .multiply(BigDecimal.valueOf(count))
                .setScale(0, RoundingMode.FLOOR)
                .longValueExact();
    }

    private static int trainedTokens(Tokenizer tokenizer, int[] ids, double validationFraction) {
        if (!(tokenizer instanceof BytePairTokenizer)) {
            return (int) trained(ids.length, validationFraction);
        }
        int[] size = sizes(tokenizer, false);
        long characters = 0;
        for (int id : ids) {
            characters += size[id];
        }
        long left = trained(characters, validationFraction);
        int tokens = 0;
        while (left > 0) {
            left -= size[ids[tokens++]];
        }
        return tokens;
    }

    /**
     * How many bytes of a text lie in its training part, for a vocabulary that is to be learned from that part alone. An end
     * of text counts as one character, and a byte that is no part of one as none, as in {@link #of(Tokenizer, int[], double)}.
     *
     * @param validationFraction share of the characters kept for validation, between 0 and 1, both excluded
     */
    public static int trainedBytes(byte[] utf8, double validationFraction) {
        SpecialTokens end = new SpecialTokens(Map.of(Tokenizer.END_OF_TEXT, 0));
        long characters = 0;
        for (int at = 0; at < utf8.length; at = nextCharacter(end, utf8, at)) {
            characters++;
        }
        long left = trained(characters, validationFraction);
        int at = 0;
        for (; left > 0; left--) {
            at = nextCharacter(end, utf8, at);
        }
        return at;
    }

    private static int nextCharacter(SpecialTokens end, byte[] utf8, int from) {
        if (end.idAt(utf8, from) != SpecialTokens.NONE) {
            return from + Tokenizer.END_OF_TEXT.length();
        }
        int at = from + 1;
        while (at < utf8.length && Utf8.isContinuation(utf8[at])) {
            at++;
        }
        return at;
    }

    /**
     * Encodes and splits a text.
     *
     * @throws IllegalArgumentException as {@link #of(Tokenizer, int[], double)} and {@link Tokenizer#encode(String)}
     */
    public static Corpus of(Tokenizer tokenizer, String text, double validationFraction) {
        return of(tokenizer, tokenizer.encode(text), validationFraction);
    }

    /** The tokenizer whose ids these are. */
    public Tokenizer tokenizer() {
        return tokenizer;
    }

    /** The token ids to train on. The corpus's own array, because it may be large: only to be read. */
    public int[] train() {
        return train;
    }

    /** The token ids to validate on. The corpus's own array, because it may be large: only to be read. */
    public int[] validation() {
        return validation;
    }

    /**
     * Checks that each split has a whole window, which is the context and one more token, the last target.
     *
     * @param contextLength tokens the model sees at once, T
     * @throws IllegalArgumentException if one has not, saying how many tokens there are and how many are needed
     */
    public void requireContext(int contextLength) {
        requireWindow("training", train.length, contextLength, "smaller");
        requireWindow("validation", validation.length, contextLength, "larger");
    }

    /**
     * Characters (code points) that the validation targets stand for, an end of text counted as one: divide a summed loss
     * by this, and by ln 2, for bits per character. Where bytes are tokens, a character is counted at its first byte.
     */
    public long validationCharacters() {
        return sumOverTargets(tokenizer, validation, false);
    }

    /** Characters as in {@link #validationCharacters} that the targets of other tokens, all but the first, stand for. */
    public static long characters(Tokenizer tokenizer, int[] tokens) {
        return sumOverTargets(tokenizer, tokens, false);
    }

    /** UTF-8 bytes that the validation targets stand for, an end of text counted as one. */
    public long validationBytes() {
        return sumOverTargets(tokenizer, validation, true);
    }

    private static long sumOverTargets(Tokenizer tokenizer, int[] tokens, boolean countBytes) {
        int[] size = sizes(tokenizer, countBytes);
        long sum = 0;
        for (int i = 1; i < tokens.length; i++) {
            sum += size[tokens[i]];
        }
        return sum;
    }

    /** Bytes, or characters that begin, by token id; the end of text is one. */
    private static int[] sizes(Tokenizer tokenizer, boolean countBytes) {
        int[] size = new int[tokenizer.vocabularySize()];
        for (int id = 0; id < size.length; id++) {
            for (byte value : tokenizer.bytes(id)) {
                size[id] += countBytes || !Utf8.isContinuation(value) ? 1 : 0;
            }
        }
        size[tokenizer.endOfText()] = 1;
        return size;
    }

    private static void requireWindow(String split, int tokens, int contextLength, String fraction) {
        if (contextLength < 1) {
            throw new IllegalArgumentException("the context length is " + contextLength + "; it must be at least 1");
        }
        if (tokens - 1 < contextLength) {
            String shorter =
                    tokens < 2 ? "" : String.format(Locale.ROOT, ", --context-length of at most %d", tokens - 1);
            throw new IllegalArgumentException(String.format(
                    Locale.ROOT,
                    "the %s split has %,d tokens, but a window of context length %d needs %,d (its inputs and the target"
                            + " of the last one): use a longer text%s, or a %s --validation-fraction",
                    split,
                    tokens,
                    contextLength,
                    contextLength + 1L,
                    shorter,
                    fraction));
        }
    }
}
