package tinygpt.cli;

import java.io.Console;

/**
 * What is known of the terminal. Java 17 cannot ask about one stream, so the launcher says it; without the launcher the
 * console, which needs stdin and stdout to be a terminal, is the best guess.
 */
final class Terminal {
    private static final int DEFAULT_COLUMNS = 80;

    private Terminal() {}

    /** Whether stderr is a terminal that understands cursor movements. */
    static boolean paintsOnStderr() {
        if ("dumb".equals(System.getenv("TERM")) || System.getenv("CI") != null) {
            return false;
        }
        return is("tinygpt.stderr.terminal");
    }

    /** Whether stdout is a terminal. */
    static boolean stdout() {
        return is("tinygpt.stdout.terminal");
    }

    /** Whether stdin is a terminal, so that nobody has piped a text into it. */
    static boolean stdin() {
        return is("tinygpt.stdin.terminal");
    }

    /** Columns of the terminal, 80 if nobody knows. */
    static int columns() {
        for (String text : new String[] {System.getProperty("tinygpt.columns"), System.getenv("COLUMNS")}) {
            if (text != null && text.matches("[1-9][0-9]{0,3}")) {
                return Integer.parseInt(text);
            }
        }
        return DEFAULT_COLUMNS;
    }

    private static boolean is(String property) {
        String told = System.getProperty(property);
        return told == null ? isTerminal(System.console()) : Boolean.parseBoolean(told);
    }

    /** From JDK 22 on there is a console without a terminal too, which {@code Console.isTerminal()} tells apart. */
    static boolean isTerminal(Console console) {
        if (console == null) {
            return false;
        }
        try {
            return (boolean) Console.class.getMethod("isTerminal").invoke(console);
        } catch (NoSuchMethodException e) {
            return true; // older: a console is a terminal
        } catch (ReflectiveOperationException e) {
            return false;
        }
    }
}
