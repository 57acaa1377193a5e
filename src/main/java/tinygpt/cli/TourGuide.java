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
import java.util.stream.Collectors;
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
            train(run, "--steps", Integer.toString(steps), "--eval-every", Integer.toString(Math.max(1, steps / 5)));
        }
        return run;
    }

    /** Shows a training of the preset nano, with its report. */
    void train(Path out, String... options) {
        List<String> line = new ArrayList<>(List.of("train", "--preset", "nano"));
        line.addAll(Arrays.asList(options));
        line.addAll(List.of("--progress", "none", "--no-latest", "--out", out.toString()));
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
        run(args).lines().map(TourGuide::fitted).forEach(output.out()::println);
        output.out().println();
        output.out().flush();
    }

    /** Shows a command line only. */
    void command(String... args) {
        List<String> words = new ArrayList<>(List.of(CommandName.get()));
        Arrays.stream(args).map(CommandName::quoted).forEach(words::add);
        List<String> lines = Text.wrap("$ ", words, " ");
        output.out().println(String.join(" \\" + System.lineSeparator(), lines));
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
        int code = Main.run(new PrintWriter(printed), output.err(), charset, args);
        folder.busy(false);
        boolean compared = code == Exit.FAILURE
                && COMPARISONS.contains(args[0])
                && printed.getBuffer().length() > 0;
        if (code != Exit.OK && !compared) {
            String command = Arrays.stream(args).map(CommandName::quoted).collect(Collectors.joining(" "));
            throw new CommandFailure(
                    code == Exit.INTERRUPTED ? code : Exit.FAILURE,
                    "the tour ends here: '" + CommandName.get() + " " + command + "' ended with exit code " + code);
        }
        return printed.toString();
    }

    private void paragraph(String label, String text) {
        List<String> words = Arrays.asList(output.glyphs().text(text).split(" "));
        Text.wrap(label, words, " ").forEach(output.out()::println);
    }

    /** A line of a table is cut where the terminal ends, and a line of text is broken there; colours are left alone. */
    private static String fitted(String line) {
        int width = Math.max(WIDTH, Terminal.stdout() ? Terminal.columns() : WIDTH);
        if (line.contains(ESCAPE) || Columns.of(line) <= width) {
            return line;
        }
        if (line.strip().contains("  ")) {
            return Columns.first(line, width - 3).stripTrailing() + "...";
        }
        StringBuilder broken = new StringBuilder();
        for (String rest = line; !rest.isEmpty(); ) {
            String first = Columns.first(rest, width);
            broken.append(broken.isEmpty() ? "" : System.lineSeparator()).append(first);
            rest = rest.substring(first.length());
        }
        return broken.toString();
    }
}
