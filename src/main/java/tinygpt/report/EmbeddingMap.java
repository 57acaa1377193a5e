package tinygpt.report;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import tinygpt.report.SnapshotLog.Snapshot;
import tinygpt.report.SnapshotLog.Tokens;

/**
 * The vectors of tokens as points in a plane, at every snapshot. The plane is that of the last one, so that points move and
 * axes do not.
 */
final class EmbeddingMap {
    private static final int LARGEST = Short.MAX_VALUE;

    private EmbeddingMap() {}

    /** The data of the picture, or null if there is no snapshot whose numbers are all finite. */
    static ObjectNode of(SnapshotLog log) {
        List<Snapshot> snapshots =
                log.snapshots().stream().filter(s -> s.embedding() != null).toList();
        if (snapshots.isEmpty()) {
            return null;
        }
        Tokens tokens = log.tokens();
        PrincipalComponents basis =
                new PrincipalComponents(snapshots.get(snapshots.size() - 1).embedding(), tokens.columns());
        List<double[]> points =
                snapshots.stream().map(s -> points(basis, s, tokens)).toList();
        double largest = 0;
        for (double[] frame : points) {
            for (double coordinate : frame) {
                largest = Math.max(largest, Math.abs(coordinate));
            }
        }
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        node.put("tensor", tokens.tensor());
        tokens.labels().forEach(node.putArray("labels")::add);
        tokens.groups().forEach(node.putArray("groups")::add);
        ArrayNode explained = node.putArray("explained");
        for (int k = 0; k < PrincipalComponents.COUNT; k++) {
            explained.add((float) basis.explained(k));
        }
        node.put("basis", "fitted on the last snapshot, used for all");
        ArrayNode frames = node.putArray("frames");
        float scale = (float) (largest / LARGEST);
        for (int i = 0; i < points.size(); i++) {
            ObjectNode frame = frames.addObject().put("step", snapshots.get(i).step());
            frame.put("scale", scale).set("points", BinaryArray.bits16("i16", quantized(points.get(i), scale)));
        }
        return node;
    }

    /** x and y of every token. */
    private static double[] points(PrincipalComponents basis, Snapshot snapshot, Tokens tokens) {
        int count = PrincipalComponents.COUNT;
        double[] points = new double[tokens.ids().length * count];
        for (int i = 0; i < points.length; i++) {
            points[i] = basis.project(snapshot.embedding(), i / count * tokens.columns(), i % count);
        }
        return points;
    }

    private static int[] quantized(double[] points, float scale) {
        int[] quantized = new int[points.length];
        for (int i = 0; i < points.length; i++) {
            long rounded = scale == 0 ? 0 : Math.round(points[i] / scale);
            quantized[i] = (int) Math.max(-LARGEST, Math.min(LARGEST, rounded));
        }
        return quantized;
    }
}
