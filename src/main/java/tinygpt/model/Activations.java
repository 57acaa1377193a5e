package tinygpt.model;

import java.util.ArrayList;
import java.util.List;
import tinygpt.hyperparameters.ModelShape;
import tinygpt.model.HeadViews.RowBlock;
import tinygpt.tensor.Matrix;
import tinygpt.tensor.Slab;

/**
 * The memory of one worker's pass over B sequences of T tokens: the tokens, everything the forward pass computes, and the
 * scratch of the backward pass. One slab; all views are made here.
 *
 * <p>For training each layer keeps its own activations; for evaluation all layers use the same memory.
 */
public final class Activations implements AutoCloseable {
    private final int sequences;
    private final int time;
    private final boolean training;
    private final Dropouts dropouts;
    private final Slab slab;
    private final int[] tokens;
    private final int[] targets;
    private final List<Layer> layers = new ArrayList<>();
    private final Matrix sublayer;
    private final Matrix finalNormed;
    private final Matrix finalStatistics;
    private final Matrix logits;
    private final List<Matrix> droppedAttention = new ArrayList<>();
    private final Matrix adapted;
    private final BackwardScratch backwardScratch;
    private long firstSequence;

    /**
     * Memory for passes of exactly this size.
     *
     * @param sequences B
     * @param time T, at most the model's context length
     * @param dropouts the dropout layers of training, or null for memory that serves evaluation only
     */
    public Activations(Gpt model, int sequences, int time, Dropouts dropouts) {
        this(model.shape(), model.adapterRank(), sequences, time, dropouts, sequences * time);
    }

    /** Memory for reading a prompt into a cache: no logits. */
    static Activations forPrompt(Gpt model, int time) {
        return new Activations(model.shape(), model.adapterRank(), 1, time, null, 0);
    }

    private Activations(ModelShape shape, int adapterRank, int sequences, int time, Dropouts dropouts, int logitRows) {
        if (time < 1 || time > shape.contextLength()) {
            throw new IllegalArgumentException(
                    "a sequence of " + time + " tokens does not fit a context of " + shape.contextLength());
        }
        this.sequences = sequences;
        this.time = time;
        this.training = dropouts != null;
        this.dropouts = dropouts;
        int rows = Math.multiplyExact(sequences, time);
        this.tokens = new int[rows];
        this.targets = new int[rows];
        int c = shape.width();
        int stored = training ? shape.layers() : 1;
        boolean dropsAttention = training && dropouts.attention.active();
        long size = stored * Layer.size(shape, sequences, time)
                + Plan.aligned((long) rows * c) * 3
                + Plan.aligned(2L * rows)
                + Plan.aligned((long) logitRows * shape.vocabularySize())
                + (dropsAttention ? Plan.aligned((long) time * time) : 0)
                + Plan.aligned((long) rows * adapterRank)
                + (training ? BackwardScratch.size(shape, adapterRank, rows, time) : 0);
        this.slab = Slab.allocate("activations", size);
        Plan plan = new Plan(slab);
        Matrix x = plan.take(rows, c);
        for (int layer = 0; layer < shape.layers(); layer++) {
            Layer kept = layer >= stored ? layers.get(0) : new Layer(plan, shape, sequences, time, x, training);
            layers.add(kept);
            x = kept.x2;
        }
        this.sublayer = plan.take(rows, c);
        this.finalNormed = plan.take(rows, c);
        this.finalStatistics = plan.take(1, 2 * rows);
        this.logits = plan.take(logitRows, shape.vocabularySize());
        this.adapted = plan.take(rows, adapterRank);
        if (dropsAttention) {
            Matrix square = plan.take(time, time);
            for (int start = 0; start < time; start += HeadViews.BLOCK) {
                int end = Math.min(time, start + HeadViews.BLOCK);
                droppedAttention.add(square.block(start, 0, end - start, end));
            }
        }
        this.backwardScratch = training ? new BackwardScratch(plan, shape, adapterRank, sequences, time) : null;
    }

    /** What one block computes and the backward pass reads. */
    static final class Layer {
        final Matrix x0; // (M, C), the block's input
        final Matrix normed1; // (M, C)
        final Matrix statistics1; // (1, 2M)
        final Matrix qkv; // (M, 3C)
        final Matrix attended; // (M, C)
        final Matrix x1; // (M, C)
        final Matrix normed2; // (M, C)
        final Matrix statistics2; // (1, 2M)
        final Matrix hidden; // (M, F): h, in training replaced by GELU'(h)
        final Matrix active; // (M, F)
        final Matrix x2; // (M, C), the block's output
        private final List<List<RowBlock>> heads = new ArrayList<>();
        private final int headCount;

        private Layer(Plan plan, ModelShape shape, int sequences, int time, Matrix input, boolean keepInput) {
            int rows = sequences * time;
            int c = shape.width();
            headCount = shape.heads();
            x0 = input;
            normed1 = plan.take(rows, c);
            statistics1 = plan.take(1, 2 * rows);
            qkv = plan.take(rows, 3 * c);
            attended = plan.take(rows, c);
            x1 = plan.take(rows, c);
            normed2 = plan.take(rows, c);
            statistics2 = plan.take(1, 2 * rows);
            hidden = plan.take(rows, shape.feedForwardWidth());
            active = plan.take(rows, shape.feedForwardWidth());
            // Where all layers share this memory, the output of one is the input of the next.
            x2 = keepInput ? plan.take(rows, c) : input;
            for (int sequence = 0; sequence < sequences; sequence++) {
                for (int head = 0; head < headCount; head++) {
                    Matrix probabilities = plan.take(time, time); // (T, T)
                    heads.add(HeadViews.of(qkv, probabilities, attended, sequence, head, time, shape.headWidth()));
                }
            }
        }

        List<RowBlock> head(int sequence, int head) {
            return heads.get(sequence * headCount + head);
        }

        static long size(ModelShape shape, int sequences, int time) {
            long rows = (long) sequences * time;
            long c = shape.width();
            return 5 * Plan.aligned(rows * c)
                    + 2 * Plan.aligned(2 * rows)
                    + Plan.aligned(rows * 3 * c)
                    + 2 * Plan.aligned(rows * shape.feedForwardWidth())
                    + (long) sequences * shape.heads() * Plan.aligned((long) time * time);
        }
    }

    /** Hands out matrices of a slab one after the other, each aligned to 64 bytes. */
    static final class Plan {
        private static final int ALIGNMENT = 16;
        private final Slab slab;
        private long next;

        Plan(Slab slab) {
            this.slab = slab;
        }

        static long aligned(long floats) {
            return (floats + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        }

        Matrix take(int rows, int columns) {
            Matrix matrix = slab.matrix(next, rows, columns);
            next += aligned((long) rows * columns);
            return matrix;
        }
    }

    /** Bytes that memory of this kind takes, without allocating it. */
    public static long bytes(ModelShape shape, int adapterRank, int sequences, int time, boolean training) {
        long rows = (long) sequences * time;
        long floats = (training ? shape.layers() : 1L) * Layer.size(shape, sequences, time)
                + rows * (3L * shape.width() + 2 + shape.vocabularySize() + adapterRank)
                + (training ? (long) time * time + BackwardScratch.size(shape, adapterRank, (int) rows, time) : 0);
        return floats * Float.BYTES;
    }

    /** B. */
    public int sequences() {
        return sequences;
    }

    /** T. */
    public int time() {
        return time;
    }

    /** The input, (B, T) row after row; fill it before {@link Gpt#forward}. */
    public int[] tokens() {
        return tokens;
    }

    /** What should follow each token, (B, T); fill it before {@link Gpt#loss}. */
    public int[] targets() {
        return targets;
    }

    /** The output of the last forward pass, (M, V); a loss with gradients replaces it. */
    public Matrix logits() {
        return logits;
    }

    /** The logits of one sequence, (T, V). */
    Matrix logits(int sequence) {
        return logits.block(sequence * time, 0, time, logits.columns());
    }

    /**
     * The attention of one head over one sequence, (T, T) row after row: how much each query takes from each key, before
     * dropout; 0 above the diagonal.
     *
     * <p>Memory that serves evaluation only holds that of the last block done: read it from an observer of {@link
     * Gpt#forward(tinygpt.tensor.Workspace, Activations, java.util.function.IntConsumer)}.
     */
    public float[] attention(int layer, int sequence, int head) {
        float[] weights = new float[time * time];
        for (RowBlock block : layers.get(layer).head(sequence, head)) {
            for (int row = 0; row < block.probabilities().rows(); row++) {
                block.probabilities().readRow(row, weights, (block.start() + row) * time);
            }
        }
        return weights;
    }

    /** The residual stream after so many blocks, (M, C); where all layers share memory, only the newest is there. */
    Matrix residual(int depth) {
        return depth == 0 ? input() : layers.get(depth - 1).x2;
    }

    /** Says which sequence of the batch the first one here is, so that dropout does not depend on shards. */
    public void startAt(long sequence) {
        firstSequence = sequence;
    }

    boolean training() {
        return training;
    }

    boolean dropsAttention() {
        return training && dropouts.attention.active();
    }

    Dropouts dropouts() {
        return dropouts;
    }

    long firstSequence() {
        return firstSequence;
    }

    long firstToken() {
        return firstSequence * time;
    }

    int layers() {
        return layers.size();
    }

    Layer layer(int index) {
        return layers.get(index);
    }

    Matrix input() {
        return layers.get(0).x0;
    }

    Matrix output() {
        return layers.get(layers.size() - 1).x2;
    }

    Matrix sublayer() {
        return sublayer;
    }

    Matrix finalNormed() {
        return finalNormed;
    }

    Matrix finalStatistics() {
        return finalStatistics;
    }

    Matrix droppedAttention(int start) {
        return droppedAttention.get(start / HeadViews.BLOCK);
    }

    /** Scratch for x A of whatever adapter is being computed, (M, r). */
    Matrix adapted() {
        return adapted;
    }

    BackwardScratch backwardScratch() {
        return backwardScratch;
    }

    @Override
    public void close() {
        slab.close();
    }
}
