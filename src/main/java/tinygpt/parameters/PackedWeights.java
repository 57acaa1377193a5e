package tinygpt.parameters;

import java.util.HashMap;
import java.util.Map;
import tinygpt.tensor.Matrix;
import tinygpt.tensor.PackedMatrix;
import tinygpt.tensor.Slab;

/**
 * The weights of a model that is only read, with its matrices in 8 bits or fewer: codes of one byte and scales, on the Java
 * heap, whatever the number of bits. What {@link Quantization} does not cover is float32. Belongs to a {@link
 * ParameterRegistry}, see {@link ParameterRegistry#allocatePacked}.
 */
public final class PackedWeights implements AutoCloseable {
    /** Rows that are written at once: a cache line of each column. */
    private static final int ROWS = 64;

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
                    PackedMatrix.Layout layout = layout(parameter.kind());
                    matrices.put(
                            parameter,
                            PackedMatrix.allocate(parameter.name(), layout, shape[0], shape[1], quantization.group()));
                }
            }
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    private static PackedMatrix.Layout layout(ParameterKind kind) {
        return switch (kind) {
            case EMBEDDING, OUTPUT -> PackedMatrix.Layout.BY_ROWS;
            case ATTENTION, FEED_FORWARD, ADAPTER, POSITIONAL, NORMALIZATION -> PackedMatrix.Layout.BY_COLUMNS;
        };
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
            fill(to, (r, codes, scales) -> {
                from.readRow(r, row, 0);
                quantization.encode(row, row.length, codes, scales);
            });
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

    /** Gives the codes and the scales of a row. */
    @FunctionalInterface
    public interface RowSource {
        void read(int row, byte[] codes, float[] scales);
    }

    /** Writes all rows of a matrix. */
    public static void fill(PackedMatrix matrix, RowSource source) {
        byte[] codes = new byte[matrix.columns()];
        float[] scales = new float[matrix.groups()];
        int most = Math.min(matrix.rows(), ROWS);
        byte[] someCodes = new byte[most * codes.length];
        float[] someScales = new float[most * scales.length];
        for (int row = 0; row < matrix.rows(); row += most) {
            int some = Math.min(most, matrix.rows() - row);
            for (int r = 0; r < some; r++) {
                source.read(row + r, codes, scales);
                System.arraycopy(codes, 0, someCodes, r * codes.length, codes.length);
                System.arraycopy(scales, 0, someScales, r * scales.length, scales.length);
            }
            matrix.writeRows(row, some, someCodes, someScales);
        }
    }

    /** Gives the memory back. */
    @Override
    public void close() {
        rest.close();
        matrices.values().forEach(PackedMatrix::close);
    }
}
