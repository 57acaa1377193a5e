package tinygpt.metrics;

import java.util.List;
import tinygpt.parameters.Parameter;
import tinygpt.tensor.Slab;
import tinygpt.training.AdamW;
import tinygpt.training.Trainer;

/** The 2-norms of every tensor in the last step: of its gradient before clipping, of itself after, of its change. */
final class TensorNorms {
    private final AdamW optimizer;
    private final List<Parameter> parameters;
    private final double[] frozen;

    TensorNorms(Trainer trainer) {
        optimizer = trainer.optimizer();
        parameters = optimizer.parameters();
        frozen = new double[parameters.size()];
        for (int i = 0; i < frozen.length; i++) {
            // The optimizer leaves frozen tensors alone and does not know their norm, which stays what it is.
            Parameter parameter = parameters.get(i);
            frozen[i] =
                    parameter.trainable() ? Double.NaN : norm(trainer.registry().weights(), parameter);
        }
    }

    List<Parameter> parameters() {
        return parameters;
    }

    int count() {
        return parameters.size();
    }

    double weight(int i) {
        return parameters.get(i).trainable() ? optimizer.weightNorm(i) : frozen[i];
    }

    double gradient(int i) {
        return optimizer.gradientNorm(i);
    }

    double change(int i) {
        return parameters.get(i).trainable() ? optimizer.changeNorm(i) : 0;
    }

    /** Change / weight, or NaN for a tensor of zeros. */
    double ratio(int i) {
        double weight = weight(i);
        return weight == 0 ? Double.NaN : change(i) / weight;
    }

    private static double norm(Slab slab, Parameter parameter) {
        float[] piece = new float[(int) Math.min(parameter.size(), 1 << 14)];
        double squares = 0;
        for (long done = 0; done < parameter.size(); done += piece.length) {
            int count = (int) Math.min(piece.length, parameter.size() - done);
            slab.read(parameter.offset() + done, piece, 0, count);
            for (int i = 0; i < count; i++) {
                squares += (double) piece[i] * piece[i];
            }
        }
        return Math.sqrt(squares);
    }
}
