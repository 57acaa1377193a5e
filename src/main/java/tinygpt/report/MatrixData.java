package tinygpt.report;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/** A tensor as pictures in the data of a page: what does not change, and one frame after the other. */
final class MatrixData {
    private MatrixData() {}

    /**
     * A tensor without frames.
     *
     * @param limit of the colours of values, the same for all frames
     * @param limitRule what that limit is
     * @param rowLabels by row, or null
     */
    static ObjectNode matrix(
            String name,
            String kind,
            MatrixFrame.Blocks blocks,
            double limit,
            String limitRule,
            List<String> rowLabels) {
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        node.put("name", name).put("kind", kind);
        node.put("rows", blocks.rows()).put("columns", blocks.columns());
        node.put("shownRows", blocks.shownRows()).put("shownColumns", blocks.shownColumns());
        node.put("reduction", blocks.toString());
        node.put("limit", (float) limit).put("limitRule", limitRule);
        if (rowLabels != null && rowLabels.size() == blocks.rows() && blocks.tall() == 1) {
            rowLabels.forEach(node.putArray("rowLabels")::add);
        } else {
            node.putNull("rowLabels");
        }
        node.putArray("frames");
        return node;
    }

    /** The limit of colours for some frames; 1 where every number was 0. */
    static double limit(List<TensorSummary> frames) {
        double limit = 0;
        double largest = 0;
        for (TensorSummary summary : frames) {
            if (summary.histogram() != null) {
                limit = Math.max(limit, summary.sizeLimit());
                largest = Math.max(largest, Math.max(Math.abs(summary.min()), Math.abs(summary.max())));
            }
        }
        return limit > 0 ? limit : largest > 0 ? largest : 1;
    }

    /** Adds a picture and four figures of the whole tensor to a frame. */
    static ObjectNode frame(ObjectNode node, MatrixFrame frame, TensorSummary summary) {
        node.put("scale", (float) frame.scale());
        number(node, "min", summary.min());
        number(node, "max", summary.max());
        number(node, "mean", summary.mean());
        number(node, "sd", summary.sd());
        if (frame.extreme() != null) {
            node.put("meanScale", (float) frame.meanScale());
            node.set("extreme8", BinaryArray.i8(frame.extreme()));
        }
        node.set("mean8", BinaryArray.i8(frame.mean()));
        return node;
    }

    private static void number(ObjectNode node, String key, double value) {
        if (Double.isFinite(value)) {
            node.put(key, (float) value);
        } else {
            node.putNull(key);
        }
    }
}
