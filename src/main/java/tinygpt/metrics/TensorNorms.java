package tinygpt.metrics;

import java.util.List;
import tinygpt.parameters.Parameter;
import tinygpt.training.Movement;

/**
 * The 2-norms of every tensor in the last step, or in the last round of replicas: of its gradient before clipping, of itself after, of its change. And how
 * large the change was beside the tensor, in two measures.
 */
final class TensorNorms {
    private final Movement movement;
    private final List<Parameter> parameters;

    TensorNorms(Movement movement) {
        this.movement = movement;
        this.parameters = movement.parameters();
    }

    List<Parameter> parameters() {
        return parameters;
    }

    int count() {
        return parameters.size();
    }

    double weight(int i) {
        return movement.weightNorm(i);
    }

    /** 0 for what is frozen, like the change. */
    double gradient(int i) {
        return movement.gradientNorm(i);
    }

    double change(int i) {
        return movement.changeNorm(i);
    }

    /** Change / weight, or NaN for a tensor of zeros. */
    double ratio(int i) {
        double weight = weight(i);
        return weight == 0 ? Double.NaN : change(i) / weight;
    }

    /** Mean |change| / mean |weight|, or NaN for a tensor of zeros. */
    double meanRatio(int i) {
        double weight = movement.weightSize(i);
        return weight == 0 ? Double.NaN : movement.changeSize(i) / weight;
    }
}
