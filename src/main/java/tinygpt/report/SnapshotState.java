package tinygpt.report;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.TreeSet;
import tinygpt.report.SnapshotLog.Snapshot;
import tinygpt.report.SnapshotLog.Tensor;

/** The snapshots of a run as the data of its page. */
public final class SnapshotState {
    /** The most bins of a histogram in a page. */
    static final int BINS = 32;

    private static final int MOST_LAYERS = 10_000;
    private static final int SHARES = 65_535;

    private SnapshotState() {}

    /**
     * Reads the snapshots of a run: {@code snapshots}, {@code histograms}, {@code matrices}, {@code probe} and
     * {@code embedding} of the page's data. Of a run without snapshots, lists are empty and the last two are null.
     *
     * @param runFolder the folder of the run; it may be in training
     * @throws tinygpt.formats.BadFileException if a file is damaged
     */
    public static ObjectNode read(Path runFolder) throws IOException {
        SnapshotLog log = SnapshotLog.read(runFolder.resolve(SnapshotFiles.SNAPSHOTS));
        ObjectNode state = JsonNodeFactory.instance.objectNode();
        ArrayNode steps = state.putArray("snapshots");
        log.snapshots().forEach(s -> steps.add(s.step()));
        ArrayNode histograms = state.putArray("histograms");
        for (int tensor = 0; tensor < log.tensors().size() && !steps.isEmpty(); tensor++) {
            histograms.add(histogram(log, tensor));
        }
        TreeSet<Integer> watched = new TreeSet<>();
        log.snapshots().forEach(s -> watched.addAll(s.matrices().keySet()));
        ArrayNode matrices = state.putArray("matrices");
        watched.forEach(tensor -> matrices.add(matrix(log, tensor)));
        state.set("probe", probe(runFolder.resolve(SnapshotFiles.PROBE)));
        state.set("embedding", EmbeddingMap.of(log));
        return state;
    }

    private static ObjectNode histogram(SnapshotLog log, int tensor) {
        List<GridHistogram> frames = log.snapshots().stream()
                .map(s -> s.summaries().get(tensor).histogram())
                .toList();
        RunBins bins = RunBins.of(frames.stream().filter(Objects::nonNull).toList());
        int count = bins.count();
        long size = log.tensors().get(tensor).size();
        int[] shares = new int[frames.size() * count];
        double[] quantiles = new double[frames.size() * TensorSummary.shares().length];
        for (int i = 0; i < frames.size(); i++) {
            if (frames.get(i) != null) {
                shares(bins.counts(frames.get(i)), size, shares, i * count);
            }
            double[] ofFrame = log.snapshots().get(i).summaries().get(tensor).quantiles();
            System.arraycopy(ofFrame, 0, quantiles, i * ofFrame.length, ofFrame.length);
        }
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        node.put("tensor", tensor).put("name", log.tensors().get(tensor).name());
        node.put("low", bins.low()).put("high", bins.high()).put("bins", count);
        node.set("counts", BinaryArray.bits16("u16", shares));
        ObjectNode spread = node.putObject("quantiles");
        ArrayNode at = spread.putArray("p");
        for (double share : TensorSummary.shares()) {
            at.add(share);
        }
        spread.set("values", BinaryArray.f32(quantiles));
        return node;
    }

    /** Counts as shares that add up to what all have, without an error that grows. */
    private static void shares(long[] counts, long size, int[] shares, int at) {
        long sum = 0;
        long before = 0;
        for (int i = 0; i < counts.length; i++) {
            sum += counts[i];
            long now = Math.round((double) sum / size * SHARES);
            shares[at + i] = (int) (now - before);
            before = now;
        }
    }

    private static ObjectNode matrix(SnapshotLog log, int index) {
        Tensor tensor = log.tensors().get(index);
        MatrixFrame.Blocks blocks = MatrixFrame.Blocks.of(tensor.shape());
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        node.put("tensor", index).put("name", tensor.name()).put("kind", tensor.kind());
        node.put("rows", blocks.rows()).put("columns", blocks.columns());
        node.put("shownRows", blocks.shownRows()).put("shownColumns", blocks.shownColumns());
        node.put("reduction", blocks.toString());
        node.put("limit", (float) limit(log, index));
        node.put("limitRule", "the largest 99.5th percentile of |w| of all snapshots");
        boolean named = tensor.name().equals(log.tokens().tensor())
                && log.tokens().labels().size() == blocks.rows()
                && blocks.tall() == 1;
        if (named) {
            log.tokens().labels().forEach(node.putArray("rowLabels")::add);
        } else {
            node.putNull("rowLabels");
        }
        ArrayNode frames = node.putArray("frames");
        for (Snapshot snapshot : log.snapshots()) {
            if (snapshot.matrices().containsKey(index)) {
                frames.add(frame(snapshot, index));
            }
        }
        return node;
    }

    /** The limit of colours, the same for all frames; 1 where every number was 0. */
    private static double limit(SnapshotLog log, int tensor) {
        double limit = 0;
        double largest = 0;
        for (Snapshot snapshot : log.snapshots()) {
            TensorSummary summary = snapshot.summaries().get(tensor);
            if (summary.histogram() != null) {
                limit = Math.max(limit, summary.sizeLimit());
                largest = Math.max(largest, Math.max(Math.abs(summary.min()), Math.abs(summary.max())));
            }
        }
        return limit > 0 ? limit : largest > 0 ? largest : 1;
    }

    private static ObjectNode frame(Snapshot snapshot, int tensor) {
        MatrixFrame frame = snapshot.matrices().get(tensor);
        TensorSummary summary = snapshot.summaries().get(tensor);
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        node.put("step", snapshot.step()).put("scale", (float) frame.scale());
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

    private static ObjectNode probe(Path file) throws IOException {
        ObjectNode[] read = {null};
        if (Files.exists(file)) {
            JsonLines.read(file, line -> {
                if (read[0] == null) {
                    read[0] = probeHeader(line);
                } else {
                    addAnswer(read[0], line);
                }
            });
        }
        return read[0] == null || read[0].get("frames").isEmpty() ? null : read[0];
    }

    private static ObjectNode probeHeader(JsonFields line) {
        line.integer("format", SnapshotFiles.FORMAT, SnapshotFiles.FORMAT);
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        node.put("prompt", line.text("prompt"));
        line.texts("tokens", 1, Probe.MOST_TOKENS).forEach(node.putArray("tokens")::add);
        node.put("layers", line.integer("layers", 1, MOST_LAYERS));
        node.put("heads", line.integer("heads", 1, MOST_LAYERS));
        node.putArray("frames");
        return node;
    }

    private static void addAnswer(ObjectNode probe, JsonFields line) {
        ArrayNode frames = (ArrayNode) probe.get("frames");
        long after = frames.isEmpty()
                ? -1
                : frames.get(frames.size() - 1).get("step").longValue();
        long tokens = probe.get("tokens").size();
        long maps = probe.get("layers").longValue() * probe.get("heads").longValue();
        ObjectNode frame = frames.addObject().put("step", line.integer("step", after + 1, Long.MAX_VALUE));
        frame.set("attention", BinaryArray.u8(line.bytes("attention8", maps * tokens * tokens)));
        ArrayNode next = frame.putArray("next");
        for (JsonFields candidate : line.objects("next", 0, Probe.NEXT)) {
            next.addObject().put("token", candidate.text("token")).put("p", (float) candidate.scale("p"));
        }
    }
}
