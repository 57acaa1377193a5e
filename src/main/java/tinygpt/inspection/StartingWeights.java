package tinygpt.inspection;

import java.nio.file.Files;
import java.nio.file.Path;
import tinygpt.formats.BadFileException;
import tinygpt.parameters.Initializer;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.runs.Checkpoint;
import tinygpt.runs.CheckpointHeader;
import tinygpt.runs.ModelSource;
import tinygpt.runs.RunFolder;

/** The weights that a model had before its first training step. */
public final class StartingWeights {
    private StartingWeights() {}

    /**
     * Reads them from the checkpoint of step 0, or, where that is gone, computes them from the seed, which gives the same.
     *
     * @param model a run or a checkpoint
     * @param header what its checkpoint says
     * @return a registry with memory, to be closed
     * @throws BadFileException if a fine-tuned run has no checkpoint of step 0: its start is no function of the seed
     */
    public static ParameterRegistry read(Path model, CheckpointHeader header) {
        Path first = first(model);
        ParameterRegistry registry =
                ParameterRegistry.of(header.hyperparameters()).allocate();
        try {
            if (Files.isRegularFile(first)) {
                Checkpoint.readWeights(first, registry);
            } else if (header.baseModel().isPresent()) {
                throw new BadFileException(
                        first,
                        "is missing; the run was fine-tuned from "
                                + BadFileException.quote(header.baseModel().get())
                                + ", so only its checkpoint of step 0 tells how it started");
            } else {
                Initializer.initialize(registry, header.hyperparameters().seed());
            }
            return registry;
        } catch (RuntimeException | Error e) {
            registry.close();
            throw e;
        }
    }

    private static Path first(Path model) {
        if (ModelSource.resolve(model) instanceof ModelSource.CheckpointFile given) {
            return given.file()
                    .toAbsolutePath()
                    .resolveSibling(new RunFolder(Path.of("")).checkpoint(0).getFileName());
        }
        return new RunFolder(model).checkpoint(0);
    }
}
