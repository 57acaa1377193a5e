package tinygpt.text;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/**
 * Letter, number, white space or something else, for every code point of Unicode 16.0, as Hugging Face's tokenizers 0.23
 * see it. The JDK's own tables are of another version in every JDK (13.0 in 17, 16.0 in 25), and a text must not become
 * other tokens under another JDK.
 */
final class UnicodeClasses {
    static final byte OTHER = 0;
    static final byte LETTER = 1;
    static final byte NUMBER = 2;
    static final byte SPACE = 3;

    private static final byte[] CLASSES = read();

    private UnicodeClasses() {}

    /** The class of a code point; a negative one, which stands for no character, is OTHER. */
    static byte of(int codePoint) {
        return codePoint < 0 ? OTHER : CLASSES[codePoint];
    }

    private static byte[] read() {
        byte[] classes = new byte[Character.MAX_CODE_POINT + 1];
        try (InputStream in = UnicodeClasses.class.getResourceAsStream("unicode-16.txt");
                BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.US_ASCII))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.startsWith("#")) {
                    continue;
                }
                String[] parts = line.split(" ");
                byte kind = switch (parts[0]) {
                    case "L" -> LETTER;
                    case "N" -> NUMBER;
                    case "S" -> SPACE;
                    default -> throw new IllegalStateException("unicode-16.txt: " + line);
                };
                int last = Integer.parseInt(parts[2], 16);
                for (int c = Integer.parseInt(parts[1], 16); c <= last; c++) {
                    classes[c] = kind;
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return classes;
    }
}
