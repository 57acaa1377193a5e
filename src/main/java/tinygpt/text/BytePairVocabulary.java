package tinygpt.text;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Everything that a byte-level BPE tokenizer is made of, as its files have it.
 *
 * @param tokens one string a token, in the order of the ids: special tokens as they are written in a text, the others in
 *     the byte alphabet of GPT-2, in which a space is Ġ
 * @param merges the rules, the most important first
 * @param special the tokens that are found in a text as a whole and take no part in merging
 * @param endOfText the special token that ends a text
 */
public record BytePairVocabulary(List<String> tokens, List<MergeRule> merges, Set<String> special, String endOfText) {
    private static final String KEY_MERGES = "merges";
    private static final String KEY_SPECIAL = "special";
    private static final String KEY_END = "end_of_text";

    /**
     * Checks that it can be used.
     *
     * @throws IllegalArgumentException if a token is empty, there twice or not spelled in the byte alphabet, a rule has
     *     parts or a result that are no tokens, or a special token or the end of text is missing
     */
    public BytePairVocabulary {
        tokens = List.copyOf(tokens);
        merges = List.copyOf(merges);
        special = Set.copyOf(special);
        Map<String, Integer> ids = ids(tokens);
        for (int id = 0; id < tokens.size(); id++) {
            String token = tokens.get(id);
            if (token.isEmpty() || !special.contains(token) && ByteAlphabet.bytes(token) == null) {
                throw new IllegalArgumentException("token " + id + " is " + Printable.quote(token)
                        + ", which is not spelled in the byte alphabet of GPT-2 (where a space is \u0120)");
            }
        }
        for (String token : new TreeSet<>(special)) {
            if (!ids.containsKey(token)) {
                throw new IllegalArgumentException(
                        "the special token " + Printable.quote(token) + " is not in the vocabulary");
            }
        }
        if (!special.contains(endOfText)) {
            throw new IllegalArgumentException(
                    "the vocabulary has no special token " + Printable.quote(endOfText) + ", which ends a text");
        }
        for (int rank = 0; rank < merges.size(); rank++) {
            requireMerge(tokens, ids, merges.get(rank), rank);
        }
    }

    private static void requireMerge(List<String> tokens, Map<String, Integer> ids, MergeRule rule, int rank) {
        int size = tokens.size();
        if (rule.left() < 0 || rule.left() >= size || rule.right() < 0 || rule.right() >= size) {
            throw new IllegalArgumentException("merge " + rank + " has the ids " + rule.left() + " and " + rule.right()
                    + "; ids run from 0 to " + (size - 1));
        }
        String result = tokens.get(rule.left()) + tokens.get(rule.right());
        if (!ids.containsKey(result)) {
            throw new IllegalArgumentException(
                    "merge " + rank + " makes " + Printable.quote(result) + ", which is not in the vocabulary");
        }
    }

    /**
     * A vocabulary whose rules are spelled, as in merges.txt: two tokens with a space between them.
     *
     * @throws IllegalArgumentException as above, and if a rule has not two parts that are tokens
     */
    public static BytePairVocabulary of(
            List<String> tokens, List<String> spelledMerges, Set<String> special, String endOfText) {
        Map<String, Integer> ids = ids(tokens);
        List<MergeRule> merges = new ArrayList<>(spelledMerges.size());
        for (String spelled : spelledMerges) {
            int space = spelled.indexOf(' ');
            Integer left = ids.get(spelled.substring(0, Math.max(0, space)));
            Integer right = ids.get(spelled.substring(space + 1));
            if (left == null || right == null) {
                throw new IllegalArgumentException("merge " + merges.size() + " is " + Printable.quote(spelled)
                        + ", not two tokens of the vocabulary with a space between them");
            }
            merges.add(new MergeRule(left, right));
        }
        return new BytePairVocabulary(tokens, merges, special, endOfText);
    }

    /** The rules as merges.txt spells them: two tokens with a space between them. */
    public List<String> spelledMerges() {
        return merges.stream()
                .map(rule -> tokens.get(rule.left()) + " " + tokens.get(rule.right()))
                .toList();
    }

    /** Ids by spelling. */
    Map<String, Integer> ids() {
        return ids(tokens);
    }

    private static Map<String, Integer> ids(List<String> tokens) {
        Map<String, Integer> ids = new HashMap<>(tokens.size() * 2);
        for (int id = 0; id < tokens.size(); id++) {
            Integer before = ids.put(tokens.get(id), id);
            if (before != null) {
                throw new IllegalArgumentException("tokens " + before + " and " + id + " of the vocabulary are both "
                        + Printable.quote(tokens.get(id)) + ": each token is there once");
            }
        }
        return ids;
    }

    Map<String, Object> describe() {
        Map<String, Object> description = new LinkedHashMap<>();
        description.put(Description.KIND, BytePairTokenizer.KIND);
        description.put(Description.VOCABULARY, tokens);
        description.put(KEY_MERGES, spelledMerges());
        description.put(KEY_SPECIAL, List.copyOf(new TreeSet<>(special)));
        description.put(KEY_END, endOfText);
        return description;
    }

    static BytePairVocabulary restore(Map<String, ?> description) {
        Description.requireOnly(
                description,
                BytePairTokenizer.KIND,
                Description.KIND,
                Description.VOCABULARY,
                KEY_MERGES,
                KEY_SPECIAL,
                KEY_END);
        List<String> special = strings(description, KEY_SPECIAL);
        if (!(description.get(KEY_END) instanceof String end)) {
            throw new IllegalArgumentException(
                    "the end_of_text of a bpe tokenizer is a string, not " + Printable.quote(description.get(KEY_END)));
        }
        return of(
                strings(description, Description.VOCABULARY),
                strings(description, KEY_MERGES),
                new TreeSet<>(special),
                end);
    }

    private static List<String> strings(Map<String, ?> description, String key) {
        if (!(description.get(key) instanceof List<?> list)) {
            throw new IllegalArgumentException("the " + key + " of a bpe tokenizer is a list of strings, not "
                    + Printable.quote(description.get(key)));
        }
        List<String> strings = new ArrayList<>(list.size());
        for (Object entry : list) {
            if (!(entry instanceof String text)) {
                throw new IllegalArgumentException("entry " + strings.size() + " of the " + key + " is "
                        + Printable.quote(entry) + ", not a string");
            }
            strings.add(text);
        }
        return strings;
    }
}
