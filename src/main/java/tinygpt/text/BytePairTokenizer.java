package tinygpt.text;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Byte-level byte pair encoding as in GPT-2 (Radford et al. 2019, section 2.2; Sennrich et al. 2016): a text is cut into
 * words, the bytes of a word are its first tokens, and learned rules merge neighbours, the earliest rule first. The ids are
 * those of Hugging Face's tokenizers for the same vocabulary, with {@code add_special_tokens=False}.
 *
 * <p>With all 256 bytes among the tokens, as in GPT-2, it knows every text. A vocabulary of other origin may lack some:
 * then a character that needs one is refused, or read with an {@link UnknownPolicy}.
 */
public final class BytePairTokenizer implements Tokenizer {
    static final String KIND = "bpe";

    private static final int LACKING = -1;
    /** Stands in messages for bytes that are no character. */
    private static final int REPLACEMENT = 0xFFFD;

    private final BytePairVocabulary vocabulary;
    /** By id. */
    private final byte[][] bytes;
    /** By byte; LACKING where it is no token. */
    private final int[] byteIds = new int[ByteAlphabet.SIZE];

    private final boolean complete;
    private final MergeTable merges;
    private final SpecialTokens specials;
    private final int endOfText;
    private final WordCache cache = new WordCache();

    public BytePairTokenizer(BytePairVocabulary vocabulary) {
        this.vocabulary = vocabulary;
        bytes = new byte[vocabulary.tokens().size()][];
        Arrays.fill(byteIds, LACKING);
        Map<String, Integer> special = new HashMap<>();
        for (int id = 0; id < bytes.length; id++) {
            String token = vocabulary.tokens().get(id);
            if (vocabulary.special().contains(token)) {
                special.put(token, id);
                bytes[id] = Utf8.encode(token);
            } else {
                bytes[id] = ByteAlphabet.bytes(token);
                if (bytes[id].length == 1) {
                    byteIds[bytes[id][0] & 0xFF] = id;
                }
            }
        }
        complete = Arrays.stream(byteIds).noneMatch(id -> id == LACKING);
        merges = new MergeTable(vocabulary);
        specials = new SpecialTokens(special);
        endOfText = special.get(vocabulary.endOfText());
    }

    /** What it is made of, for files of other programs. */
    public BytePairVocabulary vocabulary() {
        return vocabulary;
    }

    @Override
    public String kind() {
        return KIND;
    }

    @Override
    public int vocabularySize() {
        return bytes.length;
    }

    @Override
    public int endOfText() {
        return endOfText;
    }

    @Override
    public int[] encode(String text) {
        return encode(Utf8.encode(text));
    }

    /**
     * The token ids of any bytes, valid UTF-8 or not.
     *
     * @throws UnknownCharacterException if the vocabulary lacks bytes and a character needs one, naming all of them
     */
    @Override
    public int[] encode(byte[] utf8) {
        return encode(utf8, UnknownPolicy.FAIL);
    }

    /**
     * The token ids of a text of which the vocabulary may lack bytes. SKIP leaves out the bytes that are lacking, as Hugging
     * Face's tokenizers do; REPLACE puts a space or, without one, a '?' in the place of a character that needs one.
     *
     * @throws UnknownCharacterException under FAIL, naming all of them; and if there is nothing to replace them with
     */
    public int[] encode(byte[] utf8, UnknownPolicy policy) {
        Set<Integer> unknown = complete ? Set.of() : lackingCharacters(utf8);
        byte[] text = utf8;
        if (!unknown.isEmpty()) {
            switch (policy) {
                case FAIL -> throw new UnknownCharacterException(unknown);
                case SKIP -> {}
                case REPLACE -> text = replaced(utf8, unknown);
            }
        }
        IdBuffer ids = new IdBuffer(text.length / 3 + 1);
        for (int at = 0; at < text.length; ) {
            int literal = specials.next(text, at);
            for (int word = at; word < literal; ) {
                int end = PreTokenizer.next(text, word, literal);
                encodeWord(text, word, end, ids);
                word = end;
            }
            at = literal;
            if (at < text.length) {
                int id = specials.idAt(text, at);
                ids.add(id);
                at += bytes[id].length;
            }
        }
        return ids.toArray();
    }

    /**
     * The same for a text.
     *
     * @throws IllegalArgumentException as above, and if it holds half a surrogate pair
     */
    public int[] encode(String text, UnknownPolicy policy) {
        return encode(Utf8.encode(text), policy);
    }

    /**
     * How a text becomes tokens, word by word and merge by merge.
     *
     * @throws UnknownCharacterException as {@link #encode(byte[])}
     */
    public List<MergedWord> explain(byte[] utf8) {
        if (!complete && !lackingCharacters(utf8).isEmpty()) {
            throw new UnknownCharacterException(lackingCharacters(utf8));
        }
        List<MergedWord> words = new ArrayList<>();
        for (int at = 0; at < utf8.length; ) {
            int literal = specials.next(utf8, at);
            for (int word = at; word < literal; ) {
                int end = PreTokenizer.next(utf8, word, literal);
                words.add(explainWord(utf8, word, end));
                word = end;
            }
            at = literal;
            if (at < utf8.length) {
                int id = specials.idAt(utf8, at);
                words.add(new MergedWord(at, at + bytes[id].length, List.of(id), List.of()));
                at += bytes[id].length;
            }
        }
        return words;
    }

    private MergedWord explainWord(byte[] utf8, int from, int to) {
        int[] symbols = symbols(utf8, from, to);
        List<Integer> start = Arrays.stream(symbols).boxed().toList();
        List<MergedWord.Step> steps = new ArrayList<>();
        merges.merge(symbols, symbols.length, (rank, after) -> {
            List<Integer> left = Arrays.stream(after)
                    .filter(id -> id != MergeTable.GONE)
                    .boxed()
                    .toList();
            steps.add(new MergedWord.Step(rank, vocabulary.merges().get(rank), merges.result(rank), left));
        });
        return new MergedWord(from, to, start, List.copyOf(steps));
    }

    private void encodeWord(byte[] utf8, int from, int to, IdBuffer ids) {
        if (to - from == 1 && byteIds[utf8[from] & 0xFF] != LACKING) {
            ids.add(byteIds[utf8[from] & 0xFF]);
            return;
        }
        int[] known = cache.get(utf8, from, to);
        if (known == null) {
            int[] symbols = symbols(utf8, from, to);
            known = Arrays.copyOf(symbols, merges.merge(symbols, symbols.length, null));
            cache.put(utf8, from, to, known);
        }
        ids.add(known);
    }

    /** The bytes of a word as tokens; a byte that is none is left out. */
    private int[] symbols(byte[] utf8, int from, int to) {
        int[] symbols = new int[to - from];
        int count = 0;
        for (int i = from; i < to; i++) {
            int id = byteIds[utf8[i] & 0xFF];
            if (id != LACKING) {
                symbols[count++] = id;
            }
        }
        return count == symbols.length ? symbols : Arrays.copyOf(symbols, count);
    }

    private Set<Integer> lackingCharacters(byte[] utf8) {
        Set<Integer> lacking = new LinkedHashSet<>();
        for (int at = 0; at < utf8.length; ) {
            int special = specials.idAt(utf8, at);
            if (special != SpecialTokens.NONE) {
                at += bytes[special].length;
                continue;
            }
            int codePoint = Utf8.codePoint(utf8, at, utf8.length);
            int end = at + Utf8.length(codePoint);
            for (; at < end; at++) {
                if (byteIds[utf8[at] & 0xFF] == LACKING) {
                    lacking.add(codePoint < 0 ? REPLACEMENT : codePoint);
                }
            }
        }
        return lacking;
    }

    private byte[] replaced(byte[] utf8, Set<Integer> unknown) {
        byte substitute = (byte) (byteIds[' '] != LACKING ? ' ' : '?');
        if (byteIds[substitute] == LACKING) {
            throw new UnknownCharacterException(unknown);
        }
        byte[] text = new byte[utf8.length];
        int count = 0;
        for (int at = 0; at < utf8.length; ) {
            int codePoint = Utf8.codePoint(utf8, at, utf8.length);
            int end = at + Utf8.length(codePoint);
            if (unknown.contains(codePoint < 0 ? REPLACEMENT : codePoint) && specials.idAt(utf8, at) < 0) {
                text[count++] = substitute;
            } else {
                System.arraycopy(utf8, at, text, count, end - at);
                count += end - at;
            }
            at = end;
        }
        return Arrays.copyOf(text, count);
    }

    /** This vocabulary and, behind it, the bytes of a text that it lacks, in their order: tokens keep their ids. */
    @Override
    public BytePairTokenizer extendedBy(byte[] utf8) {
        boolean[] lacking = new boolean[ByteAlphabet.SIZE];
        boolean any = false;
        for (byte value : utf8) {
            lacking[value & 0xFF] = byteIds[value & 0xFF] == LACKING;
            any |= lacking[value & 0xFF];
        }
        if (!any) {
            return this;
        }
        List<String> tokens = new ArrayList<>(vocabulary.tokens());
        for (int value = 0; value < lacking.length; value++) {
            if (lacking[value]) {
                tokens.add(String.valueOf(ByteAlphabet.character(value)));
            }
        }
        return new BytePairTokenizer(
                new BytePairVocabulary(tokens, vocabulary.merges(), vocabulary.special(), vocabulary.endOfText()));
    }

    @Override
    public byte[] bytes(int id) {
        return bytes[TokenIds.require(id, bytes.length)].clone();
    }

    @Override
    public String show(int id) {
        String token = vocabulary.tokens().get(TokenIds.require(id, bytes.length));
        return vocabulary.special().contains(token) ? Printable.special(token) : Printable.text(bytes[id]);
    }

    /** {@code kind}, {@code vocabulary}, {@code merges}, {@code special} and {@code end_of_text}, spelled as in files. */
    @Override
    public Map<String, Object> describe() {
        return vocabulary.describe();
    }

    static BytePairTokenizer restore(Map<String, ?> description) {
        return new BytePairTokenizer(BytePairVocabulary.restore(description));
    }
}
