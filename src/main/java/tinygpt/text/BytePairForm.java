package tinygpt.text;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Any tokenizer as byte-level BPE, the one family that the programs around GPT-2 all read: tokens and ids are the same, and
 * so are the ids of a text.
 *
 * <p>Bytes and ASCII characters are single symbols of the byte alphabet, and nothing is merged. A character of several
 * bytes is merged from them, front to back: é is "Ã ©". Of such merges a part may be no token: a vocabulary of characters
 * with ’ need not have its first two bytes. Readers differ there, which is what {@link #isClosed} and {@link #characters}
 * are for: llama.cpp merges all the same, Hugging Face's tokenizers refuse the file and are given the characters instead.
 *
 * @param tokens one string a token, in the order of the ids: special tokens as they are written in a text, the others in
 *     the byte alphabet of GPT-2, in which a space is Ġ
 * @param merges the rules, the most important first: two spellings with a space between them
 * @param special ids of the tokens that are found in a text as a whole and take no part in merging
 * @param endOfText the id that ends a text and may begin one, one of the special ids
 * @param characters the tokens as they are written in a text, in the order of the ids, if every token but the special ones is
 *     one character and nothing is merged in the tokenizer itself
 */
public record BytePairForm(
        List<String> tokens,
        List<String> merges,
        SortedSet<Integer> special,
        int endOfText,
        Optional<List<String>> characters) {

    public BytePairForm {
        tokens = List.copyOf(tokens);
        merges = List.copyOf(merges);
        special = java.util.Collections.unmodifiableSortedSet(new TreeSet<>(special));
        characters = characters.map(List::copyOf);
    }

    /** The form of a tokenizer. */
    public static BytePairForm of(Tokenizer tokenizer) {
        if (tokenizer instanceof BytePairTokenizer bytePairs) {
            return of(bytePairs.vocabulary(), tokenizer.endOfText());
        }
        List<String> tokens = new ArrayList<>();
        List<String> characters = new ArrayList<>();
        Set<String> merges = new LinkedHashSet<>();
        for (int id = 0; id < tokenizer.vocabularySize(); id++) {
            byte[] bytes = tokenizer.bytes(id);
            String token =
                    id == tokenizer.endOfText() ? Tokenizer.END_OF_TEXT : ByteAlphabet.spell(bytes, 0, bytes.length);
            tokens.add(token);
            characters.add(new String(bytes, StandardCharsets.UTF_8));
            for (int end = 1; end < token.length() && id != tokenizer.endOfText(); end++) {
                merges.add(token.substring(0, end) + " " + token.charAt(end));
            }
        }
        return new BytePairForm(
                tokens,
                List.copyOf(merges),
                new TreeSet<>(Set.of(tokenizer.endOfText())),
                tokenizer.endOfText(),
                tokenizer instanceof CharacterTokenizer ? Optional.of(characters) : Optional.empty());
    }

    private static BytePairForm of(BytePairVocabulary vocabulary, int endOfText) {
        SortedSet<Integer> special = new TreeSet<>();
        for (int id = 0; id < vocabulary.tokens().size(); id++) {
            if (vocabulary.special().contains(vocabulary.tokens().get(id))) {
                special.add(id);
            }
        }
        return new BytePairForm(vocabulary.tokens(), vocabulary.spelledMerges(), special, endOfText, Optional.empty());
    }

    /**
     * The tokenizer that has this form: of characters or of bytes if one of these has it, else of byte pairs.
     *
     * @throws IllegalArgumentException if there is none
     */
    public Tokenizer tokenizer() {
        Set<String> specials = new TreeSet<>();
        special.forEach(id -> specials.add(tokens.get(id)));
        if (specials.equals(Set.of(Tokenizer.END_OF_TEXT))) {
            for (Tokenizer simple : List.of(new ByteTokenizer(), ofCharacters().orElseGet(ByteTokenizer::new))) {
                BytePairForm form = of(simple);
                if (form.tokens.equals(tokens) && form.merges.equals(merges)) {
                    return simple;
                }
            }
        }
        return new BytePairTokenizer(BytePairVocabulary.of(tokens, merges, specials, endOfTextToken()));
    }

    /** The tokenizer with these tokens as characters, if each but the end of text is one. */
    private Optional<Tokenizer> ofCharacters() {
        List<String> vocabulary = new ArrayList<>(tokens.size());
        for (int id = 0; id < tokens.size(); id++) {
            byte[] bytes = ByteAlphabet.bytes(tokens.get(id));
            if (id != endOfText && (bytes == null || bytes.length > 4)) {
                return Optional.empty();
            }
            vocabulary.add(id == endOfText ? Tokenizer.END_OF_TEXT : new String(bytes, StandardCharsets.UTF_8));
        }
        try {
            return Optional.of(CharacterTokenizer.of(vocabulary));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /**
     * The same with another number of tokens, for a model that has a row for more or fewer: tokens that nobody writes are
     * added behind, or special tokens at the end left out.
     *
     * @throws IllegalArgumentException if a token that would be left out is not special or ends a text
     */
    public BytePairForm resized(int size) {
        List<String> resized = new ArrayList<>(tokens.subList(0, Math.min(size, tokens.size())));
        SortedSet<Integer> specials = new TreeSet<>(special.headSet(size));
        for (int id = size; id < tokens.size(); id++) {
            if (id == endOfText || !special.contains(id)) {
                throw new IllegalArgumentException("token " + id + " is " + Printable.quote(tokens.get(id))
                        + ", beyond the " + size + " there are");
            }
        }
        Set<String> known = new HashSet<>(resized);
        for (int id = resized.size(); id < size; id++) {
            String unused = "<|unused_" + id + "|>";
            if (!known.add(unused)) {
                throw new IllegalArgumentException("the vocabulary has a token " + unused + " already");
            }
            resized.add(unused);
            specials.add(id);
        }
        return new BytePairForm(resized, merges, specials, endOfText, Optional.empty());
    }

    /** Whether both parts and the result of every merge are tokens, as Hugging Face's tokenizers want it. */
    public boolean isClosed() {
        Set<String> known = new HashSet<>(tokens);
        return merges.stream().allMatch(merge -> {
            int space = merge.indexOf(' ');
            String left = merge.substring(0, space);
            String right = merge.substring(space + 1);
            return known.contains(left) && known.contains(right) && known.contains(left + right);
        });
    }

    /** The end of text as it is written in a text, usually {@value Tokenizer#END_OF_TEXT}. */
    public String endOfTextToken() {
        return tokens.get(endOfText);
    }
}
