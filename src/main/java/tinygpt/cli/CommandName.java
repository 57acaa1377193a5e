package tinygpt.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What to type to run this program again: commands that are suggested shall work where they are read. */
final class CommandName {
    /** What the launcher was called as, set by the launcher. */
    private static final String PROPERTY = "tinygpt.command";

    private static final String CONTINUED = " \\";
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

    /**
     * An example of a help, on as many lines as it needs to be no wider than this: a shell that is given them reads one
     * command. Other lines stay as they are.
     */
    static List<String> folded(String line, int columns) {
        List<String> lines = new ArrayList<>();
        String rest = line;
        while (rest.startsWith("  ") && rest.length() > columns) {
            int cut = lastGap(rest, columns - CONTINUED.length());
            if (cut < 0) {
                break;
            }
            lines.add(rest.substring(0, cut) + CONTINUED);
            rest = "      " + rest.substring(cut + 1);
        }
        lines.add(rest);
        return lines;
    }

    /** The last space between two words, before an option if there is one, and not in quotes; -1 if there is none. */
    private static int lastGap(String line, int before) {
        int start = line.length() - line.stripLeading().length();
        int gap = -1;
        int option = -1;
        boolean quoted = false;
        for (int i = start; i <= before && i < line.length(); i++) {
            quoted ^= line.charAt(i) == '\'' || line.charAt(i) == '"';
            if (line.charAt(i) == ' ' && !quoted) {
                gap = i;
                option = line.startsWith(" --", i) ? i : option;
            }
        }
        return option >= 0 ? option : gap;
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
