package tinygpt.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tinygpt.formats.BadFileException;
import tinygpt.report.RunState;
import tinygpt.runs.RunActivity;

/** Shows a run in a browser. Reads files only: no model, no ND4J. */
@Command(
        name = "serve",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        abbreviateSynopsis = true,
        description = {
            "Shows the report of a run in a browser on this machine, and follows the run if it is still training, in"
                    + " whatever process.",
            "",
            "It only reads: no lock is taken, and the training does not notice. The address is 127.0.0.1; from another"
                    + " machine, forward the port: ssh -L 8080:127.0.0.1:8080 HOST. It ends with Ctrl-C or, on a terminal,"
                    + " with Enter."
        },
        footer = {
            "",
            "Exit codes: 0 shown until it was ended, 1 the port is taken, 3 there is no run, or a file is damaged.",
            "",
            "Examples:",
            "  tinygpt serve",
            "  tinygpt serve runs/mine --port 8080"
        })
final class ServeCommand implements Callable<Integer> {
    private final Output output;

    @Parameters(arity = "0..1", paramLabel = "RUN", description = "The folder of the run; the latest one unless given.")
    private Path run;

    @Option(names = "--port", paramLabel = "N", defaultValue = "0", description = "The port; a free one unless given.")
    private int port;

    @Option(names = "--open", description = "Open the page in the browser of this desktop.")
    private boolean open;

    private ServeCommand(Output output) {
        this.output = output;
    }

    static CommandLine create(Output output) {
        return new CommandLine(new ServeCommand(output));
    }

    @Override
    public Integer call() throws IOException {
        Path folder = ReportCommand.folder(run);
        if (!Files.isDirectory(folder)) {
            throw new BadFileException(folder, "is no folder; give the folder of a run, as 'train' writes it");
        }
        new RunState(folder).read(false); // what cannot be shown is said here, not in the browser
        try (Interruption interruption = Interruption.listen(output.err());
                LiveView view = LiveView.bind(output, port)) {
            view.show(folder, () -> RunActivity.goesOn(folder), open);
            view.stay(interruption);
        }
        return Exit.OK;
    }
}
