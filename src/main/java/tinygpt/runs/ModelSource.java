package tinygpt.runs;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import tinygpt.formats.BadFileException;
import tinygpt.formats.GgufReader;
import tinygpt.formats.HuggingFaceGpt2;
import tinygpt.formats.SafetensorsReader;

/** What lies at a path that somebody gave as a model. */
public sealed interface ModelSource {
    /**
     * The folder of a run.
     *
     * @param folder the folder
     * @param checkpoint its newest checkpoint
     */
    record Run(RunFolder folder, Path checkpoint) implements ModelSource {}

    /** A checkpoint given by itself, or as {@code RUN@STEP} or {@code RUN@best}. */
    record CheckpointFile(Path file) implements ModelSource {}

    /** A GPT-2 as Hugging Face stores it; see {@link HuggingFaceGpt2}. */
    record HuggingFaceFolder(Path folder) implements ModelSource {}

    /** A GPT-2 as llama.cpp stores it; see {@link tinygpt.formats.GgufGpt2}. */
    record GgufFile(Path file) implements ModelSource {}

    /**
     * Finds out what lies at a path, or at a run folder's path with {@code @STEP} or {@code @best} behind it. A folder that is both a run and a Hugging Face folder counts as a run, which says
     * more.
     *
     * @throws BadFileException if there is nothing, or nothing that is a model
     */
    static ModelSource resolve(Path given) {
        Path path = RunFolders.named(given);
        if (Files.isDirectory(path)) {
            return folder(path);
        }
        if (!Files.exists(path)) {
            return new CheckpointFile(RunFolder.chosen(path)
                    .orElseThrow(() -> new BadFileException(path, "there is no such file or folder")));
        }
        if (GgufReader.isGguf(path)) {
            return new GgufFile(path);
        }
        Map<String, String> metadata;
        try (SafetensorsReader reader = SafetensorsReader.open(path)) {
            metadata = reader.metadata();
        }
        if (!CheckpointMetadata.isCheckpoint(metadata)) {
            Path parent = path.toAbsolutePath().getParent();
            throw new BadFileException(
                    path,
                    "is a safetensors file, but no checkpoint of tinygpt"
                            + (HuggingFaceGpt2.isAt(parent)
                                    ? "; it belongs to a Hugging Face model, so give its folder " + parent
                                    : "; give a checkpoint, a run folder or a Hugging Face folder"));
        }
        return new CheckpointFile(path);
    }

    private static ModelSource folder(Path folder) {
        RunFolder run = new RunFolder(folder);
        List<RunFolder.Saved> saved = run.newestFirst();
        if (!saved.isEmpty()) {
            return new Run(run, saved.get(0).file());
        }
        boolean config = Files.isRegularFile(folder.resolve("config.json"));
        boolean weights = HuggingFaceGpt2.hasWeights(folder);
        if (config && weights) {
            return new HuggingFaceFolder(folder);
        }
        String lacking = config ? "model.safetensors" : weights ? "config.json" : "config.json with model.safetensors";
        boolean pickled = config && Files.isRegularFile(folder.resolve("pytorch_model.bin"));
        throw new BadFileException(
                folder,
                "is neither a run folder, a checkpoint nor a Hugging Face folder: it has no checkpoints and no "
                        + lacking
                        + (pickled
                                ? "; its pytorch_model.bin is Python's own form and is not read: open it with"
                                        + " transformers and save it again, with save_pretrained"
                                : ""));
    }
}
