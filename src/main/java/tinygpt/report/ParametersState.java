package tinygpt.report;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import tinygpt.formats.BadFileException;
import tinygpt.inspection.ModelDifference;
import tinygpt.inspection.TensorDifference;
import tinygpt.inspection.WeightFile;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterKind;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.runs.LedgerReport;
import tinygpt.runs.RunFolder;

/** What is learned: the parameters by kind and one by one, and how far training has moved each kind. */
final class ParametersState {
    private ParametersState() {}

    /**
     * How far each kind has moved, |W - W0| / |W0|, from the first checkpoint to the newest; empty if one of them is
     * missing. Reads all weights of both.
     */
    static Map<ParameterKind, Double> moved(RunFolder folder) {
        List<RunFolder.Saved> saved = folder.newestFirst();
        Map<ParameterKind, Double> moved = new EnumMap<>(ParameterKind.class);
        if (saved.size() < 2 || saved.get(saved.size() - 1).step() != 0) {
            return moved;
        }
        Map<ParameterKind, double[]> sums = new EnumMap<>(ParameterKind.class);
        try (WeightFile first = WeightFile.open(saved.get(saved.size() - 1).file());
                WeightFile last = WeightFile.open(folder.path())) {
            for (TensorDifference tensor : ModelDifference.between(first, last).tensors()) {
                double[] sum = sums.computeIfAbsent(tensor.kind(), kind -> new double[2]);
                sum[0] += tensor.numbers().changeSquares();
                sum[1] += tensor.numbers().squaresA();
            }
        } catch (BadFileException e) {
            return moved; // a damaged checkpoint is what the ledger tells about
        }
        sums.forEach((kind, sum) -> {
            if (sum[1] > 0) {
                moved.put(kind, Math.sqrt(sum[0] / sum[1]));
            }
        });
        return moved;
    }

    /** The piece of the state. */
    static ObjectNode json(ParameterRegistry registry, LedgerReport ledger, Map<ParameterKind, Double> moved) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("total", registry.count())
                .put("trainable", registry.trainedCount())
                .put("tensors", registry.owned().size());
        json.put("firstSha256", ledger == null ? null : weights(ledger, 0));
        json.put(
                "lastSha256",
                ledger == null ? null : weights(ledger, ledger.rows().size() - 1));
        ArrayNode kinds = json.putArray("kinds");
        for (ParameterKind kind : ParameterKind.values()) {
            long count = registry.count(kind);
            if (count > 0) {
                ObjectNode one = kinds.addObject()
                        .put("kind", kind.label())
                        .put(
                                "tensors",
                                registry.owned().stream()
                                        .filter(p -> p.kind() == kind)
                                        .count())
                        .put("count", count)
                        .put("share", (double) count / registry.count());
                one.put("moved", moved.get(kind));
            }
        }
        ArrayNode list = json.putArray("list");
        registry.owned().forEach(parameter -> one(list.addObject(), parameter, registry));
        return json;
    }

    private static void one(ObjectNode json, Parameter parameter, ParameterRegistry registry) {
        json.put("name", parameter.name()).put("kind", parameter.kind().label());
        json.put("layer", parameter.layer() == Parameter.NO_LAYER ? null : (Integer) parameter.layer());
        ArrayNode shape = json.putArray("shape");
        for (int size : parameter.shape()) {
            shape.add(size);
        }
        json.put("count", parameter.count())
                .put("initial", parameter.initialLaw().toString())
                .put("decayed", parameter.decayed())
                .put("trainable", parameter.trainable());
        json.put(
                "tied",
                registry.all().stream()
                        .filter(other -> other.tiedTo() == parameter)
                        .map(Parameter::name)
                        .findFirst()
                        .orElse(null));
    }

    private static String weights(LedgerReport ledger, int row) {
        return ledger.rows().get(row).entry().weights().whole();
    }
}
