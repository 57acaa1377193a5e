package tinygpt.metrics;

import java.util.List;
import tinygpt.parameters.Parameter;
import tinygpt.training.AdamW;

/**
 * The 2-norms of every tensor in the last step: of its gradient before clipping, of itself after, of its change. And how
 * large the change was beside the tensor, in two measures.
 */
final class TensorNorms {
    private final AdamW optimizer;
    private final List<Parameter> parameters;

    TensorNorms(AdamW optimizer) {
        this.optimizer = optimizer;
        this.parameters = optimizer.parameters();
    }

    List<Parameter> parameters() {
        return parameters;
    }

    int count() {
        return parameters.size();
    }

    double weight(int i) {
        return optimizer.weightNorm(i);
    }

    /** 0 for what is frozen, like the change. */
    double gradient(int i) {
        return optimizer.gradientNorm(i);
    }

    double change(int i) {
        return optimizer.changeNorm(i);
    }

    /** Change / weight, or NaN for a tensor of zeros. */
    double ratio(int i) {
        double weight = weight(i);
        return weight == 0 ? Double.NaN : change(i) / weight;
    }

    /** Mean |change| / mean |weight|, or NaN for a tensor of zeros. */
    double meanRatio(int i) {
        double weight = optimizer.weightSize(i);
        return weight == 0 ? Double.NaN : optimizer.changeSize(i) / weight;
    }
}
