package tinygpt.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import tinygpt.formats.BadFileException;

/** A file of token ids: decimal numbers with white space or commas between. */
final class IdFile {
    private static final int LONGEST_QUOTE = 20;

    private IdFile() {}

    /**
     * Its ids.
     *
     * @throws BadFileException if something else is in it, or an id that the vocabulary does not have; names the line
     */
    static int[] read(Path file, int vocabularySize) throws IOException {
        byte[] content = Files.readAllBytes(file);
        int[] ids = new int[64];
        int count = 0;
        int line = 1;
        for (int at = 0; at < content.length; at++) {
            if (separates(content[at])) {
                line += content[at] == '\n' ? 1 : 0;
                continue;
            }
            int end = at;
            while (end < content.length && !separates(content[end])) {
                end++;
            }
            if (count == ids.length) {
                ids = Arrays.copyOf(ids, 2 * count);
            }
            ids[count++] = id(file, line, content, at, end, vocabularySize);
            at = end - 1;
        }
        return Arrays.copyOf(ids, count);
    }

    private static int id(Path file, int line, byte[] content, int from, int to, int vocabularySize) {
        long id = 0;
        for (int i = from; i < to; i++) {
            if (content[i] < '0' || content[i] > '9') {
                throw new BadFileException(
                        file,
                        "line " + Show.count(line) + " holds " + quoted(content, from, to)
                                + ", which is no token id; ids are whole numbers with white space or commas between");
            }
            id = Math.min(Integer.MAX_VALUE, 10 * id + content[i] - '0');
        }
        if (id >= vocabularySize) {
            throw new BadFileException(
                    file,
                    "line " + Show.count(line) + " holds the id " + quoted(content, from, to)
                            + ", but the ids of this model's vocabulary run from 0 to " + (vocabularySize - 1));
        }
        return (int) id;
    }

    private static String quoted(byte[] content, int from, int to) {
        int end = Math.min(to, from + LONGEST_QUOTE);
        return "'" + BadFileException.quote(new String(content, from, end - from, StandardCharsets.UTF_8)) + "'";
    }

    private static boolean separates(byte b) {
        return b == ',' || b == ' ' || b >= '\t' && b <= '\r';
    }
}
