package tinygpt.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class ByteTokenizerTest {
    private final ByteTokenizer tokenizer = new ByteTokenizer();

    @Test
    void vocabulary_is256BytesAndEndOfText() {
        assertEquals(257, tokenizer.vocabularySize());
        assertEquals(256, tokenizer.endOfText());
    }

    @Test
    void text_becomesItsUtf8Bytes() {
        assertArrayEquals(new int[] {'a', 0xE4, 0xB8, 0xAD, '\n'}, tokenizer.encode("a\u4E2D\n"));
    }

    @Test
    void anyBytes_areTaken() {
        byte[] all = new byte[256];
        int[] expected = new int[256];
        for (int i = 0; i < 256; i++) {
            all[i] = (byte) i;
            expected[i] = i;
        }
        assertArrayEquals(expected, tokenizer.encode(all));
        for (int i = 0; i < 256; i++) {
            assertArrayEquals(new byte[] {(byte) i}, tokenizer.bytes(i));
        }
    }

    @Test
    void endOfTextLiteral_becomesOneId() {
        assertArrayEquals(new int[] {'a', 256, 256, 'b'}, tokenizer.encode("a<|endoftext|><|endoftext|>b"));
        assertEquals("a<|endoftext|>", tokenizer.decode('a', 256));
    }

    @Test
    void beginningOfLiteral_isPlainBytes() {
        String text = "<<|endoftext|<|endoftext|";
        assertEquals(text.length(), tokenizer.encode(text).length);
        assertEquals(text, tokenizer.decode(tokenizer.encode(text)));
    }

    @Test
    void decode_invalidUtf8_becomesReplacementCharacter() {
        assertEquals("a\uFFFDb\uFFFD", tokenizer.decode('a', 0xFF, 'b', 0xE2, 0x82));
    }

    @Test
    void halfSurrogate_isRefusedRatherThanReplaced() {
        IllegalArgumentException thrown =
                assertThrows(IllegalArgumentException.class, () -> tokenizer.encode("ab\uDC00"));
        assertEquals(
                "the text has half a surrogate pair, U+DC00, at index 2: it is no character and has no UTF-8 form;"
                        + " remove it",
                thrown.getMessage());
    }

    @Test
    void show_isAsciiOrHexadecimal() {
        int[] ids = {'e', '\n', '\t', '\r', ' ', '\'', '\\', '~', 0x7F, 0x00, 0xE2, 0xFF, 256};
        String[] expected = {
            "'e'",
            "'\\n'",
            "'\\t'",
            "'\\r'",
            "' '",
            "'\\''",
            "'\\\\'",
            "'~'",
            "0x7F",
            "0x00",
            "0xE2",
            "0xFF",
            "<|endoftext|>"
        };
        assertArrayEquals(expected, Arrays.stream(ids).mapToObj(tokenizer::show).toArray(String[]::new));
    }

    @Test
    void idOutsideVocabulary_isRefused() {
        assertThrows(IllegalArgumentException.class, () -> tokenizer.bytes(257));
        assertThrows(IllegalArgumentException.class, () -> tokenizer.decode(-1));
    }

    @Test
    void bytesOfEndOfText_areACopy() {
        tokenizer.bytes(256)[0] = 'x';
        assertEquals("<|endoftext|>", tokenizer.decode(256));
    }
}
