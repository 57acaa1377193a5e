package tinygpt.training;

import java.util.List;
import java.util.Optional;
import tinygpt.tensor.Slab;

/**
 * What an optimizer remembers between two states of the weights: what a checkpoint holds beside them.
 *
 * @param replicas moments of each AdamW, one unless there are replicas
 * @param velocity the outer step's running sum of changes, laid out as the moments; empty without rounds of replicas
 */
public record OptimizerState(List<AdamWMoments> replicas, Optional<Slab> velocity) {
    public OptimizerState {
        replicas = List.copyOf(replicas);
    }
}
