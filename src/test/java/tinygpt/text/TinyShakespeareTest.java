package tinygpt.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.util.Locale;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import tinygpt.hyperparameters.TokenizerKind;

/** The published figures, on the real text. */
class TinyShakespeareTest {
    private byte[] text;

    @BeforeEach
    void read(TestInfo test) throws IOException {
        text = Files.readAllBytes(SharedFolder.require(test, "data/tinyshakespeare.txt"));
    }

    @Test
    void vocabulary_is65CharactersAndEndOfText() {
        Tokenizer tokenizer = Tokenizer.of(TokenizerKind.CHARACTER, text);
        assertEquals(66, tokenizer.vocabularySize());
        assertEquals("'\\n'", tokenizer.show(0));
        assertEquals("'z'", tokenizer.show(64));
        // The first ids that nanoGPT's preparation of the same text gives: "First Citizen".
        assertArrayEquals(
                new int[] {18, 47, 56, 57, 58, 1, 15, 47, 58, 47, 64, 43, 52}, tokenizer.encode("First Citizen"));
    }

    @Test
    void split_is1003854And111540() {
        Tokenizer tokenizer = Tokenizer.of(TokenizerKind.CHARACTER, text);
        Corpus corpus = Corpus.of(tokenizer, tokenizer.encode(text), 0.1);
        assertEquals(1_003_854, corpus.train().length);
        assertEquals(111_540, corpus.validation().length);
        assertEquals(111_539, corpus.validationCharacters());
        assertEquals(111_539, corpus.validationBytes());
    }

    @Test
    void ladder_isAsPublished() {
        for (TokenizerKind kind : new TokenizerKind[] {TokenizerKind.CHARACTER, TokenizerKind.BYTE
        }) { // the text is ASCII, so bytes are characters
            Tokenizer tokenizer = Tokenizer.of(kind, text);
            NgramLadder ladder = NgramLadder.of(Corpus.of(tokenizer, tokenizer.encode(text), 0.1));
            assertEquals(65, ladder.vocabulary());
            assertEquals("4.1744", loss(ladder.uniform()));
            assertEquals("3.3473", loss(ladder.unigram()));
            assertEquals("2.4819", loss(ladder.bigram()));
        }
    }

    @Test
    void ladderWithReservedEndOfText_differsInTheFourthDecimal() {
        Tokenizer tokenizer = Tokenizer.of(TokenizerKind.CHARACTER, text);
        NgramLadder ladder =
                NgramLadder.of(Corpus.of(tokenizer, tokenizer.encode(text), 0.1), tokenizer.vocabularySize());
        assertEquals("4.1897", loss(ladder.uniform()));
        assertEquals("3.3473", loss(ladder.unigram()));
        assertEquals("2.4820", loss(ladder.bigram()));
    }

    private static String loss(double nats) {
        return String.format(Locale.ROOT, "%.4f", nats);
    }
}
