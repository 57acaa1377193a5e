package tinygpt.cli;

import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Option;
import tinygpt.runs.LoadedModel;
import tinygpt.runs.RunFolders;

/** The option that says which model a command works with. */
final class ModelOption {
    @Option(
            names = "--model",
            paramLabel = "PATH",
            description =
                    "A run folder (its newest checkpoint), RUN@STEP, RUN@best, a checkpoint file or a Hugging Face GPT-2"
                            + " folder; the latest run unless given.")
    private Path model;

    /**
     * Where the model is.
     *
     * @throws CommandFailure if none was given and there is no latest run
     */
    Path path() throws IOException {
        return model != null ? RunFolders.named(model) : latestRun();
    }

    /**
     * The run that is meant when none is named.
     *
     * @throws CommandFailure if there is none
     */
    static Path latestRun() throws IOException {
        return RunFolders.latest()
                .orElseThrow(() -> new CommandFailure(
                        Exit.BAD_DATA,
                        "there is no latest run in this folder; train a model first with '" + CommandName.get()
                                + " train'," + " or give one with --model"));
    }

    /** Reads a model and tells the user what had to be put right on the way. */
    static LoadedModel open(Path path, Output output) {
        return noted(LoadedModel.open(path), output);
    }

    /** The same to generate and for nothing else: what a file keeps in 8 bits or fewer is kept in 8 bits. */
    static LoadedModel openToGenerate(Path path, Output output) {
        return noted(LoadedModel.openToGenerate(path), output);
    }

    private static LoadedModel noted(LoadedModel model, Output output) {
        model.notes().forEach(note -> output.err().println("tinygpt: note: " + note));
        return model;
    }
}
