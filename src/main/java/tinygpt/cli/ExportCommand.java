package tinygpt.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tinygpt.formats.ModelExporter;
import tinygpt.inspection.WeightFile;

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
            "  tinygpt export --format llm-viz --out model.json",
            "  tinygpt export --format llm-viz runs/mine@1000 --out model.json"
        })
final class ExportCommand implements Callable<Integer> {
    private final Output output;

    @Parameters(
            arity = "0..1",
            paramLabel = "[MODEL]",
            hideParamSyntax = true,
            description = "A run folder, RUN@STEP, a checkpoint or a Hugging Face GPT-2 folder; the latest run unless"
                    + " given.")
    private String model;

    @Option(names = "--format", paramLabel = "FORMAT", required = true, description = "One of the formats below.")
    private String format;

    @Option(names = "--out", paramLabel = "FILE", required = true, description = "What to write.")
    private Path out;

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
        ExportFormat chosen = ExportFormat.labelled(format);
        if (Files.exists(out) && !force) {
            throw new CommandFailure(Exit.USAGE, out + " exists already; choose another --out or give --force");
        }
        try (WeightFile file =
                WeightFile.open(model == null ? ModelOption.latestRun().toString() : model)) {
            file.notes().forEach(this::note);
            ModelExporter.Result result = chosen.exporter().write(file.exported(), out);
            result.notes().forEach(this::note);
            output.out()
                    .println("wrote " + out + ", " + Show.counted(result.tensors(), "tensor") + ", "
                            + Show.counted(result.numbers(), "number") + ", " + Show.bytes(Files.size(out)));
            result.next().forEach(output.out()::println);
        }
        return Exit.OK;
    }

    private void note(String note) {
        output.err().println("tinygpt: note: " + note);
    }
}
