package tinygpt.search;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.runs.RunFolder;

/**
 * One point of the search space.
 *
 * @param index its number, counted from 0
 * @param values what it has for each searched name, in the order of the space
 * @param hyperparameters all of them
 */
public record Trial(int index, Map<String, JsonNode> values, Hyperparameters hyperparameters) {
    public Trial {
        values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
    }

    /** Three digits at least: {@code 007}. */
    public String name() {
        return name(index);
    }

    private static String name(int index) {
        return String.format(Locale.ROOT, "%03d", index);
    }

    /** {@code learning-rate=0.001 layers=2}. */
    public String label() {
        return label(values);
    }

    static String label(Map<String, JsonNode> values) {
        return values.entrySet().stream()
                .map(entry -> entry.getKey() + "=" + Axis.text(entry.getValue()))
                .collect(Collectors.joining(" "));
    }

    /** The run of this trial in the folder of a search. */
    public RunFolder folder(Path search) {
        return new RunFolder(search.resolve(path(index)));
    }

    /** Where the run of a trial is in the folder of a search: {@code trials/007}. */
    static Path path(int index) {
        return Path.of("trials").resolve(name(index));
    }

    public int steps() {
        return hyperparameters.optimization().steps();
    }

    /** Tokens that a step trains on. */
    public long tokensPerStep() {
        return hyperparameters.tokensPerStep();
    }
}
