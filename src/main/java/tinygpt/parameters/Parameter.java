package tinygpt.parameters;

import java.util.Arrays;
import org.nd4j.linalg.api.ndarray.INDArray;
import tinygpt.tensor.Matrix;
import tinygpt.tensor.PackedMatrix;
import tinygpt.tensor.Slab;

/**
 * One named tensor of the model: what it is, how it starts, how it may be moved, and, once the registry has memory, a view
 * of its numbers.
 */
public final class Parameter {
    /** The layer of a parameter that belongs to no transformer block. */
    public static final int NO_LAYER = -1;

    private static final long FROZEN = -1;

    private final ParameterRegistry registry;
    private final int index;
    private final String name;
    private final ParameterKind kind;
    private final int layer;
    private final int[] shape;
    private final InitialLaw initialLaw;
    private final boolean decayed;
    private final Parameter tiedTo;
    private final long offset;
    private long trainedOffset = FROZEN; // set once, while the registry is built

    Parameter(ParameterRegistry registry, int index, Declaration declaration, Parameter tiedTo, long offset) {
        this.registry = registry;
        this.index = index;
        this.name = declaration.name();
        this.kind = declaration.kind();
        this.layer = declaration.layer();
        this.shape = declaration.shape().clone();
        this.initialLaw = declaration.initialLaw();
        this.decayed = declaration.decayed();
        this.tiedTo = tiedTo;
        this.offset = offset;
    }

    /** What is said of a parameter when it is declared; {@code tiedTo} is the name of the tensor it shares, or null. */
    record Declaration(
            String name,
            ParameterKind kind,
            int layer,
            int[] shape,
            InitialLaw initialLaw,
            boolean decayed,
            String tiedTo) {}

    /** Says that training moves this parameter, and where its gradient and moments lie. */
    void trainAt(long place) {
        trainedOffset = place;
    }

    /** Position in the registry, counted from 0; tied parameters have one too. */
    public int index() {
        return index;
    }

    /** Hugging Face's name of the tensor in GPT-2, without the {@code transformer.} prefix. */
    public String name() {
        return name;
    }

    public ParameterKind kind() {
        return kind;
    }

    /** The transformer block it belongs to, counted from 0, or {@link #NO_LAYER}. */
    public int layer() {
        return layer;
    }

    /** Sizes of its one or two dimensions; linear layers are [in, out], as Hugging Face stores GPT-2's. */
    public int[] shape() {
        return shape.clone();
    }

    /** Number of elements of its shape. */
    public long size() {
        return shape.length == 1 ? shape[0] : (long) shape[0] * shape[1];
    }

    /** Number of parameters it adds to the model: its size, or 0 if it shares another tensor's numbers. */
    public long count() {
        return tiedTo == null ? size() : 0;
    }

    public InitialLaw initialLaw() {
        return initialLaw;
    }

    /** Whether AdamW's weight decay applies: matrices and embeddings yes, biases and norms no. */
    public boolean decayed() {
        return decayed;
    }

    /** Whether training may move it; it is frozen otherwise. A tied parameter is as the one it shares. */
    public boolean trainable() {
        return trainedOffset != FROZEN;
    }

    /** The parameter whose numbers it shares, or null. */
    public Parameter tiedTo() {
        return tiedTo;
    }

    /** Place of its first element in the slabs of the registry, in floats, a multiple of 16. */
    public long offset() {
        return offset;
    }

    /**
     * Place of its first element in slabs of gradients and moments, which have room for what is trained only; a multiple of
     * 16. Where everything is trained it is {@link #offset()}.
     *
     * @throws IllegalStateException if it is frozen
     */
    public long trainedOffset() {
        if (trainedOffset == FROZEN) {
            throw new IllegalStateException(name + " is frozen: it has no gradient and no moments");
        }
        return trainedOffset;
    }

    /**
     * Its numbers, as a view: writing to it changes the model. The first call of a process starts ND4J.
     *
     * @throws IllegalStateException if the registry holds shapes only
     */
    public INDArray value() {
        return registry.weights().array(offset, longShape());
    }

    /**
     * The gradient of the last training step, as a view: the sum over all shards, after clipping.
     *
     * @throws IllegalStateException if nothing was trained yet, or this parameter is frozen
     */
    public INDArray gradient() {
        return registry.gradients().array(trainedOffset(), longShape());
    }

    /** Its numbers in a slab laid out like the registry's, as rows x columns; a vector is one row. */
    public Matrix in(Slab slab) {
        return at(slab, offset);
    }

    /**
     * Its numbers in a slab of gradients or moments.
     *
     * @throws IllegalStateException if it is frozen
     */
    public Matrix inTrained(Slab slab) {
        return at(slab, trainedOffset());
    }

    /**
     * Its numbers in the registry's weights.
     *
     * @throws IllegalStateException if it has none, or not as float32: see {@link #packed()}
     */
    public Matrix matrix() {
        return registry.matrix(this);
    }

    /** Its numbers as whole numbers with scales, where the registry keeps them so; null where they are float32. */
    public PackedMatrix packed() {
        return registry.packed(this);
    }

    @Override
    public String toString() {
        return name + " " + Arrays.toString(shape);
    }

    Matrix at(Slab slab, long place) {
        int rows = shape.length == 1 ? 1 : shape[0];
        return slab.matrix(place, rows, shape[shape.length - 1]);
    }

    private long[] longShape() {
        return Arrays.stream(shape).asLongStream().toArray();
    }
}
