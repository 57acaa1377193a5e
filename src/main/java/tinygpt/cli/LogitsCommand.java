package tinygpt.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tinygpt.model.Activations;
import tinygpt.model.Gpt;
import tinygpt.runs.LoadedModel;
import tinygpt.tensor.Matrix;
import tinygpt.tensor.Workspace;

/** Prints what a model computes for token ids, to compare it with other programs. */
@Command(
        name = "logits",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        abbreviateSynopsis = true,
        description = {
            "Prints the logits that a model gives for the token after some token ids, as JSON.",
            "",
            "All digits of the float32 numbers are there; a number that is not finite is null."
        },
        footer = {"", "Example:", "  tinygpt logits --model gpt2/ --ids 464,3290 --all"})
final class LogitsCommand implements Callable<Integer> {
    private final Output output;

    @Mixin
    private ModelOption model;

    @Option(
            names = "--ids",
            paramLabel = "ID[,ID]",
            required = true,
            converter = IdList.Converter.class,
            description = "The token ids, at most as many as the model's context length.")
    private IdList ids;

    @Option(names = "--all", description = "One list of logits for each id, not only for the last.")
    private boolean all;

    private LogitsCommand(Output output) {
        this.output = output;
    }

    static CommandLine create(Output output) {
        return new CommandLine(new LogitsCommand(output));
    }

    @Override
    public Integer call() throws IOException {
        Path path = model.path();
        Advice.print(output.err());
        try (LoadedModel loaded = ModelOption.open(path, output)) {
            Gpt gpt = loaded.model();
            int[] tokens = ids.within(gpt.shape().vocabularySize());
            if (tokens.length > gpt.shape().contextLength()) {
                throw new CommandFailure(
                        Exit.USAGE,
                        "--ids has " + tokens.length + " ids, more than the "
                                + gpt.shape().contextLength() + " of this model's context");
            }
            try (Activations a = new Activations(gpt, 1, tokens.length, null)) {
                System.arraycopy(tokens, 0, a.tokens(), 0, tokens.length);
                gpt.forward(new Workspace(Gpt.longestRow(gpt.shape())), a);
                print(tokens, a.logits());
            }
            return Exit.OK;
        }
    }

    private void print(int[] tokens, Matrix logits) {
        PrintWriter out = output.out();
        float[] row = new float[logits.columns()];
        out.print("{\"ids\":[" + IdList.text(tokens) + "],\"logits\":" + (all ? "[" : ""));
        for (int i = all ? 0 : tokens.length - 1; i < tokens.length; i++) {
            logits.readRow(i, row, 0);
            out.print(all && i > 0 ? ",\n[" : "[");
            for (int id = 0; id < row.length; id++) {
                out.print(id > 0 ? "," : "");
                out.print(Float.isFinite(row[id]) ? Float.toString(row[id]) : "null");
            }
            out.print(']');
        }
        out.print((all ? "]" : "") + "}\n");
    }
}
