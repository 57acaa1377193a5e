package tinygpt.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tinygpt.hyperparameters.CanonicalJson;
import tinygpt.runs.LoadedModel;
import tinygpt.runs.LoraMerge;

/** Makes low-rank adapters part of the model. */
@Command(
        name = "merge",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        abbreviateSynopsis = true,
        description = {
            "Makes low-rank adapters (LoRA) part of the model they were trained on.",
            "",
            "Every adapted weight becomes W + (alpha / rank) A B. The result is a plain checkpoint that computes the same"
                    + " as the model with its adapters, up to rounding, and costs no more than the base."
        },
        footer = {
            "",
            "Examples:",
            "  tinygpt merge runs/tuned --out merged.safetensors",
            "  tinygpt merge runs/base --adapter runs/tuned/adapter --out merged.safetensors"
        })
final class MergeCommand implements Callable<Integer> {
    private final Output output;

    @Parameters(
            paramLabel = "MODEL",
            description = "A run folder or checkpoint: with adapters, or the base of --adapter.")
    private Path model;

    @Option(
            names = "--adapter",
            paramLabel = "DIR",
            description = "A folder with adapters, as PEFT and 'tinygpt train --lora' write them.")
    private Path adapter;

    @Option(names = "--out", paramLabel = "FILE", required = true, description = "The checkpoint to write.")
    private Path out;

    private MergeCommand(Output output) {
        this.output = output;
    }

    static CommandLine create(Output output) {
        return new CommandLine(new MergeCommand(output));
    }

    @Override
    public Integer call() {
        if (Files.exists(out)) {
            throw new CommandFailure(Exit.USAGE, out + " exists already; choose another --out or remove it");
        }
        try (LoadedModel loaded = ModelOption.open(model, output)) {
            report(adapter == null ? LoraMerge.merge(loaded, out) : LoraMerge.merge(loaded, adapter, out));
        }
        return Exit.OK;
    }

    private void report(LoraMerge.Result result) {
        if (!result.baseConfirmed()) {
            output.err()
                    .println("tinygpt: note: " + adapter
                            + " does not say which weights it was trained on; whether it was " + model
                            + " cannot be checked");
        }
        output.out()
                .println(output.glyphs()
                        .text("merged " + result.layers() + " adapter" + (result.layers() == 1 ? "" : "s") + " of rank "
                                + result.adaptation().loraRank() + " (alpha "
                                + CanonicalJson.shortest(result.adaptation().loraAlpha()) + ") into " + out));
        output.out().println("weights sha256  " + result.checkpoint().weightsSha256());
    }
}
