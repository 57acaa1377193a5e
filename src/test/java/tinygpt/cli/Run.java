package tinygpt.cli;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;

/** What one run of the program gave. */
record Run(int exitCode, String out, String err) {
    static Run of(String... args) {
        return in(StandardCharsets.UTF_8, args);
    }

    static Run in(Charset charset, String... args) {
        return on(charset, Output.UNLIMITED, args);
    }

    /** On a terminal of so many columns. */
    static Run on(int columns, String... args) {
        return on(StandardCharsets.UTF_8, columns, args);
    }

    private static Run on(Charset charset, int columns, String... args) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int exitCode = Main.run(new PrintWriter(out), new PrintWriter(err), charset, columns, args);
        return new Run(exitCode, normal(out), normal(err));
    }

    /** Arguments with more behind them. */
    static String[] with(String[] first, String... more) {
        return Stream.concat(Stream.of(first), Stream.of(more)).toArray(String[]::new);
    }

    List<String> lines() {
        return out.lines().toList();
    }

    private static String normal(StringWriter text) {
        return text.toString().replace(System.lineSeparator(), "\n");
    }
}
