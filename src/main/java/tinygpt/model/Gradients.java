package tinygpt.model;

import java.util.List;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.tensor.Matrix;
import tinygpt.tensor.Slab;

/** Where a backward pass leaves the gradient of every parameter: views of one slab, laid out like the weights. */
public final class Gradients implements AutoCloseable {
    private final Slab slab;
    private final List<Matrix> byIndex;

    public Gradients(ParameterRegistry registry, String role) {
        this.slab = Slab.allocate(role, registry.slabSize());
        this.byIndex = registry.all().stream().map(p -> p.in(slab)).toList();
    }

    /** The gradient of a parameter; a tied one has that of the tensor it shares. */
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
