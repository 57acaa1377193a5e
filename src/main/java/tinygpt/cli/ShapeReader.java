package tinygpt.cli;

import java.io.IOException;
import java.nio.file.Path;
import tinygpt.hyperparameters.ModelShape;

/** Reads the architecture of a model on disk, without its weights. */
interface ShapeReader {
    /**
     * The architecture a checkpoint was made with.
     *
     * @throws IOException if it cannot be read
     */
    ModelShape read(Path model) throws IOException;
}
