package tinygpt.parameters;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tinygpt.hyperparameters.Adaptation;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.ModelShape;
import tinygpt.parameters.Parameter.Declaration;
import tinygpt.tensor.Matrix;
import tinygpt.tensor.PackedMatrix;
import tinygpt.tensor.Slab;

/**
 * All parameters of one model, by name, in a fixed order.
 *
 * <p>A registry is first built with shapes only: no memory, no ND4J, whatever the size of the model. {@link #allocate()}
 * gives it the slab of weights.
 */
public final class ParameterRegistry implements AutoCloseable {
    /** Every parameter starts at a multiple of this many floats, 64 bytes. */
    private static final int ALIGNMENT = 16;

    private final ModelShape shape;
    private final Adaptation adaptation;
    private final List<Parameter> parameters;
    private final Map<String, Parameter> byName = new LinkedHashMap<>();
    private final Map<Parameter, Adapter> adapters = new LinkedHashMap<>(); // by the weight they adapt
    private final List<Parameter> trained = new ArrayList<>();
    private final long slabSize;
    private final long trainedSize;
    private Slab weights;
    private PackedWeights packed;
    private Slab gradients;
    private boolean closed;

    private ParameterRegistry(ModelShape shape, Adaptation adaptation) {
        this.shape = shape;
        this.adaptation = adaptation;
        Declarations declarations = new Declarations(shape, adaptation);
        List<Parameter> all = new ArrayList<>();
        long offset = 0;
        for (Declaration declaration : declarations.gpt2()) {
            Parameter tiedTo = declaration.tiedTo() == null ? null : get(declaration.tiedTo());
            Parameter parameter =
                    new Parameter(this, all.size(), declaration, tiedTo, tiedTo == null ? offset : tiedTo.offset());
            if (byName.put(parameter.name(), parameter) != null) {
                throw new IllegalStateException("two parameters are named " + parameter.name());
            }
            all.add(parameter);
            if (tiedTo == null) {
                offset = Math.addExact(offset, aligned(parameter.size()));
            }
        }
        this.parameters = List.copyOf(all);
        this.slabSize = offset;
        for (String layer : declarations.adapted()) {
            Parameter weight = get(layer + ".weight");
            Parameter a = get(layer + ".lora_A.weight");
            adapters.put(weight, new Adapter(layer, weight, a, get(layer + ".lora_B.weight"), adaptation.loraScale()));
        }
        this.trainedSize = train();
        Completeness.check(shape, adapterNumbers(), parameters);
    }

    /** The registry of a GPT-2 style model, shapes only, of which everything is trained. */
    public static ParameterRegistry of(ModelShape shape) {
        return of(shape, Adaptation.NONE);
    }

    /**
     * The registry that hyperparameters describe, shapes only.
     *
     * @throws IllegalArgumentException as {@link #of(ModelShape, Adaptation)}
     */
    public static ParameterRegistry of(Hyperparameters hyperparameters) {
        return of(hyperparameters.model(), hyperparameters.adaptation());
    }

    /**
     * The registry of a GPT-2 style model with its adapters, shapes only.
     *
     * @throws IllegalArgumentException if a selector is broken or matches nothing, everything would be frozen, or a layer
     *     is smaller than its adapter
     */
    public static ParameterRegistry of(ModelShape shape, Adaptation adaptation) {
        return new ParameterRegistry(shape, adaptation);
    }

    /** Gives the registry a slab of zeros for its weights, if it has none yet. */
    public ParameterRegistry allocate() {
        if (packed != null) {
            weights(); // says that they are not float32
        }
        if (weights == null) {
            weights = Slab.allocate("weights", slabSize);
            closed = false;
        }
        return this;
    }

    /**
     * Gives the registry weights that are only read, with the matrices in 8 bits, for a model that generates. They are all 0
     * until somebody writes them.
     *
     * @throws IllegalStateException if it has weights already
     */
    public PackedWeights allocatePacked(Quantization quantization) {
        if (weights != null || packed != null) {
            throw new IllegalStateException("this model has weights already");
        }
        packed = new PackedWeights(quantization, this);
        closed = false;
        return packed;
    }

    public ModelShape shape() {
        return shape;
    }

    /** What is trained, and the adapters. */
    public Adaptation adaptation() {
        return adaptation;
    }

    /** All parameters in registry order, tied ones too. */
    public List<Parameter> all() {
        return parameters;
    }

    /** The parameters that have numbers of their own. */
    public List<Parameter> owned() {
        return parameters.stream().filter(p -> p.tiedTo() == null).toList();
    }

    /** The parameters with numbers of their own that training moves. */
    public List<Parameter> trained() {
        return Collections.unmodifiableList(trained);
    }

    /** The parameters with numbers of their own that training leaves as they are. */
    public List<Parameter> frozen() {
        return owned().stream().filter(p -> !p.trainable()).toList();
    }

    /** What the selectors of the list {@code trainable} match, one by one; later ones win over earlier ones. */
    public List<Selected> selections() {
        return matches().all();
    }

    /** The low-rank adapters, in registry order; none unless a rank is set. */
    public List<Adapter> adapters() {
        return List.copyOf(adapters.values());
    }

    /** The adapter of the linear layer with that weight, or null. */
    public Adapter adapterOf(Parameter weight) {
        return adapters.get(weight);
    }

    /**
     * The parameter of that name.
     *
     * @throws IllegalArgumentException if there is none, saying how to see those there are
     */
    public Parameter get(String name) {
        Parameter parameter = byName.get(name);
        if (parameter == null) {
            throw new IllegalArgumentException("there is no parameter '" + name + "' in this model of " + shape.layers()
                    + " layers; the command 'params --all' lists them");
        }
        return parameter;
    }

    public boolean contains(String name) {
        return byName.containsKey(name);
    }

    /** Number of parameters, tied ones counted once. */
    public long count() {
        long count = 0;
        for (Parameter parameter : parameters) {
            count += parameter.count();
        }
        return count;
    }

    /** Number of parameters of a kind, tied ones counted once, where their numbers live. */
    public long count(ParameterKind kind) {
        long count = 0;
        for (Parameter parameter : parameters) {
            count += parameter.kind() == kind ? parameter.count() : 0;
        }
        return count;
    }

    /** Floats in a slab laid out like this registry, with the padding between parameters. */
    public long slabSize() {
        return slabSize;
    }

    /** Floats in a slab of gradients or moments, which has room for what is trained only. */
    public long trainedSize() {
        return trainedSize;
    }

    /** Number of parameters that training moves. */
    public long trainedCount() {
        long count = 0;
        for (Parameter parameter : trained) {
            count += parameter.count();
        }
        return count;
    }

    /**
     * Refuses a model that cannot compute.
     *
     * @throws IllegalStateException if this registry holds shapes only, or was closed
     */
    public void checkOpen() {
        if (packed == null) {
            weights();
        }
    }

    /** Its float32 numbers, wherever they are. */
    Matrix matrix(Parameter parameter) {
        return packed == null ? parameter.in(weights()) : packed.floats(owner(parameter));
    }

    /** The packed matrix of a parameter, or of the one it is tied to; null if its numbers are float32. */
    PackedMatrix packed(Parameter parameter) {
        return packed == null ? null : packed.matrix(owner(parameter));
    }

    private static Parameter owner(Parameter parameter) {
        return parameter.tiedTo() == null ? parameter : parameter.tiedTo();
    }

    /**
     * The slab of weights.
     *
     * @throws IllegalStateException if this registry holds shapes only, was closed, or keeps its matrices in 8 bits
     */
    public Slab weights() {
        if (closed) {
            throw new IllegalStateException(
                    "this model was closed and its weights are gone; use it only while what it was opened with is open");
        }
        if (packed != null) {
            throw new IllegalStateException("this model keeps its matrices in 8 bits, to generate and for nothing else;"
                    + " open it with LoadedModel.open to have them as float32");
        }
        if (weights == null) {
            throw new IllegalStateException("this registry holds shapes only; call allocate() to give it memory");
        }
        return weights;
    }

    /** Lends the slab in which training leaves the gradient of a step; null takes it back. */
    public void lendGradients(Slab slab) {
        if (slab != null && slab.size() != trainedSize) {
            throw new IllegalArgumentException("gradients need " + trainedSize + " floats, not " + slab.size());
        }
        gradients = slab;
    }

    /**
     * The slab with the gradient of the last step.
     *
     * @throws IllegalStateException if nothing is being trained
     */
    public Slab gradients() {
        if (gradients == null) {
            throw new IllegalStateException("there are no gradients: no trainer is open on this model");
        }
        return gradients;
    }

    /**
     * Takes over the numbers of another registry by name. What only this one has, such as its adapters and rows behind
     * the other's last, stays as it is.
     *
     * @throws IllegalArgumentException if the other has a parameter that this one has not, or that does not fit
     */
    public void copyFrom(ParameterRegistry other) {
        float[] piece = new float[1 << 14];
        for (Parameter from : other.owned()) {
            Parameter to = get(from.name());
            int[] old = from.shape();
            int[] now = to.shape();
            if (old.length != now.length || old[old.length - 1] != now[now.length - 1] || old[0] > now[0]) {
                throw new IllegalArgumentException(from + " of the base model does not fit " + to + " of this one;"
                        + " leave the architecture's flags out");
            }
            for (long done = 0; done < from.size(); done += piece.length) {
                int count = (int) Math.min(piece.length, from.size() - done);
                other.weights().read(from.offset() + done, piece, 0, count);
                weights().write(to.offset() + done, piece, 0, count);
            }
        }
    }

    /** Gives the memory of the weights back. */
    @Override
    public void close() {
        if (weights != null) {
            weights.close();
            weights = null;
            closed = true;
        }
        if (packed != null) {
            packed.close();
            packed = null;
            closed = true;
        }
        gradients = null;
    }

    /** Says which parameters are trained; returns the size of a slab for them. */
    private long train() {
        matches().check();
        SelectorList chosen = new SelectorList(adaptation.trainable());
        long offset = 0;
        for (Parameter parameter : parameters) {
            if (parameter.tiedTo() != null) {
                if (parameter.tiedTo().trainable()) {
                    parameter.trainAt(parameter.tiedTo().trainedOffset());
                }
            } else if (chosen.chooses(parameter.kind(), parameter.name())) {
                parameter.trainAt(offset);
                trained.add(parameter);
                offset = Math.addExact(offset, aligned(parameter.size()));
            }
        }
        if (trained.isEmpty()) {
            throw new IllegalArgumentException(
                    "'" + adaptation.trainable() + "' leaves no parameter to train; everything would be frozen");
        }
        return offset;
    }

    private SelectorMatches matches() {
        return new SelectorMatches(new SelectorList(adaptation.trainable()), parameters);
    }

    static long aligned(long floats) {
        return (floats + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    /** How many numbers the adapters must have: rank (in + out) for each layer. */
    private long adapterNumbers() {
        long numbers = 0;
        for (Adapter adapter : adapters.values()) {
            int[] size = adapter.weight().shape();
            numbers += (long) adaptation.loraRank() * (size[0] + size[1]);
        }
        return numbers;
    }
}
