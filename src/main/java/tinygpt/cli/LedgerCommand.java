package tinygpt.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tinygpt.runs.Ledger;
import tinygpt.runs.LedgerReport;
import tinygpt.runs.RunFolders;

/** Shows and verifies the ledger of a run. Reads bytes and hashes them: no model, no ND4J. */
@Command(
        name = "ledger",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        abbreviateSynopsis = true,
        description = {
            "Shows that the hyperparameters of a run stayed fixed while its parameters were learned, and finds what was"
                    + " edited since: the config, a checkpoint, a line of the ledger.",
            "",
            "Every checkpoint has a line with the SHA-256 of the config and of each tensor, chained to the line before."
                    + " All of them are computed again from the files.",
            "",
            "The learning rate in use moves; its schedule is the hyperparameter, and is in the config's hash.",
            "Output folder, intervals and number of threads are no hyperparameters, and are not in the hash.",
            "Going on with another config is allowed; it shows as a new hash with the keys that differ.",
            "Nothing is signed: whoever rewrites all lines and files is only found out by the last line's hash, if it"
                    + " was noted elsewhere."
        },
        footer = {
            "",
            "Exit codes: 0 nothing was edited, 1 something was, 3 there is no readable ledger.",
            "",
            "Examples:",
            "  tinygpt ledger",
            "  tinygpt ledger runs/mine --tensors",
            "  tinygpt ledger runs/mine --format json"
        })
final class LedgerCommand implements Callable<Integer> {
    enum Format {
        table,
        json
    }

    private final Output output;

    @Parameters(arity = "0..1", paramLabel = "RUN", description = "The folder of the run; the latest one unless given.")
    private Path run;

    @Option(names = "--tensors", description = "For each tensor, how often it changed, and its first and last hash.")
    private boolean tensors;

    @Option(names = "--format", paramLabel = "table|json", defaultValue = "table", description = "table unless given.")
    private Format format;

    private LedgerCommand(Output output) {
        this.output = output;
    }

    static CommandLine create(Output output) {
        return new CommandLine(new LedgerCommand(output));
    }

    @Override
    public Integer call() throws IOException {
        Path folder = folder();
        LedgerReport report = Ledger.verify(folder);
        switch (format) {
            case table -> new LedgerTable(folder, report, output.glyphs()).print(output.out(), tensors);
            case json -> output.out().print(Json.pretty(LedgerData.json(folder, report, tensors)) + "\n");
        }
        return report.sound() ? Exit.OK : Exit.FAILURE;
    }

    private Path folder() throws IOException {
        if (run != null) {
            return RunFolders.named(run);
        }
        return RunFolders.latest()
                .orElseThrow(() -> new CommandFailure(
                        Exit.BAD_DATA,
                        "there is no latest run in this folder; train a model first with '" + CommandName.get()
                                + " train'," + " or give the folder of a run"));
    }
}
