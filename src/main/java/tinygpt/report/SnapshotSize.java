package tinygpt.report;

import java.util.List;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.runs.RunSettings;
import tinygpt.text.Corpus;
import tinygpt.training.Trainer;

/**
 * What the snapshots of a run are going to be, and how much they add to its report at most.
 *
 * @param steps after which there is one
 * @param tensors of which statistics are kept
 * @param matrices names of those that are kept as pictures
 * @param matrixCells bytes of all pictures of one snapshot
 * @param attention bytes of all attention of one snapshot
 * @param tokens whose vectors are drawn
 */
public record SnapshotSize(
        List<Long> steps, int tensors, List<String> matrices, long matrixCells, long attention, int tokens) {
    /** The most bytes that a page can take. */
    private static final long LIMIT = 64_000_000;

    private static final int BYTES_OF_KEYS = 250;
    private static final int BYTES_OF_NAME = 150;
    private static final int BYTES_OF_LABEL = 60;

    public SnapshotSize {
        steps = List.copyOf(steps);
        matrices = List.copyOf(matrices);
    }

    /**
     * Finds out before anything is trained or allocated.
     *
     * @throws IllegalArgumentException if a selector matches nothing, the prompt is too long or cannot be encoded, or it
     *     would be more than a page can take
     */
    public static SnapshotSize of(Hyperparameters hyperparameters, Corpus corpus, RunSettings.Snapshots settings) {
        Hyperparameters actual = Trainer.withVocabulary(hyperparameters, corpus);
        ParameterRegistry registry = ParameterRegistry.of(actual);
        List<Parameter> matrices = WatchedMatrices.of(registry, settings.matrices());
        long prompt = Probe.prompt(corpus, actual.model().contextLength(), settings.prompt()).length;
        SnapshotSize size = new SnapshotSize(
                SnapshotPlan.of(actual, settings).steps(),
                registry.owned().size(),
                matrices.stream().map(Parameter::name).toList(),
                matrices.stream().mapToLong(SnapshotSize::cells).sum(),
                actual.model().layers() * actual.model().heads() * prompt * prompt,
                Math.min(EmbeddingRows.MOST, actual.model().vocabularySize()));
        if (size.pageBytes() > LIMIT) {
            throw new IllegalArgumentException("the snapshots would add up to " + size.pageBytes() / 1_000_000
                    + " MB to the report, and a browser should not be given more than " + LIMIT / 1_000_000
                    + "; ask for fewer with --snapshots, or choose fewer --snapshot-matrices");
        }
        return size;
    }

    private static long cells(Parameter parameter) {
        MatrixFrame.Blocks blocks = MatrixFrame.Blocks.of(parameter.shape());
        return (long) blocks.cells() * (blocks.single() ? 1 : 2);
    }

    /** Bytes of JSON that the snapshots become in a report, at most. */
    public long pageBytes() {
        if (steps.isEmpty()) {
            return 0;
        }
        long perTensor = base64((long) SnapshotState.BINS * Short.BYTES)
                + base64((long) TensorSummary.shares().length * Float.BYTES);
        long perSnapshot = tensors * perTensor
                + base64(matrixCells)
                + (long) matrices.size() * BYTES_OF_KEYS
                + base64(attention)
                + (1L + Probe.NEXT) * BYTES_OF_LABEL
                + base64(tokens * 2L * Short.BYTES)
                + BYTES_OF_KEYS;
        long once = tensors * (long) (BYTES_OF_KEYS + BYTES_OF_NAME)
                + matrices.size() * (long) (BYTES_OF_KEYS + BYTES_OF_NAME)
                + (Probe.MOST_TOKENS + 3L * tokens) * BYTES_OF_LABEL
                + BYTES_OF_KEYS;
        return steps.size() * perSnapshot + once;
    }

    private static long base64(long bytes) {
        return (bytes + 2) / 3 * 4;
    }
}
