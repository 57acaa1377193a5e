package tinygpt.spark;

import java.util.List;
import java.util.Map;
import org.apache.spark.api.java.function.Function;
import org.apache.spark.broadcast.Broadcast;

/**
 * One replica's part of a round: a pure function, so that it may be computed twice, anywhere. An executor fetches the moments
 * of the replicas that it trains, and of no other.
 *
 * @param replicas the model without what is trained, and the text
 * @param weights what is trained, at the beginning of the round
 * @param moments of each replica: mean and mean square
 * @param first number of the first step, counted from 0
 * @param steps of the round
 * @param threads of a task, by executor
 */
record RoundTask(
        ReplicaPlan replicas,
        Broadcast<byte[][]> weights,
        List<Broadcast<byte[][][]>> moments,
        long first,
        int steps,
        Map<String, Integer> threads)
        implements Function<Integer, RoundPart> {

    @Override
    public RoundPart call(Integer number) {
        return Replica.use(
                replicas,
                threads,
                weights,
                replica ->
                        replica.round(number, first, steps, moments.get(number).value()));
    }
}
