package tinygpt.model;

import java.util.ArrayList;
import java.util.List;
import tinygpt.hyperparameters.ModelShape;
import tinygpt.model.Activations.Plan;
import tinygpt.model.HeadViews.RowBlock;
import tinygpt.tensor.Matrix;

/** Gradients of activations on their way back; every layer uses the same memory. */
final class BackwardScratch {
    final Matrix residual; // (M, C), of the residual stream
    final Matrix sublayer; // (M, C), of a sublayer's output after dropout
    final Matrix normed; // (M, C)
    final Matrix attended; // (M, C)
    final Matrix qkv; // (M, 3C)
    final Matrix hidden; // (M, F)
    final Matrix adapted; // (M, r), of x A in whatever adapter is being computed
    private final List<List<RowBlock>> heads = new ArrayList<>();
    private final int headCount;

    BackwardScratch(Plan plan, ModelShape shape, int adapterRank, int sequences, int time) {
        int rows = sequences * time;
        int c = shape.width();
        headCount = shape.heads();
        residual = plan.take(rows, c);
        sublayer = plan.take(rows, c);
        normed = plan.take(rows, c);
        attended = plan.take(rows, c);
        qkv = plan.take(rows, 3 * c);
        hidden = plan.take(rows, shape.feedForwardWidth());
        adapted = plan.take(rows, adapterRank);
        Matrix probabilities = plan.take(time, time); // (T, T), one head at a time
        for (int sequence = 0; sequence < sequences; sequence++) {
            for (int head = 0; head < headCount; head++) {
                heads.add(HeadViews.of(qkv, probabilities, attended, sequence, head, time, shape.headWidth()));
            }
        }
    }

    static long size(ModelShape shape, int adapterRank, int rows, int time) {
        return 4 * Plan.aligned((long) rows * shape.width())
                + Plan.aligned(3L * rows * shape.width())
                + Plan.aligned((long) rows * shape.feedForwardWidth())
                + Plan.aligned((long) rows * adapterRank)
                + Plan.aligned((long) time * time);
    }

    List<RowBlock> head(int sequence, int head) {
        return heads.get(sequence * headCount + head);
    }
}
