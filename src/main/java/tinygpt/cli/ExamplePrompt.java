package tinygpt.cli;

import java.util.Arrays;
import java.util.Optional;
import tinygpt.text.Corpus;
import tinygpt.text.Tokenizer;

/** A prompt to suggest for a model: the first words of what it was trained on, so that its vocabulary has them. */
final class ExamplePrompt {
    private static final int TOKENS = 200;
    private static final int WORDS = 2;
    private static final int CHARACTERS = 30;

    private ExamplePrompt() {}

    /** The words, or empty where the text begins with nothing that can be typed. */
    static Optional<String> of(Corpus corpus) {
        int[] train = corpus.train();
        String text = corpus.tokenizer().decode(Arrays.copyOf(train, Math.min(TOKENS, train.length)));
        return text.replace(Tokenizer.END_OF_TEXT, "\n")
                .lines()
                .map(ExamplePrompt::firstWords)
                .filter(words -> !words.isEmpty() && words.codePoints().noneMatch(ExamplePrompt::untypable))
                .findFirst();
    }

    private static String firstWords(String line) {
        String[] all = line.strip().split("\\s+");
        String words = String.join(" ", Arrays.copyOf(all, Math.min(WORDS, all.length)));
        int length = words.codePointCount(0, words.length());
        // A language without spaces: the beginning of the line.
        return words.substring(0, words.offsetByCodePoints(0, Math.min(CHARACTERS, length)));
    }

    private static boolean untypable(int codePoint) {
        return codePoint == 0xFFFD // the rest of a character that was cut off
                || switch (Character.getType(codePoint)) {
                    case Character.CONTROL,
                            Character.FORMAT,
                            Character.SURROGATE,
                            Character.PRIVATE_USE,
                            Character.UNASSIGNED -> true;
                    default -> false;
                };
    }
}
