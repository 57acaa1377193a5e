package tinygpt.cli;

import java.io.IOException;
import java.nio.file.Path;
import tinygpt.parameters.ParameterRegistry;

/** Reads which parameters a model on disk has, without their numbers. */
interface ShapeReader {
    /**
     * The registry of a model, shapes only.
     *
     * @throws IOException if it cannot be read
     */
    ParameterRegistry read(Path model) throws IOException;
}
