package tinygpt.parameters;

import java.util.HashMap;
import java.util.Map;
import tinygpt.tensor.Matrix;
import tinygpt.tensor.PackedMatrix;
import tinygpt.tensor.Slab;

/**
 * The weights of a model that is only read, with its matrices in 8 bits or fewer: codes of one byte and scales in memory,
 * whatever the number of bits. What {@link Quantization} does not cover is float32. Belongs to a {@link
 * ParameterRegistry}, see {@link ParameterRegistry#allocatePacked}.
 */
public final class PackedWeights implements AutoCloseable {
    private final Quantization quantization;
    private final Map<Parameter, PackedMatrix> matrices = new HashMap<>();
    private final Map<Parameter, Long> places = new HashMap<>(); // of the rest, in floats
    private final Slab rest;

    PackedWeights(Quantization quantization, ParameterRegistry registry) {
        this.quantization = quantization;
        long offset = 0;
        for (Parameter parameter : registry.owned()) {
            if (!Quantization.covers(parameter)) {
                places.put(parameter, offset);
                offset += ParameterRegistry.aligned(parameter.size());
            }
        }
        this.rest = Slab.allocate("weights that are not rounded", offset);
        try {
            for (Parameter parameter : registry.owned()) {
                if (Quantization.covers(parameter)) {
                    int[] shape = parameter.shape();
                    matrices.put(
                            parameter,
                            PackedMatrix.allocate(parameter.name(), shape[0], shape[1], quantization.group()));
                }
            }
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    /** Bytes that the packed weights of a model take in memory. */
    public static long bytes(Quantization quantization, ParameterRegistry registry) {
        return new Quantization(8, quantization.group()).bytes(registry);
    }

    /** How its matrices were rounded. */
    public Quantization quantization() {
        return quantization;
    }

    /** The matrix of a parameter with numbers of its own; null if they are float32. */
    public PackedMatrix matrix(Parameter owned) {
        return matrices.get(owned);
    }

    /** The float32 numbers of a parameter with numbers of its own, as rows x columns. */
    Matrix floats(Parameter owned) {
        Long place = places.get(owned);
        if (place == null) {
            throw new IllegalStateException(owned.name() + " is kept in 8 bits in this model, not as float32");
        }
        return owned.at(rest, place);
    }

    /**
     * Rounds the weights of another registry of the same shape into this one.
     *
     * @throws ArithmeticException if they are not all finite
     */
    public void copyFrom(ParameterRegistry other) {
        for (Map.Entry<Parameter, PackedMatrix> entry : matrices.entrySet()) {
            Matrix from = other.get(entry.getKey().name()).matrix();
            PackedMatrix to = entry.getValue();
            float[] row = new float[to.columns()];
            byte[] codes = new byte[to.columns()];
            float[] scales = new float[to.groups()];
            for (int r = 0; r < to.rows(); r++) {
                from.readRow(r, row, 0);
                quantization.encode(row, row.length, codes, scales);
                to.writeRow(r, codes, scales);
            }
        }
        for (Parameter parameter : places.keySet()) {
            Matrix from = other.get(parameter.name()).matrix();
            Matrix to = floats(parameter);
            float[] row = new float[to.columns()];
            for (int r = 0; r < to.rows(); r++) {
                from.readRow(r, row, 0);
                to.writeRow(r, row, 0);
            }
        }
    }

    /** Gives the memory back. */
    @Override
    public void close() {
        rest.close();
        matrices.values().forEach(PackedMatrix::close);
    }
}
