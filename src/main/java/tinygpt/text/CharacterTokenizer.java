package tinygpt.text;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * One token for every distinct character (Unicode code point) of the training text, in the order of their code points;
 * behind them is the end of text, reserved whether the text has one or not. A vocabulary that was extended for another
 * text has the new characters after that.
 *
 * <p>The vocabulary is fixed by the training text. Text with other characters is refused, or read with an
 * {@link UnknownPolicy}.
 */
public final class CharacterTokenizer implements Tokenizer {
    static final String KIND = "character";

    private static final int UNKNOWN = -1;
    /** Code points below this are looked up in a table, the rare ones above in a map. */
    private static final int TABLE_LIMIT = 0x10000;

    /** The place of the end of text among the code points, which are never negative. */
    private static final int END = -1;

    /** By token id; END at one of them. */
    private final int[] codePoints;

    private final int endOfText;
    /** Code points below {@link #TABLE_LIMIT} to their ids. */
    private final int[] table;
    /** Code points from there on, to their ids. */
    private final Map<Integer, Integer> rare = new HashMap<>();

    private final int substitute;

    private CharacterTokenizer(int[] codePoints) {
        this.codePoints = codePoints;
        int highest = Arrays.stream(codePoints).max().orElse(0);
        table = new int[Math.min(TABLE_LIMIT, highest + 1)];
        Arrays.fill(table, UNKNOWN);
        int end = UNKNOWN;
        for (int id = 0; id < codePoints.length; id++) {
            if (codePoints[id] == END) {
                end = id;
            } else if (codePoints[id] < table.length) {
                table[codePoints[id]] = id;
            } else {
                rare.put(codePoints[id], id);
            }
        }
        endOfText = end;
        int space = idOf(' ');
        int question = idOf('?');
        int first = endOfText == 0 ? 1 : 0;
        substitute = space != UNKNOWN ? space : question != UNKNOWN ? question : first;
    }

    /**
     * The tokenizer of a training text. End-of-text literals do not add their letters to the vocabulary.
     *
     * @throws IllegalArgumentException if the text has no character, or half a surrogate pair
     */
    public static CharacterTokenizer of(String text) {
        BitSet seen = charactersOf(text);
        if (seen.isEmpty()) {
            throw new IllegalArgumentException(
                    "the training text has no characters, so there is no vocabulary to take from it; give it some text");
        }
        return new CharacterTokenizer(
                IntStream.concat(seen.stream(), IntStream.of(END)).toArray());
    }

    /**
     * This vocabulary and, behind it, the characters of a text that it lacks, in the order of their code points: tokens
     * keep their ids.
     *
     * @throws IllegalArgumentException if the text has half a surrogate pair
     */
    public CharacterTokenizer extendedBy(String text) {
        IntStream added = charactersOf(text).stream().filter(c -> idOf(c) == UNKNOWN);
        return new CharacterTokenizer(
                IntStream.concat(Arrays.stream(codePoints), added).toArray());
    }

    @Override
    public CharacterTokenizer extendedBy(byte[] utf8) {
        return extendedBy(Utf8.decode(utf8));
    }

    private static BitSet charactersOf(String text) {
        Utf8.requireWholeCharacters(text);
        BitSet seen = new BitSet();
        for (int i = 0; i < text.length(); ) {
            if (isEndOfText(text, i)) {
                i += END_OF_TEXT.length();
                continue;
            }
            int codePoint = text.codePointAt(i);
            seen.set(codePoint);
            i += Character.charCount(codePoint);
        }
        return seen;
    }

    @Override
    public String kind() {
        return KIND;
    }

    @Override
    public int vocabularySize() {
        return codePoints.length;
    }

    @Override
    public int endOfText() {
        return endOfText;
    }

    /** The id that stands for unknown characters under REPLACE: the space if there is one, else '?', else the first character. */
    public int substitute() {
        return substitute;
    }

    @Override
    public int[] encode(String text) {
        return encode(text, UnknownPolicy.FAIL);
    }

    @Override
    public int[] encode(byte[] utf8) {
        return encode(Utf8.decode(utf8));
    }

    /**
     * The token ids of a text that may have characters the vocabulary lacks. Half a surrogate pair is an unknown character.
     *
     * @throws UnknownCharacterException under FAIL, naming all of them
     */
    public int[] encode(String text, UnknownPolicy policy) {
        int[] ids = new int[text.length()];
        int count = 0;
        Set<Integer> unknown = new LinkedHashSet<>();
        for (int i = 0; i < text.length(); ) {
            if (isEndOfText(text, i)) {
                ids[count++] = endOfText();
                i += END_OF_TEXT.length();
                continue;
            }
            int codePoint = text.codePointAt(i);
            i += Character.charCount(codePoint);
            int id = idOf(codePoint);
            if (id != UNKNOWN) {
                ids[count++] = id;
                continue;
            }
            switch (policy) {
                case FAIL -> unknown.add(codePoint);
                case SKIP -> {}
                case REPLACE -> ids[count++] = substitute;
            }
        }
        if (!unknown.isEmpty()) {
            throw new UnknownCharacterException(unknown);
        }
        return Arrays.copyOf(ids, count);
    }

    /**
     * The same for a file's content.
     *
     * @throws IllegalArgumentException if it is not valid UTF-8; names the place
     */
    public int[] encode(byte[] utf8, UnknownPolicy policy) {
        return encode(Utf8.decode(utf8), policy);
    }

    @Override
    public byte[] bytes(int id) {
        return text(id).getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public String show(int id) {
        return TokenIds.require(id, vocabularySize()) == endOfText()
                ? END_OF_TEXT
                : Printable.codePoint(codePoints[id]);
    }

    /** {@code kind}, and {@code vocabulary}: one string a token, in the order of the ids. */
    @Override
    public Map<String, Object> describe() {
        List<String> vocabulary = new ArrayList<>(vocabularySize());
        for (int id = 0; id < vocabularySize(); id++) {
            vocabulary.add(text(id));
        }
        Map<String, Object> description = new LinkedHashMap<>();
        description.put(Description.KIND, KIND);
        description.put(Description.VOCABULARY, vocabulary);
        return description;
    }

    static CharacterTokenizer restore(Map<String, ?> description) {
        Description.requireOnly(description, KIND, Description.KIND, Description.VOCABULARY);
        if (!(description.get(Description.VOCABULARY) instanceof List<?> vocabulary)) {
            throw new IllegalArgumentException("the vocabulary of a character tokenizer is a list of strings, not "
                    + Printable.quote(description.get(Description.VOCABULARY)));
        }
        return of(vocabulary);
    }

    /**
     * The tokenizer of a vocabulary.
     *
     * @param vocabulary one string a token, in the order of the ids: a character, or {@link #END_OF_TEXT}
     * @throws IllegalArgumentException if there is something else in it, something twice, or no end of text
     */
    public static CharacterTokenizer of(List<?> vocabulary) {
        int[] codePoints = new int[vocabulary.size()];
        Map<Integer, Integer> seen = new HashMap<>();
        for (int id = 0; id < codePoints.length; id++) {
            codePoints[id] = END_OF_TEXT.equals(vocabulary.get(id)) ? END : character(vocabulary.get(id), id);
            Integer before = seen.put(codePoints[id], id);
            if (before != null) {
                throw new IllegalArgumentException("entries " + before + " and " + id + " of the vocabulary are both "
                        + Printable.quote(vocabulary.get(id)) + ": each token is there once");
            }
        }
        if (!seen.containsKey(END) || seen.size() < 2) {
            throw new IllegalArgumentException(
                    "the vocabulary of a character tokenizer has at least one character and \"" + END_OF_TEXT
                            + "\"; this one has " + codePoints.length + " entries");
        }
        return new CharacterTokenizer(codePoints);
    }

    private static int character(Object entry, int id) {
        if (entry instanceof String text && !text.isEmpty()) {
            int codePoint = text.codePointAt(0);
            boolean one = text.length() == Character.charCount(codePoint);
            if (one && Character.getType(codePoint) != Character.SURROGATE) {
                return codePoint;
            }
        }
        throw new IllegalArgumentException(
                "entry " + id + " of the vocabulary is " + Printable.quote(entry) + ", not a string of one character");
    }

    private String text(int id) {
        return TokenIds.require(id, vocabularySize()) == endOfText() ? END_OF_TEXT : Character.toString(codePoints[id]);
    }

    private int idOf(int codePoint) {
        if (codePoint < table.length) {
            return table[codePoint];
        }
        return rare.getOrDefault(codePoint, UNKNOWN);
    }

    private static boolean isEndOfText(String text, int at) {
        return text.charAt(at) == '<' && text.startsWith(END_OF_TEXT, at);
    }
}
