package tinygpt.runs;

import java.util.Comparator;
import java.util.List;
import java.util.function.UnaryOperator;
import tinygpt.formats.ModelTensors;
import tinygpt.formats.SafetensorsReader;
import tinygpt.formats.SafetensorsWriter;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.parameters.SlabLayout;
import tinygpt.tensor.Slab;

/** What a tensor of a checkpoint is of a parameter: itself, or one of AdamW's moments of it. */
enum TensorRole {
    WEIGHT("", SlabLayout.WEIGHTS),
    MEAN("adam.m.", SlabLayout.TRAINED),
    VARIANCE("adam.v.", SlabLayout.TRAINED);

    final SlabLayout layout;
    final UnaryOperator<String> name;

    TensorRole(String prefix, SlabLayout layout) {
        this.layout = layout;
        this.name = parameter -> prefix + parameter;
    }

    /** The role that a name in a file claims. */
    static TensorRole of(String inFile) {
        return inFile.startsWith("adam.m.") ? MEAN : inFile.startsWith("adam.v.") ? VARIANCE : WEIGHT;
    }

    void declare(SafetensorsWriter out, ParameterRegistry registry) {
        ModelTensors.declare(out, registry, layout, name);
    }

    void store(SafetensorsWriter out, ParameterRegistry registry, Slab slab) {
        ModelTensors.store(out, registry, layout, name, slab);
    }

    void load(SafetensorsReader in, ParameterRegistry registry, Slab slab) {
        ModelTensors.load(in, registry, layout, name, slab);
    }

    /** Fingerprint of both moments as they are in memory: of the tensors in the order of their names in a file. */
    static String momentsSha256(ParameterRegistry registry, Slab mean, Slab variance) {
        WeightFingerprint.Hashing hashing = new WeightFingerprint.Hashing();
        MEAN.hash(hashing, registry, mean);
        VARIANCE.hash(hashing, registry, variance);
        return hashing.done().whole();
    }

    private void hash(WeightFingerprint.Hashing hashing, ParameterRegistry registry, Slab slab) {
        ModelTensors.checkSize(registry, layout, slab);
        List<Parameter> sorted = layout.parameters(registry).stream()
                .sorted(Comparator.comparing(Parameter::name))
                .toList();
        for (Parameter parameter : sorted) {
            String inFile = name.apply(parameter.name());
            hashing.begin(inFile, parameter);
            ModelTensors.forEachPiece(parameter, layout, slab, hashing::update);
            hashing.end(inFile);
        }
    }
}
