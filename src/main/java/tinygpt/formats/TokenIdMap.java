package tinygpt.formats;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Tokens with their ids, as files have them in any order; in the end every id from 0 on is there once. */
final class TokenIdMap {
    private final Path file;
    private final Map<String, Integer> ids = new HashMap<>();

    TokenIdMap(Path file) {
        this.file = file;
    }

    /**
     * Adds an object of tokens and ids.
     *
     * @throws BadFileException if it is something else
     */
    void addAll(JsonNode object) {
        if (!object.isObject()) {
            throw new BadFileException(file, "its vocabulary must be a JSON object of tokens and their ids");
        }
        for (Map.Entry<String, JsonNode> entry : object.properties()) {
            add(entry.getKey(), entry.getValue());
        }
    }

    /**
     * Adds one token; it may be there already with the same id.
     *
     * @throws BadFileException if it has another id, or none
     */
    void add(String token, JsonNode id) {
        if (!id.isIntegralNumber() || !id.canConvertToInt() || id.intValue() < 0) {
            throw new BadFileException(
                    file,
                    "the id of token \"" + BadFileException.quote(token)
                            + "\" is not an integer from 0 on; the file is damaged");
        }
        Integer before = ids.put(token, id.intValue());
        if (before != null && before != id.intValue()) {
            throw new BadFileException(
                    file,
                    "token \"" + BadFileException.quote(token) + "\" has the ids " + before + " and " + id.intValue());
        }
    }

    /**
     * The tokens in the order of their ids.
     *
     * @throws BadFileException if an id is missing or there twice
     */
    List<String> tokens() {
        String[] tokens = new String[ids.size()];
        ids.forEach((token, id) -> {
            if (id >= tokens.length || tokens[id] != null) {
                throw new BadFileException(
                        file,
                        "has " + tokens.length + " tokens, but their ids do not run from 0 to " + (tokens.length - 1)
                                + ": " + id + (id >= tokens.length ? " is too large" : " is there twice"));
            }
            tokens[id] = token;
        });
        return new ArrayList<>(List.of(tokens));
    }
}
