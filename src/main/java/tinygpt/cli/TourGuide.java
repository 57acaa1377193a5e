package tinygpt.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import tinygpt.formats.StrictJson;

/**
 * What a stop of the tour works with: it speaks in 80 columns, runs commands of this program within this process, and counts
 * the claims that hold and that do not.
 */
final class TourGuide {
    /** The run of the preset nano that most stops look at. */
    private static final String MODEL = "model";

    /** Commands whose exit code 1 says what they found. */
    private static final Set<String> COMPARISONS = Set.of("diff", "step", "ledger");

    private static final int WIDTH = 80;
    private static final String ESCAPE = "\u001b";
    private static final String CONTINUED = " \\";
    private static final Pattern COLUMN = Pattern.compile("\\s{2,}");

    /** Gaps that make a line one of a table. */
    private static final int TABLE = 4;

    private static final int MOST_INDENT = 12;

    private final Output output;
    private final TourFolder folder;
    private final int steps;
    private int held;
    private int broken;

    TourGuide(Output output, TourFolder folder, int steps) {
        this.output = output;
        this.folder = folder;
        this.steps = steps;
    }

    Glyphs glyphs() {
        return output.glyphs();
    }

    /** Training steps of the model that most stops look at. */
    int steps() {
        return steps;
    }

    /** Claims that held so far. */
    int held() {
        return held;
    }

    /** Claims that did not. */
    int broken() {
        return broken;
    }

    /** A name in the folder of the tour. */
    Path file(String name) {
        return folder.path().resolve(name);
    }

    /** The trained run of the preset nano; it is trained where it is not there yet. */
    Path model() {
        Path run = file(MODEL);
        if (!Files.exists(run)) {
            say("A model is needed first, so one is trained: " + Show.count(steps)
                    + " steps of the preset nano on the tales that come with the program.");
            train(
                    run,
                    "--steps",
                    Integer.toString(steps),
                    "--eval-every",
                    Integer.toString(Math.max(1, steps / 5)),
                    "--progress",
                    "none");
        }
        return run;
    }

    /** Shows a training of the preset nano, with its report unless it is to be quiet. */
    void train(Path out, String... options) {
        List<String> line = new ArrayList<>(List.of("train", "--preset", "nano"));
        line.addAll(Arrays.asList(options));
        line.addAll(List.of("--no-latest", "--out", out.toString()));
        show(line.toArray(String[]::new));
    }

    /** A paragraph. */
    void say(String text) {
        paragraph("", text);
        output.out().println();
    }

    /** Lines that a stop has computed itself. */
    void figure(TextTable table) {
        output.out().print(table.text("  "));
        output.out().println();
        output.out().flush();
    }

    /** What was claimed, line by line. */
    void claim(List<Claim> claims) {
        for (Claim claim : claims) {
            paragraph(claim.holds() ? "  holds  " : "  FAILS  ", claim.text());
            held += claim.holds() ? 1 : 0;
            broken += claim.holds() ? 0 : 1;
        }
        output.out().println();
    }

    /** Shows a command line, runs it, and shows what it prints. */
    void show(String... args) {
        command(args);
        String printed = run(args).replaceFirst("^\\R+", "").stripTrailing();
        if (!printed.isEmpty()) {
            printed.lines().flatMap(this::fitted).forEach(output.out()::println);
            output.out().println();
        }
        output.out().flush();
    }

    /** Shows a command line only. */
    void command(String... args) {
        List<String> words = new ArrayList<>(List.of(CommandName.get()));
        for (String arg : args) {
            String word = CommandName.quoted(arg);
            String before = words.get(words.size() - 1);
            // An option and its value stay on one line.
            if (before.startsWith("--") && !before.contains(" ") && !word.startsWith("--")) {
                words.set(words.size() - 1, before + " " + word);
            } else {
                words.add(word);
            }
        }
        StringBuilder line = new StringBuilder("$");
        for (String word : words) {
            if (line.length() + 1 + word.length() > WIDTH - CONTINUED.length()) {
                output.out().println(line + CONTINUED);
                line = new StringBuilder("   ");
            }
            line.append(' ').append(word);
        }
        output.out().println(line);
        output.out().println();
        output.out().flush();
    }

    /** Runs a command and reads the JSON that it prints. */
    JsonNode json(String... args) {
        return StrictJson.tree(Path.of(args[0]), "its output", run(args));
    }

    /**
     * Runs a command and returns what it prints.
     *
     * @throws CommandFailure if the command fails; that a comparison finds a difference is no failure
     */
    String run(String... args) {
        StringWriter printed = new StringWriter();
        Charset charset = Charset.forName(output.glyphs().charset());
        folder.busy(args[0].equals("train"));
        int code = Main.run(new PrintWriter(printed), output.err(), charset, width(), args);
        folder.busy(false);
        boolean compared = code == Exit.FAILURE
                && COMPARISONS.contains(args[0])
                && printed.getBuffer().length() > 0;
        if (code == Exit.INTERRUPTED) {
            throw new CommandFailure(
                    code,
                    "the tour was interrupted"
                            + (folder.kept()
                                    ? ""
                                    : "; its folder is removed now, and with it the run above: --keep DIR keeps it"));
        }
        if (code != Exit.OK && !compared) {
            String command = Arrays.stream(args).map(CommandName::quoted).collect(Collectors.joining(" "));
            throw new CommandFailure(
                    Exit.FAILURE,
                    "the tour ends here: '" + CommandName.get() + " " + command + "' ended with exit code " + code);
        }
        return printed.toString();
    }

    private static int width() {
        return Math.max(WIDTH, Terminal.stdout() ? Terminal.columns() : WIDTH);
    }

    private void paragraph(String label, String text) {
        List<String> words = Arrays.asList(output.glyphs().text(text).split(" "));
        Text.wrap(label, words, " ").forEach(output.out()::println);
    }

    /**
     * A line as wide as the terminal at most: one of a table is cut, since its next line belongs below it, and one of text
     * goes on in a new line. Colours are left alone.
     */
    private Stream<String> fitted(String line) {
        int width = width();
        if (line.contains(ESCAPE) || Columns.of(line) <= width) {
            return Stream.of(line);
        }
        if (COLUMN.matcher(line.strip()).results().count() >= TABLE) {
            String cut = output.glyphs().text("…");
            return Stream.of(Columns.first(line, width - cut.length()).stripTrailing() + cut);
        }
        String first = Columns.first(line, width);
        int space = first.lastIndexOf(' ');
        int end = space > width / 2 ? space : first.length();
        String indent = " "
                .repeat(Math.min(
                        MOST_INDENT, line.length() - line.stripLeading().length() + 4));
        String rest = line.substring(end).stripLeading();
        return Stream.concat(Stream.of(line.substring(0, end)), rest.isEmpty() ? Stream.of() : fitted(indent + rest));
    }
}
