package tinygpt.runs;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import tinygpt.formats.ModelTensors;
import tinygpt.formats.SafetensorsReader;
import tinygpt.formats.SafetensorsWriter;
import tinygpt.hyperparameters.Synchronization;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.parameters.SlabLayout;
import tinygpt.tensor.Slab;
import tinygpt.training.AdamWMoments;
import tinygpt.training.OptimizerState;

/**
 * What a tensor of a checkpoint is of a parameter: itself, or something that an optimizer remembers of it.
 *
 * @param prefix of its name, before the parameter's
 */
record TensorRole(String prefix, SlabLayout layout) implements Comparable<TensorRole> {
    static final TensorRole WEIGHT = new TensorRole("", SlabLayout.WEIGHTS);

    private static final String MEAN = "adam.m.";
    private static final String VARIANCE = "adam.v.";
    private static final String VELOCITY = "diloco.outer.";

    /** Whether a tensor of that name is a parameter. */
    static boolean isWeight(String inFile) {
        return !inFile.startsWith(MEAN) && !inFile.startsWith(VARIANCE) && !inFile.startsWith(VELOCITY);
    }

    /** The roles of what is remembered between steps, or between rounds of replicas, in the order of names. */
    static List<TensorRole> remembered(Synchronization synchronization) {
        List<TensorRole> roles = new ArrayList<>();
        if (synchronization.inRounds()) {
            roles.add(remembered(VELOCITY));
            for (int k = 0; k < synchronization.replicas(); k++) {
                roles.add(remembered(MEAN + k + "."));
                roles.add(remembered(VARIANCE + k + "."));
            }
        } else {
            roles.add(remembered(MEAN));
            roles.add(remembered(VARIANCE));
        }
        roles.sort(Comparator.naturalOrder());
        return roles;
    }

    /** The slabs in which it is in memory, in the order of names. */
    static SortedMap<TensorRole, Slab> slabs(OptimizerState state) {
        SortedMap<TensorRole, Slab> slabs = new TreeMap<>();
        state.velocity().ifPresent(velocity -> slabs.put(remembered(VELOCITY), velocity));
        for (int k = 0; k < state.replicas().size(); k++) {
            String number = state.velocity().isPresent() ? k + "." : "";
            AdamWMoments own = state.replicas().get(k);
            slabs.put(remembered(MEAN + number), own.mean());
            slabs.put(remembered(VARIANCE + number), own.meanSquare());
        }
        return slabs;
    }

    private static TensorRole remembered(String prefix) {
        return new TensorRole(prefix, SlabLayout.TRAINED);
    }

    /** The name in a file for that of a parameter. */
    String name(String parameter) {
        return prefix + parameter;
    }

    private UnaryOperator<String> names() {
        return this::name;
    }

    /** By prefix, which is the order of names: none begins with another and more letters of a parameter. */
    @Override
    public int compareTo(TensorRole other) {
        return prefix.compareTo(other.prefix);
    }

    void check(SafetensorsReader in, ParameterRegistry registry) {
        ModelTensors.check(in, registry, layout, names());
    }

    void declare(SafetensorsWriter out, ParameterRegistry registry) {
        ModelTensors.declare(out, registry, layout, names());
    }

    void store(SafetensorsWriter out, ParameterRegistry registry, Slab slab) {
        ModelTensors.store(out, registry, layout, names(), slab);
    }

    void load(SafetensorsReader in, ParameterRegistry registry, Slab slab) {
        ModelTensors.load(in, registry, layout, names(), slab);
    }

    /** Fingerprint of what is remembered as it is in memory: of the tensors in the order of their names in a file. */
    static String sha256(ParameterRegistry registry, SortedMap<TensorRole, Slab> slabs) {
        WeightFingerprint.Hashing hashing = new WeightFingerprint.Hashing();
        slabs.forEach((role, slab) -> role.hash(hashing, registry, slab));
        return hashing.done().whole();
    }

    private void hash(WeightFingerprint.Hashing hashing, ParameterRegistry registry, Slab slab) {
        ModelTensors.checkSize(registry, layout, slab);
        List<Parameter> sorted = layout.parameters(registry).stream()
                .sorted(Comparator.comparing(Parameter::name))
                .toList();
        for (Parameter parameter : sorted) {
            String inFile = name(parameter.name());
            hashing.begin(inFile, parameter);
            ModelTensors.forEachPiece(parameter, layout, slab, hashing::update);
            hashing.end(inFile);
        }
    }
}
