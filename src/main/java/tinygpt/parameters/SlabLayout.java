package tinygpt.parameters;

import java.util.List;

/** Which parameters a slab has room for, and where. */
public enum SlabLayout {
    /** Every parameter with numbers of its own. */
    WEIGHTS,
    /** Those that training moves, close together: gradients and the optimizer's moments. */
    TRAINED;

    /** The parameters that have a place, in registry order. */
    public List<Parameter> parameters(ParameterRegistry registry) {
        return switch (this) {
            case WEIGHTS -> registry.owned();
            case TRAINED -> registry.trained();
        };
    }

    /** Place of a parameter's first element, in floats. */
    public long offset(Parameter parameter) {
        return switch (this) {
            case WEIGHTS -> parameter.offset();
            case TRAINED -> parameter.trainedOffset();
        };
    }

    /** Floats in the slab. */
    public long size(ParameterRegistry registry) {
        return switch (this) {
            case WEIGHTS -> registry.slabSize();
            case TRAINED -> registry.trainedSize();
        };
    }
}
