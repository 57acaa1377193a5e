package tinygpt.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * What {@code metrics.jsonl} says: a point a step, thinned to what a chart can show, and all evaluations.
 *
 * <p>Of every stretch of steps the lowest and the highest loss stay, so that a spike is never thinned away, and so do steps
 * whose loss is not a number. The running mean is made before anything is left out.
 */
final class MetricsState {
    private static final int MOST_POINTS = 1500;
    /** Of the running mean; the usual one of a loss curve. */
    private static final double DECAY = 0.9;

    private final List<Point> points = new ArrayList<>();
    private final List<JsonNode> evaluations = new ArrayList<>();
    private double firstWall = Double.NaN;
    private double milliseconds;
    private double weighted;
    private double weight;
    private long tokens;

    private record Point(
            long step, double loss, double mean, double rate, double gradientNorm, boolean clipped, double speed) {}

    private MetricsState() {}

    static MetricsState read(Path file) {
        MetricsState state = new MetricsState();
        LogLines.read(file, at -> true, (at, line) -> state.add(line));
        return state;
    }

    /** The last step that was taken, or the step of a later evaluation; -1 if there is none. */
    long lastStep() {
        long last = points.isEmpty() ? -1 : points.get(points.size() - 1).step() - (stepFailed() ? 1 : 0);
        return evaluations.isEmpty()
                ? last
                : Math.max(
                        last,
                        evaluations.get(evaluations.size() - 1).path("step").longValue());
    }

    /** Whether the last thing that was measured is not a number. */
    boolean diverged() {
        return stepFailed() || evaluationFailed();
    }

    private boolean evaluationFailed() {
        if (evaluations.isEmpty()) {
            return false;
        }
        JsonNode last = evaluations.get(evaluations.size() - 1);
        return !Double.isFinite(number(last, "val_loss")) && last.path("step").longValue() >= lastStep();
    }

    private boolean stepFailed() {
        if (points.isEmpty()) {
            return false;
        }
        Point last = points.get(points.size() - 1);
        return !Double.isFinite(last.loss()) || !Double.isFinite(last.gradientNorm());
    }

    long tokens() {
        return tokens;
    }

    /** Seconds spent in training steps. */
    double seconds() {
        return milliseconds / 1e3;
    }

    /** When the first line was written, in seconds since 1970; NaN if there is none. */
    double started() {
        return firstWall;
    }

    private void add(JsonNode line) {
        if (Double.isNaN(firstWall)) {
            firstWall = number(line, "wall");
        }
        tokens = Math.max(tokens, line.path("tokens").longValue());
        if (line.has("val_loss")) {
            evaluations.add(line);
        }
        if (line.has("loss")) {
            double loss = number(line, "loss");
            if (Double.isFinite(loss)) {
                weighted = DECAY * weighted + (1 - DECAY) * loss;
                weight = DECAY * weight + (1 - DECAY);
            }
            double took = number(line, "step_ms");
            milliseconds += Double.isFinite(took) ? took : 0;
            points.add(new Point(
                    line.path("step").longValue(),
                    loss,
                    Double.isFinite(loss) ? weighted / weight : Double.NaN,
                    number(line, "lr"),
                    number(line, "grad_norm"),
                    line.path("clipped").booleanValue(),
                    number(line, "tok_s")));
        }
    }

    /** The piece of the state. */
    ObjectNode json() {
        List<Point> kept = thinned();
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        ArrayNode steps = json.putArray("step");
        kept.forEach(point -> steps.add(point.step()));
        json.set("loss", floats(kept, Point::loss));
        json.set("loss_mean", floats(kept, Point::mean));
        json.set("lr", floats(kept, Point::rate));
        json.set("grad_norm", floats(kept, Point::gradientNorm));
        byte[] clipped = new byte[kept.size()];
        for (int i = 0; i < clipped.length; i++) {
            clipped[i] = (byte) (kept.get(i).clipped() ? 1 : 0);
        }
        json.set("clipped", BinaryArray.u8(clipped));
        json.set("tok_s", floats(kept, Point::speed));
        json.put(
                "clippedShare",
                points.isEmpty()
                        ? 0
                        : (double) points.stream().filter(Point::clipped).count() / points.size());
        ArrayNode all = json.putArray("evaluations");
        for (JsonNode line : evaluations) {
            ObjectNode one = all.addObject().put("step", line.path("step").longValue());
            finite(one, "loss", number(line, "val_loss"));
            finite(one, "se", number(line, "val_stderr"));
            one.put("best", line.path("best").booleanValue());
        }
        keepLastBest(all);
        return json;
    }

    /** In the log every new best says so; in a picture there is one. */
    private static void keepLastBest(ArrayNode evaluations) {
        boolean found = false;
        for (int i = evaluations.size() - 1; i >= 0; i--) {
            ObjectNode one = (ObjectNode) evaluations.get(i);
            boolean best = one.path("best").booleanValue();
            one.put("best", best && !found);
            found |= best;
        }
    }

    private List<Point> thinned() {
        int n = points.size();
        if (n <= MOST_POINTS) {
            return points;
        }
        BitSet keep = new BitSet(n);
        keep.set(0);
        keep.set(n - 1);
        int stretches = MOST_POINTS / 3;
        int unusual = 0;
        for (int s = 0; s < stretches; s++) {
            int from = (int) ((long) n * s / stretches);
            int to = (int) ((long) n * (s + 1) / stretches);
            int lowest = from;
            int highest = from;
            for (int i = from; i < to; i++) {
                double loss = points.get(i).loss();
                if (!Double.isFinite(loss) && unusual < stretches - 2) {
                    keep.set(i);
                    unusual++;
                }
                lowest = loss < points.get(lowest).loss() ? i : lowest;
                highest = loss > points.get(highest).loss() ? i : highest;
            }
            keep.set(lowest);
            keep.set(highest);
        }
        return keep.stream().mapToObj(points::get).toList();
    }

    private static ObjectNode floats(List<Point> points, ToDoubleFunction<Point> value) {
        return BinaryArray.f32(points.stream().mapToDouble(value).toArray());
    }

    /** JSON has no NaN: null stands for it in the log. */
    private static double number(JsonNode line, String key) {
        return line.path(key).isNumber() ? line.get(key).doubleValue() : Double.NaN;
    }

    private static void finite(ObjectNode json, String key, double value) {
        if (Double.isFinite(value)) {
            json.put(key, value);
        } else {
            json.putNull(key);
        }
    }
}
