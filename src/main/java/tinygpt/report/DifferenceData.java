package tinygpt.report;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Locale;
import tinygpt.inspection.ModelDifference;
import tinygpt.inspection.TensorDifference;
import tinygpt.inspection.TensorDifference.Numbers;
import tinygpt.runs.HyperparameterChange;

/** How two models differ, for programs and for the page. What has no value, or is not finite, is null. */
public final class DifferenceData {
    private DifferenceData() {}

    /**
     * All of it.
     *
     * @param a what A is called
     * @param b what B is called
     * @param tensors those that are listed, in this order
     */
    public static ObjectNode json(String a, String b, ModelDifference difference, List<TensorDifference> tensors) {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.put("a", a).put("b", b).put("same", difference.same());
        root.put("config_sha256_a", difference.configSha256A());
        root.put("config_sha256_b", difference.configSha256B());
        ObjectNode changes = root.putObject("hyperparameters");
        for (HyperparameterChange change : difference.changes()) {
            changes.putObject(change.path()).put("a", change.from()).put("b", change.to());
        }
        ArrayNode list = root.putArray("tensors");
        for (TensorDifference tensor : tensors) {
            ObjectNode node = list.addObject()
                    .put("name", tensor.name())
                    .put("kind", tensor.kind().label())
                    .put("state", tensor.state().name().toLowerCase(Locale.ROOT));
            ArrayNode shapeA = node.putArray("shape_a");
            tensor.shapeA().forEach(shapeA::add);
            ArrayNode shapeB = node.putArray("shape_b");
            tensor.shapeB().forEach(shapeB::add);
            numbers(node, tensor.numbers());
            node.put("sha256_a", tensor.sha256A()).put("sha256_b", tensor.sha256B());
        }
        ObjectNode kinds = root.putObject("by_kind");
        difference.byKind().forEach((kind, sum) -> numbers(kinds.putObject(kind.label()), sum));
        return root;
    }

    /** Adds what a comparison of numbers gave. */
    static void numbers(ObjectNode node, Numbers n) {
        node.put("compared", n.count()).put("changed", n.changed());
        if (n.count() == 0) {
            return;
        }
        number(node, "relative_change", n.relativeChange());
        number(node, "cosine", n.cosine());
        number(node, "largest_change", n.largestChange());
    }

    private static void number(ObjectNode node, String key, double value) {
        if (Double.isFinite(value)) {
            node.put(key, value);
        } else {
            node.putNull(key);
        }
    }
}
