package tinygpt.spark;

import java.util.List;
import java.util.Map;
import org.apache.spark.api.java.function.Function;
import org.apache.spark.broadcast.Broadcast;

/**
 * The gradient of one block of shards: a pure function, so that it may be computed twice, anywhere.
 *
 * @param replicas the model without what is trained, and the text
 * @param weights what is trained, at this step
 * @param step counted from 0
 * @param bounds of the blocks, see {@link tinygpt.training.ShardTree#blocks}
 * @param threads of a task, by executor
 */
record BlockTask(
        ReplicaPlan replicas,
        Broadcast<byte[][]> weights,
        long step,
        List<Integer> bounds,
        Map<String, Integer> threads)
        implements Function<Integer, BlockGradient> {

    @Override
    public BlockGradient call(Integer block) {
        int first = bounds.get(block);
        int end = bounds.get(block + 1);
        return Replica.use(replicas, threads, weights, replica -> replica.gradient(step, first, end));
    }
}
