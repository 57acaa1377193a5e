package tinygpt.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tinygpt.inspection.ModelDifference;
import tinygpt.inspection.WeightFile;

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
            "  tinygpt diff a.safetensors b.safetensors --json"
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

    private DiffCommand(Output output) {
        this.output = output;
    }

    static CommandLine create(Output output) {
        return new CommandLine(new DiffCommand(output));
    }

    @Override
    public Integer call() {
        if (top != null && (top < 1 || all)) {
            throw new CommandFailure(
                    Exit.USAGE,
                    all ? "give --all or --top, not both" : "--top " + top + ": at least one tensor is shown");
        }
        try (WeightFile before = WeightFile.open(a);
                WeightFile after = WeightFile.open(b)) {
            before.notes().forEach(note -> output.err().println("tinygpt: note: " + note));
            after.notes().forEach(note -> output.err().println("tinygpt: note: " + note));
            ModelDifference difference = ModelDifference.between(before, after);
            if (json) {
                output.out().print(Json.pretty(DiffData.json(a, b, difference)) + "\n");
            } else {
                int most = all ? Integer.MAX_VALUE : top == null ? USUALLY : top;
                new DiffTable(difference, output.glyphs()).print(output.out(), output.width(), most, all);
            }
            return difference.same() ? Exit.OK : Exit.FAILURE;
        }
    }
}
