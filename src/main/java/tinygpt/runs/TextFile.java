package tinygpt.runs;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;
import tinygpt.formats.BadFileException;

/** A text that somebody gave to train or evaluate on: any file, so anything may be wrong with it. */
public final class TextFile {
    /** Positions in a text are ints, and a Java array is a little shorter than 2^31. */
    static final long MOST_BYTES = Integer.MAX_VALUE - 8L;

    private TextFile() {}

    /**
     * The content of a file, as bytes: whether it is UTF-8 is for the tokenizer to say.
     *
     * @throws BadFileException if there is no such file, it is a folder, empty, too large, or cannot be read
     */
    public static byte[] read(Path file) {
        if (Files.isDirectory(file)) {
            throw new BadFileException(file, "is a folder; give one text file");
        }
        try {
            long size = Files.size(file);
            if (size > MOST_BYTES) {
                throw new BadFileException(
                        file,
                        String.format(
                                Locale.ROOT,
                                "has %,d bytes, and a text is read whole, up to %,d; give a part of it",
                                size,
                                MOST_BYTES));
            }
            byte[] bytes = Files.readAllBytes(file);
            if (bytes.length == 0) {
                throw new BadFileException(file, "is empty; there is nothing to learn from it");
            }
            return bytes;
        } catch (NoSuchFileException e) {
            throw new BadFileException(file, "there is no such file; give a text file", e);
        } catch (AccessDeniedException e) {
            throw new BadFileException(file, "must not be read by this user; change its permissions", e);
        } catch (IOException e) {
            throw new BadFileException(file, "cannot be read: " + e.getMessage(), e);
        }
    }
}
