package tinygpt.text;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * One token for every distinct character (Unicode code point) of the training text, in the order of their code points;
 * the last id is the end of text, reserved whether the text has one or not.
 *
 * <p>The vocabulary is fixed by the training text. Text with other characters is refused, or read with an
 * {@link UnknownPolicy}.
 */
public final class CharacterTokenizer implements Tokenizer {
    static final String KIND = "character";

    private static final int UNKNOWN = -1;
    /** Code points below this are looked up in a table, the rare ones above by binary search. */
    private static final int TABLE_LIMIT = 0x10000;

    /** Strictly ascending; the index is the token id. */
    private final int[] codePoints;

    private final int[] table;
    private final int substitute;

    private CharacterTokenizer(int[] ascending) {
        codePoints = ascending;
        table = new int[Math.min(TABLE_LIMIT, ascending[ascending.length - 1] + 1)];
        Arrays.fill(table, UNKNOWN);
        for (int id = 0; id < ascending.length && ascending[id] < table.length; id++) {
            table[ascending[id]] = id;
        }
        int space = idOf(' ');
        substitute = space != UNKNOWN ? space : Math.max(0, idOf('?'));
    }

    /**
     * The tokenizer of a training text. End-of-text literals do not add their letters to the vocabulary.
     *
     * @throws IllegalArgumentException if the text has no character, or half a surrogate pair
     */
    public static CharacterTokenizer of(String text) {
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
        if (seen.isEmpty()) {
            throw new IllegalArgumentException(
                    "the training text has no characters, so there is no vocabulary to take from it; give it some text");
        }
        return new CharacterTokenizer(seen.stream().toArray());
    }

    @Override
    public String kind() {
        return KIND;
    }

    @Override
    public int vocabularySize() {
        return codePoints.length + 1;
    }

    @Override
    public int endOfText() {
        return codePoints.length;
    }

    /** The id that stands for unknown characters under REPLACE: the space if there is one, else '?', else id 0. */
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
        int characters = vocabulary.size() - 1;
        if (characters < 1 || !END_OF_TEXT.equals(vocabulary.get(characters))) {
            throw new IllegalArgumentException("the vocabulary of a character tokenizer has at least one character and"
                    + " ends in \"" + END_OF_TEXT + "\"; this one has " + vocabulary.size() + " entries"
                    + (characters < 0 ? "" : " and ends in " + Printable.quote(vocabulary.get(characters))));
        }
        int[] codePoints = new int[characters];
        for (int id = 0; id < characters; id++) {
            codePoints[id] = character(vocabulary.get(id), id);
            if (id > 0 && codePoints[id] <= codePoints[id - 1]) {
                throw new IllegalArgumentException("entry " + id + " of the vocabulary, "
                        + Printable.codePointAndNumber(codePoints[id]) + ", stands after "
                        + Printable.codePointAndNumber(codePoints[id - 1])
                        + ": characters are in ascending order and each is there once");
            }
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
        return Math.max(UNKNOWN, Arrays.binarySearch(codePoints, codePoint));
    }

    private static boolean isEndOfText(String text, int at) {
        return text.charAt(at) == '<' && text.startsWith(END_OF_TEXT, at);
    }
}
