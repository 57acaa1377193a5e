package tinygpt.formats;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** A file that cannot be used. The message names the file and says what is wrong, why, and what to do. */
public final class BadFileException extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private static final int LONGEST_NAME = 120;
    private static final int LONGEST_SENTENCE = 1000;

    public BadFileException(Path file, String problem) {
        super(file + ": " + problem);
    }

    public BadFileException(Path file, String problem, Throwable cause) {
        super(file + ": " + problem, cause);
    }

    /** A name or value from a file, fit for a message: short, and without control characters that steer a terminal. */
    public static String quote(String name) {
        return printable(name, LONGEST_NAME);
    }

    /** A sentence that may hold text from a file, fit for a message in the same way. */
    public static String quoteSentence(String sentence) {
        return printable(sentence, LONGEST_SENTENCE);
    }

    /** Why a file could not be read or written, in words and without its name. */
    public static String reason(IOException e) {
        if (e instanceof NoSuchFileException) {
            return "its folder does not exist";
        }
        if (e instanceof AccessDeniedException) {
            return "this user must not write there";
        }
        if (e instanceof FileSystemException system && system.getReason() != null) {
            return system.getReason();
        }
        return e.getMessage() == null ? e.toString() : e.getMessage();
    }

    private static String printable(String text, int longest) {
        StringBuilder out = new StringBuilder();
        int shown = Math.min(text.length(), longest);
        for (int i = 0; i < shown; i++) {
            char c = text.charAt(i);
            boolean harmless =
                    !Character.isISOControl(c) && Character.getType(c) != Character.FORMAT && !Character.isSurrogate(c);
            out.append(harmless ? c : '?');
        }
        return out.append(shown < text.length() ? "..." : "").toString();
    }
}
