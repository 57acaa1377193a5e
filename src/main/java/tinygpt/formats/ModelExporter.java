package tinygpt.formats;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Writes a model in a format of another program. */
public interface ModelExporter {
    /**
     * Writes it, whole or not at all, replacing what is there.
     *
     * @throws IllegalArgumentException if the format cannot hold such a model, saying why and what to do
     * @throws IOException if it cannot be written
     */
    Result write(ExportedModel model, Path out) throws IOException;

    /**
     * What was written.
     *
     * @param tensors how many
     * @param numbers how many in all of them
     * @param next what to do with it, for people, a line each
     * @param notes what is different there from the model here; empty if nothing is
     */
    record Result(int tensors, long numbers, List<String> next, List<String> notes) {
        public Result {
            next = List.copyOf(next);
            notes = List.copyOf(notes);
        }
    }
}
