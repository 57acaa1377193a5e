package tinygpt.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tinygpt.formats.AtomicFile;
import tinygpt.formats.BadFileException;
import tinygpt.report.ReportMarkdown;
import tinygpt.report.ReportPage;
import tinygpt.report.RunState;
import tinygpt.runs.RunActivity;
import tinygpt.runs.RunFolders;

/** Writes the report of a run. Reads files only: no model, no ND4J. */
@Command(
        name = "report",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        abbreviateSynopsis = true,
        description = {
            "Writes one HTML file that shows a run: what was set and what was learned, the loss, the health of every"
                    + " tensor, histograms, the weights themselves, attention and the token embedding, under one slider"
                    + " that goes through the steps.",
            "",
            "The file needs no network and no server, and can be sent to anybody. It holds texts that the model wrote and"
                    + " the prompt, but not the training text. A run that was stopped, has diverged or still goes on has a"
                    + " report too."
        },
        footer = {
            "",
            "Exit codes: 0 written, 3 there is no run, or one of its files is damaged.",
            "",
            "Examples:",
            "  tinygpt report",
            "  tinygpt report runs/mine --open",
            "  tinygpt report runs/mine --format md --out notes.md"
        })
final class ReportCommand implements Callable<Integer> {
    enum Format {
        html,
        md
    }

    /** How a change is measured beside a tensor. */
    enum Ratio {
        l2,
        meanabs
    }

    private final Output output;

    @Parameters(arity = "0..1", paramLabel = "RUN", description = "The folder of the run; the latest one unless given.")
    private Path run;

    @Option(
            names = "--out",
            paramLabel = "FILE",
            description = "Where to write it; report.html or report.md in the folder of the run unless given.")
    private Path out;

    @Option(names = "--format", paramLabel = "html|md", defaultValue = "html", description = "html unless given.")
    private Format format;

    @Option(
            names = "--ratio",
            paramLabel = "l2|meanabs",
            description =
                    "Update ratio that the health of tensors shows first: l2, |change|_2 / |weights|_2, unless given;"
                            + " or meanabs, mean |change| / mean |weight|. The page has both.")
    private Ratio ratio;

    @Option(names = "--open", description = "Show it in the browser of this desktop.")
    private boolean open;

    private ReportCommand(Output output) {
        this.output = output;
    }

    static CommandLine create(Output output) {
        return new CommandLine(new ReportCommand(output));
    }

    @Override
    public Integer call() throws IOException {
        Path folder = folder();
        if (!Files.isDirectory(folder)) {
            throw new BadFileException(folder, "is no folder; give the folder of a run, as 'train' writes it");
        }
        ObjectNode state = new RunState(folder).read(RunActivity.goesOn(folder)).put("live", false);
        chooseRatio(state);
        String text = format == Format.html ? ReportPage.html(state) : ReportMarkdown.of(state);
        Path file = out == null ? folder.resolve("report." + format) : out;
        if (Files.isDirectory(file)) {
            throw new CommandFailure(Exit.USAGE, file + " is a folder; give --out the name of a file");
        }
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        AtomicFile.write(file, bytes);
        output.out().print(file + "   " + Show.bytes(bytes.length) + "\n  " + contents(state) + "\n");
        if (open) {
            Desktop.open(file.toAbsolutePath().normalize().toUri().toString(), output.err());
        }
        return Exit.OK;
    }

    private void chooseRatio(ObjectNode state) {
        if (ratio == null) {
            return;
        }
        if (format == Format.md) {
            throw new CommandFailure(Exit.USAGE, "--ratio is for the page's panel; the Markdown has no update ratios");
        }
        if (ratio == Ratio.meanabs
                && state.path("health").path("update_ratio_meanabs").isNull()) {
            output.err()
                    .println("tinygpt: note: this run was trained by a version that did not write down mean |change|;"
                            + " the page shows the ratio of 2-norms");
        }
        state.put("ratio", ratio.name());
    }

    /** What the file holds, in a line. */
    private String contents(JsonNode state) {
        String text = String.join(
                " · ",
                List.of(
                        plural(state.path("run").path("stepsDone").longValue(), "step"),
                        plural(state.path("parameters").path("tensors").longValue(), "tensor"),
                        plural(state.path("ledger").path("lines").size(), "ledger line"),
                        plural(state.path("metrics").path("evaluations").size(), "evaluation"),
                        plural(state.path("samples").size(), "sample"),
                        plural(state.path("snapshots").size(), "snapshot")));
        return output.glyphs().text(text);
    }

    private static String plural(long n, String what) {
        return Show.count(n) + " " + what + (n == 1 ? "" : "s");
    }

    private Path folder() throws IOException {
        return folder(run);
    }

    /** The folder of a run that was given, or of the latest. */
    static Path folder(Path given) throws IOException {
        if (given != null) {
            return RunFolders.named(given);
        }
        return RunFolders.latest()
                .orElseThrow(() -> new CommandFailure(
                        Exit.BAD_DATA,
                        "there is no latest run in this folder; train a model first with '" + CommandName.get()
                                + " train', or give the folder of a run"));
    }
}
