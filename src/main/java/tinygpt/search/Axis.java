package tinygpt.search;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import tinygpt.hyperparameters.CanonicalJson;
import tinygpt.hyperparameters.HyperparameterKey;

/**
 * One hyperparameter that is searched, with the values it may take.
 *
 * @param name as the flag of {@code train} is called, without its dashes
 * @param spec the values as they were written: {@code 1,2,4}, {@code 0..0.2}, {@code log:1e-4..1e-2}
 * @param keys the hyperparameters that take the value: one, or the three dropout rates
 * @param values what may be drawn
 */
public record Axis(String name, String spec, List<HyperparameterKey> keys, AxisValues values) {
    private static final long FNV_OFFSET = 0xcbf29ce484222325L;
    private static final long FNV_PRIME = 0x100000001b3L;

    public Axis {
        keys = List.copyOf(keys);
    }

    /** The value of trial i: a function of the search's seed, i and this hyperparameter's name, whatever else is searched. */
    JsonNode draw(long seed, long trial) {
        return values.draw(seed, trial, place());
    }

    /** Where this hyperparameter draws: a hash of its name (FNV-1a), so that another one more changes no draw of it. */
    private long place() {
        long hash = FNV_OFFSET;
        for (int i = 0; i < name.length(); i++) {
            hash = (hash ^ name.charAt(i)) * FNV_PRIME;
        }
        return hash;
    }

    /** A value as people write it: texts without quotation marks, numbers in their shortest form. */
    public static String text(JsonNode value) {
        return value.isTextual() ? value.textValue() : CanonicalJson.write(value);
    }

    /** Which edge of what was searched a value lies at, {@code lowest} or {@code highest}; empty if at none. */
    public String edge(JsonNode value) {
        return value.isNumber() ? values.edge(value.doubleValue()) : "";
    }
}
