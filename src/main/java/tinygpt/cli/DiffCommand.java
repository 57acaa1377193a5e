package tinygpt.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tinygpt.formats.AtomicFile;
import tinygpt.inspection.ModelDifference;
import tinygpt.inspection.TensorDifference;
import tinygpt.inspection.WeightFile;
import tinygpt.report.DifferenceData;
import tinygpt.report.DifferencePage;

/** Compares the weights of two models, tensor by tensor. Reads files only: no ND4J. */
@Command(
        name = DiffCommand.NAME,
        mixinStandardHelpOptions = true,
        sortOptions = false,
        abbreviateSynopsis = true,
        description = {
            "Compares two models: which hyperparameters differ, how far each tensor has moved, and which are frozen,"
                    + " that is, the same to the bit.",
            "",
            "The optimizer's moments are not compared."
        },
        footer = {
            "",
            "Exit codes, those of diff(1): 0 they are the same, 1 they differ, 2 trouble: wrong usage, or a file cannot be"
                    + " read or written.",
            "",
            "Examples:",
            "  tinygpt diff runs/mine@0 runs/mine",
            "  tinygpt diff runs/base runs/tuned --all",
            "  tinygpt diff a.safetensors b.safetensors --json",
            "  tinygpt diff runs/mine@0 runs/mine --html change.html --open"
        })
final class DiffCommand implements Callable<Integer> {
    static final String NAME = "diff";

    private static final int USUALLY = 20;

    private final Output output;

    @Parameters(
            index = "0",
            paramLabel = "A",
            description =
                    "Before: a run folder, RUN@STEP, RUN@best, a checkpoint, a GGUF file or a Hugging Face folder.")
    private String a;

    @Parameters(index = "1", paramLabel = "B", description = "After, in the same way.")
    private String b;

    @Option(
            names = "--top",
            paramLabel = "N",
            description = "How many tensors to show, the most changed; 20 unless given.")
    private Integer top;

    @Option(names = "--all", description = "Every tensor, in the order of the model.")
    private boolean all;

    @Option(names = "--json", description = "Everything as JSON.")
    private boolean json;

    @Option(
            names = "--html",
            paramLabel = "FILE",
            description =
                    "Also write one HTML file that needs no network: these tables for all tensors, to be sorted, and"
                            + " the weights of those that changed as pictures, in A, in B, and the change.")
    private Path html;

    @Option(names = "--open", description = "Show that page in the browser of this desktop.")
    private boolean open;

    private DiffCommand(Output output) {
        this.output = output;
    }

    static CommandLine create(Output output) {
        return new CommandLine(new DiffCommand(output));
    }

    @Override
    public Integer call() throws IOException {
        if (top != null && (top < 1 || all)) {
            throw new CommandFailure(
                    Exit.USAGE,
                    all ? "give --all or --top, not both" : "--top " + top + ": at least one tensor is shown");
        }
        if (open && html == null) {
            throw new CommandFailure(Exit.USAGE, "--open shows the page; give --html the name of a file for it");
        }
        if (html != null && Files.isDirectory(html)) {
            throw new CommandFailure(Exit.USAGE, html + " is a folder; give --html the name of a file");
        }
        try (WeightFile before = WeightFile.open(a);
                WeightFile after = WeightFile.open(b)) {
            before.notes().forEach(note -> output.err().println("tinygpt: note: " + note));
            after.notes().forEach(note -> output.err().println("tinygpt: note: " + note));
            ModelDifference difference = ModelDifference.between(before, after);
            if (json) {
                output.out().print(Json.pretty(DifferenceData.json(a, b, difference, difference.tensors())) + "\n");
            } else {
                int most = all ? Integer.MAX_VALUE : top == null ? USUALLY : top;
                new DiffTable(difference, output.glyphs()).print(output.out(), output.width(), most, all);
            }
            if (html != null) {
                writePage(before, after, difference);
            }
            return difference.same() ? Exit.OK : Exit.FAILURE;
        }
    }

    private void writePage(WeightFile before, WeightFile after, ModelDifference difference) throws IOException {
        for (WeightFile file : List.of(before, after)) {
            if (Files.exists(html) && Files.isSameFile(html, file.path())) {
                throw new CommandFailure(Exit.USAGE, html + " is one of the two models; give --html another name");
            }
        }
        byte[] page = DifferencePage.html(DifferencePage.state(a, before, b, after, difference, listed(difference)));
        AtomicFile.write(html, page);
        output.err().println(html + "   " + Show.bytes(page.length));
        if (open) {
            Desktop.open(html.toAbsolutePath().normalize().toUri().toString(), output.err());
        }
    }

    /** What the page lists: all in the model's order if that is asked for; else what changed first, and then the rest. */
    private List<TensorDifference> listed(ModelDifference difference) {
        if (all) {
            return difference.tensors();
        }
        List<TensorDifference> listed = new ArrayList<>(difference.mostChangedFirst());
        listed.addAll(difference.in(TensorDifference.State.SAME));
        return top == null ? listed : listed.subList(0, Math.min(top, listed.size()));
    }
}
