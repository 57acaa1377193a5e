package tinygpt.text;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** Byte pair encoding learned in the plainest way: count all pairs, merge the most frequent everywhere, count again. */
final class ObviousTrainer {
    static final Pattern GPT2 = Pattern.compile(
            "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
            Pattern.UNICODE_CHARACTER_CLASS);

    private ObviousTrainer() {}

    static List<String> merges(String text, int vocabularySize) {
        List<String> tokens = new ArrayList<>();
        for (int value = 0; value < 256; value++) {
            tokens.add(String.valueOf(ByteAlphabet.character(value)));
        }
        tokens.sort(null);
        tokens.add(0, Tokenizer.END_OF_TEXT);
        List<List<String>> words = new ArrayList<>();
        for (String word : GPT2.matcher(text).results().map(MatchResult::group).toList()) {
            byte[] bytes = word.getBytes(StandardCharsets.UTF_8);
            words.add(new ArrayList<>(
                    Arrays.asList(ByteAlphabet.spell(bytes, 0, bytes.length).split(""))));
        }
        List<String> merges = new ArrayList<>();
        while (tokens.size() < vocabularySize) {
            Map<List<Integer>, Integer> counts =
                    new TreeMap<>((a, b) -> a.get(0).equals(b.get(0)) ? a.get(1) - b.get(1) : a.get(0) - b.get(0));
            for (List<String> word : words) {
                for (int i = 1; i < word.size(); i++) {
                    counts.merge(
                            List.of(tokens.indexOf(word.get(i - 1)), tokens.indexOf(word.get(i))), 1, Integer::sum);
                }
            }
            List<Integer> best = null;
            for (Map.Entry<List<Integer>, Integer> entry : counts.entrySet()) {
                best = best == null || entry.getValue() > counts.get(best) ? entry.getKey() : best;
            }
            if (best == null) {
                break;
            }
            String left = tokens.get(best.get(0));
            String right = tokens.get(best.get(1));
            merges.add(left + " " + right);
            if (!tokens.contains(left + right)) {
                tokens.add(left + right);
            }
            for (List<String> word : words) {
                for (int i = 0; i + 1 < word.size(); i++) {
                    if (word.get(i).equals(left) && word.get(i + 1).equals(right)) {
                        word.set(i, left + word.remove(i + 1));
                    }
                }
            }
        }
        return merges;
    }
}
