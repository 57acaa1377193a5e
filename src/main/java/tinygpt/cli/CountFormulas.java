package tinygpt.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.LinkedHashMap;
import java.util.Map;

/** How many parameters of each kind a GPT-2 with biases has, by arithmetic alone: what the registry is held against. */
final class CountFormulas {
    private CountFormulas() {}

    /**
     * The counts by label of the kind, without output: V·C, T·C, L·(4C² + 4C), L·(2C·F + F + C), L·4C + 2C, and V·C for a
     * head of its own.
     *
     * @param model the shape as {@code params --format json} prints it
     */
    static Map<String, Long> of(JsonNode model) {
        long layers = model.path("layers").asLong();
        long width = model.path("width").asLong();
        long inner = model.path("feed_forward_width").asLong();
        long vocabulary = model.path("vocabulary_size").asLong();
        Map<String, Long> counts = new LinkedHashMap<>();
        counts.put("embedding", vocabulary * width);
        counts.put("positional", model.path("context_length").asLong() * width);
        counts.put("attention", layers * (4 * width * width + 4 * width));
        counts.put("feed-forward", layers * (2 * width * inner + inner + width));
        counts.put("normalization", layers * 4 * width + 2 * width);
        counts.put("output", model.path("tied_head").asBoolean() ? 0 : vocabulary * width);
        return counts;
    }

    /** All of them together. */
    static long total(JsonNode model) {
        return of(model).values().stream().mapToLong(Long::longValue).sum();
    }
}
