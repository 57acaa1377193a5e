package tinygpt.search;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import tinygpt.formats.BadFileException;
import tinygpt.runs.Checkpoint;
import tinygpt.runs.CheckpointHeader;
import tinygpt.runs.LoadedModel;

/**
 * The model whose weights every trial of a search begins with.
 *
 * @param path where it is; a checkpoint of a run is named with its step, since the run may go on
 * @param weightsSha256 fingerprint of its weights
 * @param extended whether characters of the text that it has no token for got new ones
 */
public record BaseModel(Path path, String weightsSha256, boolean extended) {
    /** The base model that was read from a path. */
    public static BaseModel of(Path given, LoadedModel model, boolean extended) {
        Path path = given.toAbsolutePath().normalize();
        if (Files.isDirectory(path) && model.checkpoint().isPresent()) {
            long step = model.checkpoint().map(CheckpointHeader::step).orElseThrow();
            path = path.resolveSibling(path.getFileName() + "@" + step);
        }
        return new BaseModel(path, Checkpoint.weightsSha256(model.model().registry()), extended);
    }

    /**
     * Reads the model.
     *
     * @throws BadFileException if it is not there, or is another one by now
     */
    public LoadedModel open() {
        LoadedModel model = LoadedModel.open(path);
        if (!Checkpoint.weightsSha256(model.model().registry()).equals(weightsSha256)) {
            model.close();
            throw new BadFileException(
                    path,
                    "is not the model this search was begun with (the SHA-256 of its weights differs); its trials could"
                            + " not be compared");
        }
        return model;
    }

    ObjectNode toJson() {
        return JsonNodeFactory.instance
                .objectNode()
                .put("model", path.toString())
                .put("weights_sha256", weightsSha256)
                .put("extended", extended);
    }

    static BaseModel fromJson(JsonNode json) {
        if (!json.path("model").isTextual() || !json.path("weights_sha256").isTextual()) {
            throw new IllegalArgumentException("what it says of the model to begin with is incomplete");
        }
        return new BaseModel(
                Path.of(json.get("model").textValue()),
                json.get("weights_sha256").textValue(),
                json.path("extended").asBoolean());
    }
}
