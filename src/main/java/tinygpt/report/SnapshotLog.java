package tinygpt.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What {@code snapshots.jsonl} holds.
 *
 * @param tensors of the model
 * @param tokens whose vectors were kept; null if the file has no header yet
 * @param snapshots by step, ascending
 */
record SnapshotLog(List<Tensor> tensors, Tokens tokens, List<Snapshot> snapshots) {
    private static final int MOST_TENSORS = 100_000;
    private static final int MOST_SNAPSHOTS = 2000;
    private static final int MOST_COLUMNS = 1 << 20;

    /** A tensor of the model. */
    record Tensor(String name, String kind, int[] shape) {
        long size() {
            return shape.length == 1 ? shape[0] : (long) shape[0] * shape[1];
        }
    }

    /** Tokens whose vectors were kept. */
    record Tokens(String tensor, int columns, long[] ids, List<String> labels, List<String> groups) {}

    /**
     * One line.
     *
     * @param summaries by tensor
     * @param matrices by place of their tensor
     * @param embedding (tokens, columns), row after row; null if a number was not finite
     */
    record Snapshot(long step, List<TensorSummary> summaries, Map<Integer, MatrixFrame> matrices, float[] embedding) {}

    /**
     * Reads a file; nothing is in it if it is not there.
     *
     * @throws tinygpt.formats.BadFileException if it is damaged
     */
    static SnapshotLog read(Path file) throws IOException {
        SnapshotLog log = new SnapshotLog(new ArrayList<>(), null, new ArrayList<>());
        if (!Files.exists(file)) {
            return log;
        }
        SnapshotLog[] read = {log};
        JsonLines.read(file, line -> {
            if (read[0].tokens == null) {
                read[0] = header(line);
            } else {
                read[0].snapshots.add(read[0].snapshot(line));
            }
        });
        return read[0];
    }

    private static SnapshotLog header(JsonFields line) {
        line.integer("format", SnapshotFiles.FORMAT, SnapshotFiles.FORMAT);
        List<Tensor> tensors = new ArrayList<>();
        for (JsonFields tensor : line.objects("tensors", 1, MOST_TENSORS)) {
            long[] shape = tensor.integers("shape", 1, 2, 1, Integer.MAX_VALUE);
            int[] sizes = new int[shape.length];
            for (int i = 0; i < sizes.length; i++) {
                sizes[i] = (int) shape[i];
            }
            tensors.add(new Tensor(tensor.text("name"), tensor.text("kind"), sizes));
        }
        JsonFields embedding = line.object("embedding");
        long[] ids = embedding.integers("ids", 1, EmbeddingRows.MOST, 0, Integer.MAX_VALUE);
        Tokens tokens = new Tokens(
                embedding.text("tensor"),
                (int) embedding.integer("columns", 1, MOST_COLUMNS),
                ids,
                embedding.texts("labels", ids.length, ids.length),
                embedding.texts("groups", ids.length, ids.length));
        return new SnapshotLog(tensors, tokens, new ArrayList<>());
    }

    private Snapshot snapshot(JsonFields line) {
        long after = snapshots.isEmpty() ? -1 : snapshots.get(snapshots.size() - 1).step;
        long step = line.integer("step", after + 1, Long.MAX_VALUE);
        if (snapshots.size() == MOST_SNAPSHOTS) {
            throw line.bad("step", "it is one of more than " + MOST_SNAPSHOTS + " snapshots");
        }
        List<TensorSummary> summaries = new ArrayList<>();
        for (JsonFields summary : line.objects("tensors", tensors.size(), tensors.size())) {
            summaries.add(
                    TensorSummary.read(summary, tensors.get(summaries.size()).size()));
        }
        Map<Integer, MatrixFrame> matrices = new LinkedHashMap<>();
        for (JsonFields matrix : line.objects("matrices", 0, WatchedMatrices.MOST)) {
            int tensor = (int) matrix.integer("tensor", 0, tensors.size() - 1L);
            MatrixFrame.Blocks blocks =
                    MatrixFrame.Blocks.of(tensors.get(tensor).shape());
            if (matrices.put(tensor, MatrixFrame.read(matrix, blocks)) != null) {
                throw matrix.bad("tensor", tensor + " comes twice");
            }
        }
        float[] embedding = line.has("embedding")
                ? EmbeddingRows.read(line.object("embedding"), tokens.ids.length, tokens.columns)
                : null;
        return new Snapshot(step, summaries, matrices, embedding);
    }
}
