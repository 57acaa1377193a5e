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
        boolean named = tensor.name().equals(log.tokens().tensor());
        ObjectNode node = MatrixData.matrix(
                tensor.name(),
                tensor.kind(),
                MatrixFrame.Blocks.of(tensor.shape()),
                MatrixData.limit(log.snapshots().stream()
                        .map(s -> s.summaries().get(index))
                        .toList()),
                "the largest 99.5th percentile of |w| of all snapshots",
                named ? log.tokens().labels() : null);
        node.put("tensor", index);
        for (Snapshot snapshot : log.snapshots()) {
            if (snapshot.matrices().containsKey(index)) {
                ObjectNode frame = node.withArray("frames").addObject().put("step", snapshot.step());
                MatrixData.frame(
                        frame,
                        snapshot.matrices().get(index),
                        snapshot.summaries().get(index));
            }
        }
        return node;
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
