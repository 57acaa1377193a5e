package tinygpt.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import tinygpt.random.CounterRandom;
import tinygpt.random.Stream;

class StreamingDecoderTest {
    private final ByteTokenizer bytes = new ByteTokenizer();
    private final StreamingDecoder decoder = new StreamingDecoder(bytes);

    @Test
    void wholeCharacters_comeOutAtOnce() {
        StreamingDecoder characters = new StreamingDecoder(CharacterTokenizer.of("a\u4E2D"));
        assertEquals("a", characters.accept(0));
        assertEquals("\u4E2D", characters.accept(1));
        assertEquals("<|endoftext|>", characters.accept(2));
        assertEquals("", characters.flush());
    }

    @Test
    void bytesOfACharacter_areHeldBackUntilItIsWhole() {
        assertEquals("", decoder.accept(0xF0));
        assertEquals("", decoder.accept(0x9F));
        assertEquals("", decoder.accept(0x98));
        assertEquals(Character.toString(0x1F600), decoder.accept(0x80));
        assertEquals("", decoder.flush());
    }

    @Test
    void characterThatBreaksOff_becomesReplacement() {
        assertEquals("", decoder.accept(0xE2));
        assertEquals("", decoder.accept(0x82));
        assertEquals("\uFFFDa", decoder.accept('a'));
        assertEquals("\uFFFD", decoder.accept(0xFF));
    }

    @Test
    void flush_givesReplacementForHalfACharacter_andStartsAnew() {
        decoder.accept(0xE4);
        decoder.accept(0xB8);
        assertEquals("\uFFFD", decoder.flush());
        assertEquals("", decoder.flush());
        assertEquals("b", decoder.accept('b'));
    }

    @Test
    void unknownId_isRefused_andNothingIsLost() {
        decoder.accept(0xC3);
        assertThrows(IllegalArgumentException.class, () -> decoder.accept(300));
        assertEquals("\u00E9", decoder.accept(0xA9));
    }

    /** Bytes that begin, continue, and break all kinds of sequences, over-long and surrogate forms among them. */
    @Test
    void anyBytes_streamedIsTheSameAsAtOnce() {
        int[] pool = {'a', 0x80, 0x82, 0x9F, 0xA0, 0xBF, 0xC0, 0xC3, 0xE0, 0xE2, 0xED, 0xF0, 0xF4, 0xF5, 0xFF, 256};
        for (int text = 0; text < 20_000; text++) {
            int[] ids = new int[8];
            StringBuilder streamed = new StringBuilder();
            for (int i = 0; i < ids.length; i++) {
                ids[i] = pool[(int) CounterRandom.below(pool.length, 1, Stream.SAMPLING, text, i)];
                streamed.append(decoder.accept(ids[i]));
            }
            streamed.append(decoder.flush());
            assertEquals(bytes.decode(ids), streamed.toString());
        }
    }
}
