package tinygpt.training;

import java.util.ArrayList;
import java.util.List;

/**
 * In which order what comes from the shards of a step is added up: neighbours first, then neighbouring sums, and so on; one
 * that has no neighbour waits for the next level. {@code ((g0 + g1) + (g2 + g3)) + (g4 + g5)}.
 *
 * <p>Floating-point sums depend on their order. This one hangs on the number of shards alone, and has subtrees that
 * different machines can compute without changing it.
 */
public final class ShardTree {
    private ShardTree() {}

    /**
     * Cuts the shards into blocks, each a node of the tree.
     *
     * @param shards of a step
     * @param wanted how many blocks there should be at least, if there are so many shards
     * @return first shard of each block and, at the end, the number of shards
     */
    public static List<Integer> blocks(int shards, int wanted) {
        int size = 1;
        while ((shards + 2 * size - 1) / (2 * size) >= wanted && size < shards) {
            size *= 2;
        }
        List<Integer> bounds = new ArrayList<>();
        for (int first = 0; first < shards; first += size) {
            bounds.add(first);
        }
        bounds.add(shards);
        return bounds;
    }

    /** Whether the sum of these shards is one that the tree has. */
    static boolean isNode(int first, int end, int shards) {
        if (first < 0 || end <= first || end > shards) {
            return false;
        }
        int size = Integer.highestOneBit(end - first);
        size = size == end - first ? size : 2 * size;
        return first % size == 0 && (end - first == size || end == shards);
    }

    /** Adds up arrays of equal length along the tree; the sum is in the first, the others are used up. */
    static void sum(float[][] parts, int length) {
        for (int stride = 1; stride < parts.length; stride *= 2) {
            for (int i = 0; i + stride < parts.length; i += 2 * stride) {
                float[] to = parts[i];
                float[] from = parts[i + stride];
                for (int k = 0; k < length; k++) {
                    to[k] += from[k];
                }
            }
        }
    }
}
