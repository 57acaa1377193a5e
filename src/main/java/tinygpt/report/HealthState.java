package tinygpt.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tinygpt.parameters.Parameter;

/**
 * What {@code tensors.jsonl} says: norms of every tensor, tensors x steps. A long run is thinned to its first steps one by
 * one, where most happens, and to evenly spaced ones after that. Lines that are left out are not parsed.
 */
final class HealthState {
    private static final int MOST_COLUMNS = 300;
    private static final int FIRST_COLUMNS = 40;
    private static final String MEAN_RATIO = "update_ratio_meanabs";

    private final Map<String, Integer> rowOfName = new HashMap<>();
    private final List<Long> steps = new ArrayList<>();
    private final List<double[]> weights = new ArrayList<>();
    private final List<double[]> gradients = new ArrayList<>();
    private final List<double[]> ratios = new ArrayList<>();
    private final List<double[]> meanRatios = new ArrayList<>();
    private boolean hasMeanRatios;
    /** For every place in a line of the log the row it belongs to, or -1. */
    private int[] rows = new int[0];

    private HealthState(List<Parameter> parameters) {
        for (Parameter parameter : parameters) {
            rowOfName.put(parameter.name(), rowOfName.size());
        }
    }

    /** The piece of the state; without columns if nothing was written. */
    static ObjectNode read(Path file, List<Parameter> parameters) {
        HealthState state = new HealthState(parameters);
        BitSet wanted = columns(LogLines.count(file) - 1);
        LogLines.read(file, at -> at == 0 || wanted.get((int) at - 1), (at, line) -> state.add(line));
        return state.json();
    }

    /** Which of so many lines are shown. */
    static BitSet columns(long lines) {
        BitSet wanted = new BitSet();
        int n = (int) Math.max(0, lines);
        if (n <= MOST_COLUMNS) {
            wanted.set(0, n);
            return wanted;
        }
        wanted.set(0, FIRST_COLUMNS);
        int rest = MOST_COLUMNS - FIRST_COLUMNS;
        for (int i = 1; i <= rest; i++) {
            wanted.set(FIRST_COLUMNS - 1 + (int) ((long) (n - FIRST_COLUMNS) * i / rest));
        }
        return wanted;
    }

    private void add(JsonNode line) {
        if (line.has("tensors")) {
            JsonNode tensors = line.get("tensors");
            rows = new int[tensors.size()];
            for (int i = 0; i < rows.length; i++) {
                rows[i] = rowOfName.getOrDefault(tensors.get(i).path("name").asText(), -1);
            }
            return;
        }
        steps.add(line.path("step").longValue());
        weights.add(column(line.path("weight")));
        gradients.add(column(line.path("gradient")));
        ratios.add(column(line.path("update_ratio")));
        meanRatios.add(column(line.path(MEAN_RATIO)));
        hasMeanRatios |= line.has(MEAN_RATIO);
    }

    private double[] column(JsonNode values) {
        double[] column = new double[rowOfName.size()];
        Arrays.fill(column, Double.NaN);
        for (int i = 0; i < Math.min(rows.length, values.size()); i++) {
            if (rows[i] >= 0 && values.get(i).isNumber()) {
                column[rows[i]] = values.get(i).doubleValue();
            }
        }
        return column;
    }

    private ObjectNode json() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        ArrayNode at = json.putArray("step");
        steps.forEach(at::add);
        json.set("weight_norm", matrix(weights));
        json.set("grad_norm", matrix(gradients));
        json.set("update_ratio", matrix(ratios));
        json.set(MEAN_RATIO, hasMeanRatios ? matrix(meanRatios) : null); // logs of earlier versions do not have it
        return json;
    }

    private ObjectNode matrix(List<double[]> columns) {
        double[] values = new double[rowOfName.size() * columns.size()];
        for (int row = 0; row < rowOfName.size(); row++) {
            for (int column = 0; column < columns.size(); column++) {
                values[row * columns.size() + column] = columns.get(column)[row];
            }
        }
        return BinaryArray.f32(values);
    }
}
