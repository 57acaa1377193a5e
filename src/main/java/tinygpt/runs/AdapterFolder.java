package tinygpt.runs;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import tinygpt.formats.LoraAdapter;
import tinygpt.parameters.ParameterKind;
import tinygpt.parameters.ParameterRegistry;

/** The adapters of a run, saved apart from the model they were trained on: {@code adapter/} in the run folder. */
public final class AdapterFolder {
    /** Its name in a run folder. */
    public static final String NAME = "adapter";

    private AdapterFolder() {}

    /**
     * Saves the adapters of a run, if they are all that training moved. Were the base moved too, they would fit no base
     * that anybody else has.
     *
     * @param baseName what the run was started from, for people
     * @return the folder; empty if there are no adapters, or the base was trained too
     */
    public static Optional<Path> save(Path run, ParameterRegistry registry, String baseName) throws IOException {
        boolean adaptersOnly = registry.trained().stream().allMatch(p -> p.kind() == ParameterKind.ADAPTER);
        if (registry.adapters().isEmpty() || !adaptersOnly) {
            return Optional.empty();
        }
        Path folder = run.resolve(NAME);
        LoraAdapter.write(folder, registry, baseName, Checkpoint.baseSha256(registry));
        return Optional.of(folder);
    }
}
