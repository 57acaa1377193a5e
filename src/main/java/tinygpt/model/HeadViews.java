package tinygpt.model;

import java.util.ArrayList;
import java.util.List;
import tinygpt.tensor.Matrix;

/**
 * The blocks that one attention head of one sequence works on, cut into blocks of rows: a block of queries sees only the
 * keys up to its own end, which saves almost half of the work of long contexts. All are views, made once.
 */
final class HeadViews {
    /** Rows of queries in a block. */
    static final int BLOCK = 64;

    /**
     * One block of queries.
     *
     * @param start position of its first query
     * @param query (R, D)
     * @param keys (E, D), all positions up to the block's end E
     * @param values (E, D)
     * @param probabilities (R, E)
     * @param output (R, D)
     */
    record RowBlock(int start, Matrix query, Matrix keys, Matrix values, Matrix probabilities, Matrix output) {}

    private HeadViews() {}

    /** How many scores a head computes for T positions: T^2 for one block, towards half of that for many. */
    static double scores(int time) {
        double scores = 0;
        for (int start = 0; start < time; start += BLOCK) {
            int end = Math.min(time, start + BLOCK);
            scores += (double) (end - start) * end;
        }
        return scores;
    }

    /**
     * The blocks of one head of one sequence.
     *
     * @param qkv (M, 3 C)
     * @param probabilities (T, T) of this head and sequence
     * @param output (M, C)
     */
    static List<RowBlock> of(Matrix qkv, Matrix probabilities, Matrix output, int sequence, int head, int time, int d) {
        int c = output.columns();
        int row = sequence * time;
        List<RowBlock> blocks = new ArrayList<>();
        for (int start = 0; start < time; start += BLOCK) {
            int end = Math.min(time, start + BLOCK);
            blocks.add(new RowBlock(
                    start,
                    qkv.block(row + start, head * d, end - start, d),
                    qkv.block(row, c + head * d, end, d),
                    qkv.block(row, 2 * c + head * d, end, d),
                    probabilities.block(start, 0, end - start, end),
                    output.block(row + start, head * d, end - start, d)));
        }
        return List.copyOf(blocks);
    }
}
