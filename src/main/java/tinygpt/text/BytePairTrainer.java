package tinygpt.text;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;

/**
 * Learns a byte-level BPE vocabulary from a text: the same tokens, ids and merges as {@code BpeTrainer} of Hugging Face's
 * tokenizers (0.23) with the byte alphabet, {@code <|endoftext|>} as its special token and the whole text as one.
 *
 * <p>Ids: the end of text is 0, then the 256 bytes in the order of the characters that spell them, then a token for each
 * merge. The text is cut into words, which are counted. Again and again the pair of neighbours that is most frequent over
 * all words (of several the one with the smallest ids) is merged wherever it occurs. Pairs are counted once: a merge
 * changes only the counts around it, in the words that may have the pair, so a megabyte takes about a second.
 *
 * <p>In one thing it differs: end-of-text literals in the text are borders here, not letters to learn from, because they
 * never become anything but their own token.
 */
public final class BytePairTrainer {
    /** Tokens that every vocabulary has: the bytes and the end of text. */
    public static final int SMALLEST_VOCABULARY = ByteAlphabet.SIZE + 1;
    /** Vocabulary size where none is asked for. */
    public static final int USUAL_VOCABULARY = 1024;

    /** Told how far training has come. */
    @FunctionalInterface
    public interface Progress {
        /** Nobody watches. */
        Progress NONE = (tokens, vocabularySize) -> {};

        /**
         * A token was added.
         *
         * @param tokens number of tokens now
         * @param vocabularySize number of tokens that are asked for
         */
        void learned(int tokens, int vocabularySize);
    }

    /** A pair that may be the next to merge; its count may be out of date. Words may have the pair, others have it not. */
    private record Candidate(long pair, long count, IdBuffer words) implements Comparable<Candidate> {
        @Override
        public int compareTo(Candidate other) {
            return count != other.count ? Long.compare(other.count, count) : Long.compare(pair, other.pair);
        }
    }

    private final int vocabularySize;
    private final long minimumFrequency;
    private final Progress progress;

    private final List<String> tokens = new ArrayList<>();
    private final Map<String, Integer> ids = new HashMap<>();
    private final List<MergeRule> merges = new ArrayList<>();
    private final List<TrainedWord> words = new ArrayList<>();
    private final Map<Long, long[]> counts = new HashMap<>();
    private final PriorityQueue<Candidate> queue = new PriorityQueue<>();

    private BytePairTrainer(int vocabularySize, long minimumFrequency, Progress progress) {
        this.vocabularySize = vocabularySize;
        this.minimumFrequency = minimumFrequency;
        this.progress = progress;
    }

    /**
     * Learns a vocabulary. A short text may give fewer tokens than asked for: it ends when every word is one token, or when
     * no pair is frequent enough.
     *
     * @param utf8 the text; need not be valid UTF-8
     * @param vocabularySize number of tokens, with the bytes and the end of text
     * @param minimumFrequency how often a pair must occur to be merged; Hugging Face's {@code BpeTrainer} has 0
     * @param progress told of every token
     * @throws IllegalArgumentException if there is no room for the bytes and the end of text
     */
    public static BytePairTokenizer train(byte[] utf8, int vocabularySize, long minimumFrequency, Progress progress) {
        if (vocabularySize < SMALLEST_VOCABULARY) {
            throw new IllegalArgumentException("a byte-level BPE vocabulary of " + vocabularySize
                    + " tokens is too small: the 256 bytes and the end of text alone are " + SMALLEST_VOCABULARY);
        }
        BytePairTrainer trainer = new BytePairTrainer(vocabularySize, minimumFrequency, progress);
        trainer.addAlphabet();
        trainer.countWords(utf8);
        trainer.countPairs();
        trainer.mergePairs();
        return new BytePairTokenizer(new BytePairVocabulary(
                trainer.tokens, trainer.merges, Set.of(Tokenizer.END_OF_TEXT), Tokenizer.END_OF_TEXT));
    }

    private void addAlphabet() {
        idOf(Tokenizer.END_OF_TEXT);
        List<Character> alphabet = new ArrayList<>();
        for (int value = 0; value < ByteAlphabet.SIZE; value++) {
            alphabet.add(ByteAlphabet.character(value));
        }
        alphabet.stream().sorted().forEach(character -> idOf(String.valueOf(character)));
    }

    private void countWords(byte[] utf8) {
        SpecialTokens literals = new SpecialTokens(Map.of(Tokenizer.END_OF_TEXT, 0));
        Map<String, long[]> counted = new LinkedHashMap<>();
        for (int at = 0; at < utf8.length; ) {
            int literal = literals.next(utf8, at);
            for (int word = at; word < literal; ) {
                int end = PreTokenizer.next(utf8, word, literal);
                counted.computeIfAbsent(ByteAlphabet.spell(utf8, word, end), key -> new long[1])[0]++;
                word = end;
            }
            at = literal + Tokenizer.END_OF_TEXT.length();
        }
        counted.forEach((spelled, count) -> {
            int[] symbols = new int[spelled.length()];
            for (int i = 0; i < symbols.length; i++) {
                symbols[i] = ids.get(String.valueOf(spelled.charAt(i)));
            }
            words.add(new TrainedWord(symbols, count[0]));
        });
    }

    private void countPairs() {
        Map<Long, IdBuffer> places = new HashMap<>();
        for (int i = 0; i < words.size(); i++) {
            int word = i;
            words.get(i).pairs((pair, change) -> change(pair, change, word, places));
        }
        enqueue(places);
    }

    private void mergePairs() {
        while (tokens.size() < vocabularySize && !queue.isEmpty()) {
            Candidate best = queue.remove();
            long count = counts.get(best.pair)[0];
            if (count != best.count) {
                queue.add(new Candidate(best.pair, count, best.words));
                continue;
            }
            if (count < Math.max(1, minimumFrequency)) {
                break;
            }
            int left = TrainedWord.left(best.pair);
            int right = TrainedWord.right(best.pair);
            int before = tokens.size();
            int merged = idOf(tokens.get(left) + tokens.get(right));
            merges.add(new MergeRule(left, right));
            Map<Long, IdBuffer> places = new HashMap<>();
            for (int i = 0; i < best.words.size(); i++) {
                int word = best.words.get(i);
                words.get(word).merge(left, right, merged, (pair, change) -> change(pair, change, word, places));
            }
            enqueue(places);
            if (tokens.size() > before) {
                progress.learned(tokens.size(), vocabularySize);
            }
        }
    }

    private void change(long pair, long change, int word, Map<Long, IdBuffer> places) {
        counts.computeIfAbsent(pair, key -> new long[1])[0] += change;
        if (change > 0) {
            IdBuffer having = places.computeIfAbsent(pair, key -> new IdBuffer(4));
            if (having.size() == 0 || having.get(having.size() - 1) != word) {
                having.add(word);
            }
        }
    }

    private void enqueue(Map<Long, IdBuffer> places) {
        places.forEach((pair, having) -> {
            long count = counts.get(pair)[0];
            if (count > 0) {
                queue.add(new Candidate(pair, count, having));
            }
        });
    }

    /** The id of a token, which is added if it is new. */
    private int idOf(String token) {
        return ids.computeIfAbsent(token, key -> {
            tokens.add(key);
            return tokens.size() - 1;
        });
    }
}
