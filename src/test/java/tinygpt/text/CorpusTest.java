package tinygpt.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class CorpusTest {
    private static final ByteTokenizer BYTES = new ByteTokenizer();

    @Test
    void split_isByPosition_trainingFirst() {
        Tokenizer tokenizer = CharacterTokenizer.of("abcdefghij");
        Corpus corpus = Corpus.of(tokenizer, "abcdefghij", 0.3);
        assertArrayEquals(new int[] {0, 1, 2, 3, 4, 5, 6}, corpus.train());
        assertArrayEquals(new int[] {7, 8, 9}, corpus.validation());
        assertSame(tokenizer, corpus.tokenizer());
    }

    @Test
    void fractionOfOneTenth_isIntOfNTimesNineTenths() {
        for (int n = 0; n < 5000; n++) {
            Corpus corpus = Corpus.of(BYTES, new int[n], 0.1);
            assertEquals((int) (n * 0.9), corpus.train().length);
            assertEquals(n, corpus.train().length + corpus.validation().length);
        }
    }

    @Test
    void tinyShakespeareLength_splitsAsPublished() {
        Corpus corpus = Corpus.of(BYTES, new int[1_115_394], 0.1);
        assertEquals(1_003_854, corpus.train().length);
        assertEquals(111_540, corpus.validation().length);
    }

    @Test
    void fraction_isTakenAsTheDecimalItIsWrittenAs() {
        // In binary, 10 * (1 - 0.9) is 0.9999999999999998 and 100 * (1 - 0.43) is 57.00000000000001.
        assertEquals(1, Corpus.of(BYTES, new int[10], 0.9).train().length);
        assertEquals(57, Corpus.of(BYTES, new int[100], 0.43).train().length);
        assertEquals(29, Corpus.of(BYTES, new int[100], 0.71).train().length);
    }

    @Test
    void fractionOutOfRange_isRefused() {
        for (double fraction : new double[] {0, 1, -0.1, 1.5, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertThrows(IllegalArgumentException.class, () -> Corpus.of(BYTES, new int[10], fraction));
        }
    }

    @Test
    void idsOfAnotherTokenizer_areRefused() {
        assertThrows(IllegalArgumentException.class, () -> Corpus.of(BYTES, new int[] {1, 257}, 0.5));
    }

    @Test
    void givenIds_areCopied() {
        int[] ids = {1, 2};
        Corpus corpus = Corpus.of(BYTES, ids, 0.5);
        ids[0] = 9;
        ids[1] = 9;
        assertEquals(1, corpus.train()[0]);
        assertEquals(2, corpus.validation()[0]);
    }

    @Test
    void contextThatJustFits_isAccepted() {
        Corpus corpus = Corpus.of(BYTES, new int[20], 0.5);
        assertDoesNotThrow(() -> corpus.requireContext(9));
        assertThrows(IllegalArgumentException.class, () -> corpus.requireContext(10));
        assertThrows(IllegalArgumentException.class, () -> corpus.requireContext(Integer.MAX_VALUE));
        assertThrows(IllegalArgumentException.class, () -> corpus.requireContext(0));
    }

    @Test
    void shortSplit_isNamedWithCountsAndRemedy() {
        assertEquals(
                "the validation split has 100 tokens, but a window of context length 1024 needs 1,025 (its inputs and"
                        + " the target of the last one): use a longer text, --context-length of at most 99, or a larger"
                        + " --validation-fraction",
                assertThrows(
                                IllegalArgumentException.class,
                                () -> Corpus.of(BYTES, new int[2000], 0.05).requireContext(1024))
                        .getMessage());
        assertEquals(
                "the training split has 1 tokens, but a window of context length 4 needs 5 (its inputs and the target of"
                        + " the last one): use a longer text, or a smaller --validation-fraction",
                assertThrows(
                                IllegalArgumentException.class,
                                () -> Corpus.of(BYTES, new int[10], 0.9).requireContext(4))
                        .getMessage());
    }

    @Test
    void validationCharactersAndBytes_countTargets_endOfTextAsOne() {
        // Validation: a, e acute, CJK, emoji, end of text, z. The first token is no target.
        String validation = "a\u00E9\u4E2D" + Character.toString(0x1F600) + "<|endoftext|>z";
        Corpus characters = Corpus.of(CharacterTokenizer.of(validation), "aaaaaa" + validation, 0.5);
        assertEquals(6, characters.validation().length);
        assertEquals(5, characters.validationCharacters());
        assertEquals(2 + 3 + 4 + 1 + 1, characters.validationBytes());

        Corpus bytes = Corpus.of(BYTES, "aaaaaaaaaaaa" + validation, 0.5);
        assertEquals(12, bytes.validation().length);
        assertEquals(5, bytes.validationCharacters());
        assertEquals(11, bytes.validationBytes());
    }

    @Test
    void emptyValidation_hasNoCharacters() {
        assertEquals(0, Corpus.of(BYTES, new int[0], 0.5).validationCharacters());
    }

    /** The split is at the same place in the text whatever the vocabulary, but for the token that lies across it. */
    @Test
    void bytePairs_areSplitByCharacters() {
        String text = "the caf\u00E9 <|endoftext|>".repeat(10) + "the end of it";
        byte[] utf8 = text.getBytes(java.nio.charset.StandardCharsets.UTF_8);
        Corpus characters = Corpus.of(CharacterTokenizer.of(text), text, 0.25);
        int bytes = Corpus.trainedBytes(utf8, 0.25);
        String trained = new String(utf8, 0, bytes, java.nio.charset.StandardCharsets.UTF_8);
        assertEquals(characters.tokenizer().decode(characters.train()), trained);
        for (int size : new int[] {257, 260, 264, 300}) {
            BytePairTokenizer pairs = BytePairTrainer.train(utf8, size, 0, BytePairTrainer.Progress.NONE);
            Corpus split = Corpus.of(pairs, text, 0.25);
            String first = pairs.decode(split.train());
            assertEquals(trained, first.substring(0, trained.length()));
            int last = split.train()[split.train().length - 1];
            assertEquals(
                    true, first.length() - trained.length() < pairs.decode(last).length());
            assertEquals(text, first + pairs.decode(split.validation()));
        }
    }
}
