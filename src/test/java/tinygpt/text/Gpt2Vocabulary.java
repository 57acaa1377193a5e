package tinygpt.text;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * GPT-2's vocabulary, from the file of ranks that jtokkit carries. The file has no merges. The rule that made a token is
 * found by merging its bytes with the ranks below its own, in the plainest way: two tokens are left.
 */
final class Gpt2Vocabulary {
    private static BytePairVocabulary loaded;

    private Gpt2Vocabulary() {}

    static synchronized BytePairVocabulary get() throws IOException {
        if (loaded == null) {
            loaded = read();
        }
        return loaded;
    }

    private static BytePairVocabulary read() throws IOException {
        List<String> tokens = new ArrayList<>();
        Map<String, Integer> ranks = new HashMap<>();
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(
                Gpt2Vocabulary.class.getResourceAsStream("/com/knuddels/jtokkit/r50k_base.tiktoken"),
                StandardCharsets.US_ASCII))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                String[] parts = line.split(" ");
                byte[] bytes = Base64.getDecoder().decode(parts[0]);
                ranks.put(ByteAlphabet.spell(bytes, 0, bytes.length), Integer.parseInt(parts[1]));
                tokens.add(ByteAlphabet.spell(bytes, 0, bytes.length));
            }
        }
        tokens.sort(Comparator.comparing(ranks::get));
        List<String> merges = new ArrayList<>();
        for (String token : tokens) {
            if (token.length() > 1) {
                List<String> parts = merged(token, ranks, ranks.get(token));
                if (parts.size() != 2) {
                    throw new IllegalStateException(token + " is made of " + parts);
                }
                merges.add(String.join(" ", parts));
            }
        }
        tokens.add(Tokenizer.END_OF_TEXT);
        return BytePairVocabulary.of(tokens, merges, Set.of(Tokenizer.END_OF_TEXT), Tokenizer.END_OF_TEXT);
    }

    private static List<String> merged(String token, Map<String, Integer> ranks, int below) {
        List<String> parts = new ArrayList<>(Arrays.asList(token.split("")));
        while (true) {
            int best = below;
            int at = -1;
            for (int i = 0; i + 1 < parts.size(); i++) {
                int rank = ranks.getOrDefault(parts.get(i) + parts.get(i + 1), Integer.MAX_VALUE);
                if (rank < best) {
                    best = rank;
                    at = i;
                }
            }
            if (at < 0) {
                return parts;
            }
            parts.set(at, parts.get(at) + parts.remove(at + 1));
        }
    }
}
