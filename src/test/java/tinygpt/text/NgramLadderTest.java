package tinygpt.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class NgramLadderTest {
    /** Training a a b a, validation b a c b: c was never trained on. */
    private static final Corpus CORPUS = Corpus.of(CharacterTokenizer.of("abc"), "aababacb", 0.5);

    @Test
    void losses_followTheFormulas() {
        NgramLadder ladder = NgramLadder.of(CORPUS);
        assertEquals(3, ladder.vocabulary());
        assertEquals(3, ladder.targets());
        assertEquals(Math.log(3), ladder.uniform(), 1e-15);
        // Targets a, c, b; counts a 3, b 1, c 0 of 4, each plus one of 7.
        assertEquals(-(Math.log(4 / 7.0) + Math.log(1 / 7.0) + Math.log(2 / 7.0)) / 3, ladder.unigram(), 1e-15);
        // Pairs ba 1 of 1, ac 0 of 2 (the last a has no successor), cb 0 of 0, each plus one of plus three.
        assertEquals(-(Math.log(2 / 4.0) + Math.log(1 / 5.0) + Math.log(1 / 3.0)) / 3, ladder.bigram(), 1e-15);
    }

    @Test
    void largerVocabulary_smoothsMore() {
        NgramLadder ladder = NgramLadder.of(CORPUS, 4);
        assertEquals(Math.log(4), ladder.uniform(), 1e-15);
        assertEquals(-(Math.log(4 / 8.0) + Math.log(1 / 8.0) + Math.log(2 / 8.0)) / 3, ladder.unigram(), 1e-15);
        assertEquals(-(Math.log(2 / 5.0) + Math.log(1 / 6.0) + Math.log(1 / 4.0)) / 3, ladder.bigram(), 1e-15);
    }

    @Test
    void vocabularyBelowDistinctTokens_isRefused() {
        assertEquals(
                "a vocabulary of 2 is too small for a corpus with 3 distinct tokens",
                assertThrows(IllegalArgumentException.class, () -> NgramLadder.of(CORPUS, 2))
                        .getMessage());
    }

    @Test
    void validationWithoutTargets_isRefused() {
        Corpus corpus = Corpus.of(CharacterTokenizer.of("a"), "aaaaaaaaaa", 0.1);
        assertThrows(IllegalArgumentException.class, () -> NgramLadder.of(corpus));
    }

    @Test
    void emptyTraining_isTheUniformModel() {
        NgramLadder ladder = NgramLadder.of(Corpus.of(new ByteTokenizer(), "abc", 0.9));
        assertEquals(Math.log(3), ladder.unigram(), 1e-15);
        assertEquals(Math.log(3), ladder.bigram(), 1e-15);
    }
}
