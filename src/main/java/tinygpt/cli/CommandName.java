package tinygpt.cli;

import java.nio.file.Path;

/** What to type to run this program again: commands that are suggested shall work where they are read. */
final class CommandName {
    /** What the launcher was called as, set by the launcher. */
    private static final String PROPERTY = "tinygpt.command";

    private static final String PROGRAM = "tinygpt";

    private CommandName() {}

    /** {@code scripts/tinygpt}, {@code java -jar target/tinygpt.jar}, or {@code tinygpt} where nothing is known. */
    static String get() {
        String launcher = System.getProperty(PROPERTY);
        if (launcher != null && !launcher.isBlank()) {
            return quoted(launcher);
        }
        // With -jar, the class path is the jar as it was typed.
        String jar = System.getProperty("java.class.path", "");
        return Path.of(PROGRAM + ".jar").equals(fileName(jar)) ? "java -jar " + quoted(jar) : PROGRAM;
    }

    /** A line of help: where the program is called by its plain name, it is called as it was. */
    static String inExample(String line) {
        return line.replaceAll(
                "(^  |\\| )" + PROGRAM + " ", "$1" + java.util.regex.Matcher.quoteReplacement(get() + " "));
    }

    /** A word for a shell, in quotes where it needs them. */
    static String quoted(String word) {
        return word.matches("[A-Za-z0-9_./:@%+=,-]+") ? word : "'" + word.replace("'", "'\\''") + "'";
    }

    private static Path fileName(String path) {
        try {
            return Path.of(path).getFileName();
        } catch (java.nio.file.InvalidPathException e) {
            return null;
        }
    }
}
