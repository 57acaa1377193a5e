package tinygpt.model;

import java.util.ArrayList;
import java.util.List;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.tensor.Matrix;
import tinygpt.tensor.Slab;

/**
 * Where a backward pass leaves the gradient of every parameter that is trained: views of one slab with room for those
 * alone.
 */
public final class Gradients implements AutoCloseable {
    private final Slab slab;
    private final List<Matrix> byIndex;

    public Gradients(ParameterRegistry registry, String role) {
        this.slab = Slab.allocate(role, registry.trainedSize());
        this.byIndex = new ArrayList<>();
        for (Parameter parameter : registry.all()) {
            byIndex.add(parameter.trainable() ? parameter.inTrained(slab) : null);
        }
    }

    /** The gradient of a parameter, null if it is frozen; a tied one has that of the tensor it shares. */
    public Matrix of(Parameter parameter) {
        return byIndex.get(parameter.index());
    }

    public Slab slab() {
        return slab;
    }

    @Override
    public void close() {
        slab.close();
    }
}
