package tinygpt.cli;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.CharacterCodingException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import tinygpt.formats.StrictJson;
import tinygpt.hyperparameters.InvalidHyperparameterException;
import tinygpt.hyperparameters.Preset;

/** Reads a config file: one JSON object, strictly. Apart from its user, so that Jackson's parser is loaded only for it. */
final class ConfigFile {
    private static final int MOST_BYTES = 1 << 20;

    private ConfigFile() {}

    /**
     * The object in a file.
     *
     * @throws InvalidHyperparameterException if the file does not hold one JSON object, with line and column
     * @throws IOException if the file cannot be read
     */
    static ObjectNode read(String file) throws IOException {
        String text;
        try (InputStream in = Files.newInputStream(Path.of(file))) {
            byte[] bytes = in.readNBytes(MOST_BYTES + 1);
            if (bytes.length > MOST_BYTES) {
                throw new InvalidHyperparameterException(file + ": is larger than 1 MiB, which no config file is");
            }
            text = Encoding.utf8(bytes);
        } catch (CharacterCodingException e) {
            throw new InvalidHyperparameterException(file + ": a config file is UTF-8 text, and this is not");
        } catch (NoSuchFileException e) {
            if (Preset.all().stream().noneMatch(preset -> preset.name().equals(file))) {
                throw e;
            }
            throw new InvalidHyperparameterException(
                    "there is no config file " + file + "; the preset of that name is --preset " + file);
        } catch (FileSystemException e) {
            throw e; // names the file
        } catch (IOException e) {
            throw new IOException(file + ": cannot be read: " + e.getMessage(), e);
        }
        // Two values for one key, or a second document after the first, would silently lose one of them.
        JsonMapper strict = JsonMapper.builder()
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                .build();
        try {
            JsonNode tree = strict.readTree(text);
            if (tree instanceof ObjectNode object) {
                return object;
            }
            throw new InvalidHyperparameterException(file + ": a config file is one JSON object { ... }, and this is "
                    + (tree.isMissingNode() ? "empty" : tree));
        } catch (JsonProcessingException e) {
            JsonLocation at = e.getLocation(); // null where a limit of the parser is passed
            String place = at == null ? "" : ", line " + at.getLineNr() + ", column " + at.getColumnNr();
            throw new InvalidHyperparameterException(file + place + ": not valid JSON: " + StrictJson.complaint(e));
        }
    }
}
