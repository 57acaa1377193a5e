package tinygpt.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.training.TrainingFixtures.Training;

/** Shards are added up in the same order, whoever computes how many of them. */
class ShardTreeTest {
    private static Hyperparameters shards(int shards) {
        return TrainingFixtures.nano(
                "data.batch_size", Integer.toString(2 * shards),
                "data.shards", Integer.toString(shards),
                "model.residual_dropout", "0.1");
    }

    @Test
    void blocks_areAsManyAsWanted_orTheNextThatTheTreeHas() {
        assertEquals(List.of(0, 8), ShardTree.blocks(8, 1));
        assertEquals(List.of(0, 4, 8), ShardTree.blocks(8, 2));
        assertEquals(List.of(0, 2, 4, 6, 8), ShardTree.blocks(8, 3));
        assertEquals(List.of(0, 2, 4, 6), ShardTree.blocks(6, 3));
        assertEquals(List.of(0, 4, 7), ShardTree.blocks(7, 2));
        assertEquals(List.of(0, 1, 2), ShardTree.blocks(2, 5));
        assertEquals(List.of(0, 1), ShardTree.blocks(1, 4));
    }

    @Test
    void nodes_areWhatTheTreeAddsUp() {
        assertTrue(ShardTree.isNode(4, 6, 7));
        assertTrue(ShardTree.isNode(4, 7, 7));
        assertFalse(ShardTree.isNode(2, 6, 8));
        assertFalse(ShardTree.isNode(0, 6, 8));
        assertFalse(ShardTree.isNode(0, 3, 8));
        assertFalse(ShardTree.isNode(3, 3, 8));
    }

    @Test
    void sum_isOfNeighboursFirst() {
        float large = 1 << 24; // to which 1 can be added twice, but not one by one
        float[][] parts = {{large}, {0}, {1}, {1}, {2}};
        ShardTree.sum(parts, 1);
        assertEquals(large + 2 + 2, parts[0][0]);
        float[][] others = {{1}, {large}, {1}};
        ShardTree.sum(others, 1);
        assertEquals(large, others[0][0]);
    }

    /** What machines do: each a block, and the driver the rest of the tree. */
    @ParameterizedTest
    @CsvSource({"8, 2", "8, 3", "8, 8", "7, 2", "7, 4", "6, 3", "5, 2", "4, 2", "1, 2"})
    void blocksAndTheirSum_areOneMachinesGradientToTheBit(int shards, int machines) {
        Hyperparameters h = shards(shards);
        int[] tokens = TrainingFixtures.text(h, 5000);
        List<Integer> bounds = ShardTree.blocks(shards, machines);
        try (Training whole = new Training(h, tokens, 2);
                ShardGradients part = new ShardGradients(whole.model, h, tokens, whole.team, shards)) {
            double loss = whole.engine.compute(7);
            float[][] sums = new float[bounds.size() - 1][];
            double partLoss = 0;
            for (int i = 0; i < sums.length; i++) {
                part.compute(7, bounds.get(i), bounds.get(i + 1));
                sums[i] = TrainingFixtures.floats(part.sum());
                for (int shard = bounds.get(i); shard < bounds.get(i + 1); shard++) {
                    partLoss += part.loss(shard);
                }
            }
            ShardTree.sum(sums, sums[0].length);
            assertArrayEquals(TrainingFixtures.floats(whole.engine.gradients()), sums[0]);
            assertEquals(loss, partLoss / (2.0 * shards * h.model().contextLength()));
        }
    }

    /** Without room for all gradients at once, in rounds. */
    @ParameterizedTest
    @CsvSource({"8, 1", "8, 2", "8, 3", "7, 1", "7, 2", "6, 1", "5, 2", "13, 1", "13, 2"})
    void rounds_giveTheSameBits(int shards, int threads) {
        Hyperparameters h = shards(shards);
        int[] tokens = TrainingFixtures.text(h, 5000);
        try (Training atOnce = new Training(h, tokens, 1);
                Training inRounds = new Training(h, tokens, threads, 0)) {
            assertEquals(atOnce.engine.compute(3), inRounds.engine.compute(3));
            assertArrayEquals(
                    TrainingFixtures.floats(atOnce.engine.gradients()),
                    TrainingFixtures.floats(inRounds.engine.gradients()));
        }
    }

    @Test
    void shardsThatAreNoNode_areRefused() {
        Hyperparameters h = shards(4);
        try (Training training = new Training(h, TrainingFixtures.text(h, 5000), 1);
                ShardGradients two =
                        new ShardGradients(training.model, h, TrainingFixtures.text(h, 5000), training.team, 2)) {
            assertThrows(IllegalArgumentException.class, () -> two.compute(0, 1, 3));
            assertThrows(IllegalArgumentException.class, () -> two.compute(0, 0, 4));
        }
    }
}
