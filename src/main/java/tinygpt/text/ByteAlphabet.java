package tinygpt.text;

/**
 * The 256 characters with which files of byte-level BPE spell bytes (GPT-2's {@code bytes_to_unicode}): visible bytes of
 * Latin-1 are themselves, the others, in their order, are the characters from U+0100 on. A space is spelled Ġ.
 */
final class ByteAlphabet {
    static final int SIZE = 256;

    private static final char FIRST_OTHER = 0x100;
    private static final char[] CHARACTERS = new char[SIZE];
    /** Bytes by character, -1 for characters that are not in the alphabet. */
    private static final short[] BYTES = new short[FIRST_OTHER + SIZE];

    static {
        java.util.Arrays.fill(BYTES, (short) -1);
        char other = FIRST_OTHER;
        for (int value = 0; value < SIZE; value++) {
            boolean visible = value >= '!' && value <= '~' || value >= 0xA1 && value <= 0xAC || value >= 0xAE;
            CHARACTERS[value] = visible ? (char) value : other++;
            BYTES[CHARACTERS[value]] = (short) value;
        }
    }

    private ByteAlphabet() {}

    /** The character of a byte, 0 to 255. */
    static char character(int value) {
        return CHARACTERS[value];
    }

    /** Bytes as files spell them. */
    static String spell(byte[] bytes, int from, int to) {
        char[] spelled = new char[to - from];
        for (int i = from; i < to; i++) {
            spelled[i - from] = CHARACTERS[bytes[i] & 0xFF];
        }
        return new String(spelled);
    }

    /** The bytes that are spelled, or null if a character is not in the alphabet. */
    static byte[] bytes(String spelled) {
        byte[] bytes = new byte[spelled.length()];
        for (int i = 0; i < bytes.length; i++) {
            char c = spelled.charAt(i);
            if (c >= BYTES.length || BYTES[c] < 0) {
                return null;
            }
            bytes[i] = (byte) BYTES[c];
        }
        return bytes;
    }
}
