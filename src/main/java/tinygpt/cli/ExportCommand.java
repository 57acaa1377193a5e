package tinygpt.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tinygpt.formats.BadFileException;
import tinygpt.formats.ModelExporter;
import tinygpt.inspection.WeightFile;
import tinygpt.runs.ModelSource;

/** Writes a model in a format of another program. It reads files only, so ND4J is not started. */
@Command(
        name = "export",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        abbreviateSynopsis = true,
        description = "Writes a model in a format that another program reads.",
        footer = {
            "",
            "Examples:",
            "  tinygpt export --format hf mymodel",
            "  tinygpt export --format hf runs/mine@best mymodel",
            "  tinygpt export --format gguf model.gguf",
            "  tinygpt export --format gguf --type q8_0 runs/mine model-q8_0.gguf",
            "  tinygpt export --format llm-viz --out model.json",
            "  tinygpt export --format llm-viz runs/mine@1000 --out model.json"
        })
final class ExportCommand implements Callable<Integer> {
    private final Output output;

    @Parameters(
            arity = "0..2",
            paramLabel = "[MODEL] OUT",
            hideParamSyntax = true,
            description = "What to export (a run folder, RUN@STEP, a checkpoint, a GGUF file or a Hugging Face GPT-2"
                    + " folder; the latest run unless given) and what to write, a file or a folder.")
    private List<String> places = new ArrayList<>();

    @Option(names = "--format", paramLabel = "FORMAT", required = true, description = "One of the formats below.")
    private String format;

    @Option(names = "--out", paramLabel = "OUT", description = "What to write; then only MODEL comes without a name.")
    private Path out;

    @Mixin
    private final GgufOptions gguf = new GgufOptions();

    @Option(names = "--force", description = "Replace it if it exists.")
    private boolean force;

    private ExportCommand(Output output) {
        this.output = output;
    }

    static CommandLine create(Output output) {
        CommandLine line = new CommandLine(new ExportCommand(output));
        CommandSpec spec = line.getCommandSpec();
        spec.usageMessage()
                .footer(concat(
                        Arrays.stream(ExportFormat.values())
                                .map(format -> "  " + format + "   " + format.about())
                                .toArray(String[]::new),
                        spec.usageMessage().footer()));
        return line;
    }

    private static String[] concat(String[] formats, String[] footer) {
        String[] all = new String[2 + formats.length + footer.length];
        all[0] = "";
        all[1] = "Formats:";
        System.arraycopy(formats, 0, all, 2, formats.length);
        System.arraycopy(footer, 0, all, 2 + formats.length, footer.length);
        return all;
    }

    @Override
    public Integer call() throws IOException {
        ModelExporter exporter = ExportFormat.labelled(format).exporter(gguf);
        String model = takePlaces();
        if (Files.exists(out) && !force) {
            throw new CommandFailure(Exit.USAGE, out + " exists already; choose another place or give --force");
        }
        try (WeightFile file =
                WeightFile.open(model == null ? ModelOption.latestRun().toString() : model)) {
            file.notes().forEach(this::note);
            ModelExporter.Result result = exporter.write(file.exported(this::note), out);
            result.notes().forEach(this::note);
            output.out()
                    .println("wrote " + out + ", " + Show.counted(result.tensors(), "tensor") + ", "
                            + Show.counted(result.numbers(), "number") + ", " + Show.bytes(bytes(out)));
            result.next().forEach(output.out()::println);
        }
        return Exit.OK;
    }

    /** Sorts what was given without a name: the place to write is the last, unless it has a name; the model, or null. */
    private String takePlaces() {
        List<String> left = new ArrayList<>(places);
        if (out == null) {
            if (left.isEmpty()) {
                throw new CommandFailure(Exit.USAGE, "there is no place to write to; give a file or a folder");
            }
            out = Path.of(left.remove(left.size() - 1));
            if (left.isEmpty() && isModel(out)) {
                throw new CommandFailure(Exit.USAGE, out + " is a model; say behind it where to write, or use --out");
            }
        }
        if (left.size() > 1) {
            throw new CommandFailure(
                    Exit.USAGE, "--out says where to write, and " + left.get(1) + " too; leave one of them out");
        }
        return left.isEmpty() ? null : left.get(0);
    }

    /** Whether it is a run or a checkpoint, which nobody means to replace by an export. */
    private static boolean isModel(Path path) {
        try {
            ModelSource source = ModelSource.resolve(path);
            return source instanceof ModelSource.Run || source instanceof ModelSource.CheckpointFile;
        } catch (BadFileException e) {
            return false;
        }
    }

    private static long bytes(Path written) throws IOException {
        try (Stream<Path> files = Files.walk(written)) {
            return files.filter(Files::isRegularFile)
                    .mapToLong(file -> file.toFile().length())
                    .sum();
        }
    }

    private void note(String note) {
        output.err().println("tinygpt: note: " + note);
    }
}
