package tinygpt.runs;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import tinygpt.formats.BadFileException;
import tinygpt.formats.Dtype;
import tinygpt.formats.ModelTensors;
import tinygpt.formats.QuantizedTensors;
import tinygpt.formats.SafetensorsReader;
import tinygpt.formats.SafetensorsWriter;
import tinygpt.parameters.PackedWeights;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.parameters.Quantization;
import tinygpt.tensor.Matrix;
import tinygpt.tensor.PackedMatrix;

/**
 * A checkpoint whose matrices are kept with fewer bits: what {@link Checkpoint} says, format {@value Checkpoint#ROUNDED},
 * with tensors as {@link QuantizedTensors} describes them. The fingerprint of its weights is that of the tensors as they are
 * in the file. It holds no optimizer state: what was lost cannot be trained on as if it were there.
 */
public final class QuantizedCheckpoint {
    private QuantizedCheckpoint() {}

    /** A tensor of the file, which can be walked through again and again. */
    private record Stored(String name, Dtype dtype, long[] shape, Rows rows) {}

    /** Makes the bytes of a tensor, row by row. */
    @FunctionalInterface
    private interface Rows {
        void forEach(Sink sink);
    }

    /** Takes the bytes of a row. */
    @FunctionalInterface
    private interface Sink {
        void take(byte[] bytes);
    }

    /**
     * Rounds a model and writes it, whole or not at all. The model stays as it is; memory for a few rows is enough.
     *
     * @param registry the parameters, with float32 memory
     * @return the header as a reader will see it
     * @throws IllegalArgumentException if the registry does not belong to these hyperparameters, or has adapters
     * @throws ArithmeticException if weights are not finite
     * @throws java.io.UncheckedIOException if the disk is full or the folder cannot be written
     */
    public static CheckpointHeader write(
            Path file, Checkpoint.Facts facts, ParameterRegistry registry, Quantization quantization) {
        Checkpoint.checkBelongs(facts, registry);
        if (!registry.adapters().isEmpty()) {
            throw new IllegalArgumentException(
                    "adapters are not rounded; make them part of the model first, with 'tinygpt merge'");
        }
        List<Stored> tensors = tensors(registry, quantization);
        WeightFingerprint.Hashing hashing = new WeightFingerprint.Hashing();
        tensors.stream().sorted(Comparator.comparing(Stored::name)).forEach(tensor -> {
            hashing.begin(tensor.name(), tensor.dtype().name(), Arrays.toString(tensor.shape()));
            tensor.rows().forEach(bytes -> hashing.update(ByteBuffer.wrap(bytes)));
            hashing.end(tensor.name());
        });
        WeightFingerprint weights = hashing.done();
        try (SafetensorsWriter out = SafetensorsWriter.create(file)) {
            CheckpointHeader header =
                    CheckpointMetadata.write(out, facts, weights, Optional.empty(), Optional.of(quantization));
            out.metadata(QuantizedTensors.KEY, QuantizedTensors.metadata(quantization, covered(registry)));
            tensors.forEach(tensor -> out.declare(tensor.name(), tensor.dtype(), tensor.shape()));
            for (Stored tensor : tensors) {
                tensor.rows().forEach(bytes -> out.writeBytes(tensor.name(), bytes, 0, bytes.length));
            }
            out.commit();
            return header;
        }
    }

    /**
     * Reads the weights of such a file, after its header was checked.
     *
     * @param weights of a registry that the header describes, rounded as the file is
     */
    static void read(SafetensorsReader in, ParameterRegistry registry, PackedWeights weights) {
        QuantizedTensors quantized = in.quantized().orElseThrow();
        for (Parameter parameter : registry.owned()) {
            PackedMatrix matrix = weights.matrix(parameter);
            if (matrix == null) {
                Matrix floats = parameter.matrix();
                float[] row = new float[floats.columns()];
                for (int r = 0; r < floats.rows(); r++) {
                    in.readFloats(parameter.name(), (long) r * row.length, row, 0, row.length);
                    floats.writeRow(r, row, 0);
                }
                continue;
            }
            PackedWeights.fill(matrix, (row, codes, scales) -> quantized.readRow(parameter.name(), row, codes, scales));
        }
    }

    /**
     * Checks that exactly those matrices are rounded that should be.
     *
     * @return the names of the tensors that hold scales
     * @throws BadFileException if others are
     */
    static Set<String> checkRounded(SafetensorsReader in, ParameterRegistry registry) {
        if (in.quantized().isEmpty()) {
            return Set.of();
        }
        QuantizedTensors quantized = in.quantized().get();
        Set<String> wanted = new HashSet<>();
        covered(registry).forEach(p -> wanted.add(p.name()));
        if (!wanted.equals(new HashSet<>(quantized.names()))) {
            throw new BadFileException(
                    in.file(), "its rounded tensors are not the matrices of its model; use another checkpoint");
        }
        Set<String> scales = new HashSet<>();
        wanted.forEach(name -> scales.add(QuantizedTensors.scales(name)));
        return scales;
    }

    private static List<Parameter> covered(ParameterRegistry registry) {
        return registry.owned().stream().filter(Quantization::covers).toList();
    }

    /** What is float32 first, so that every number begins at a multiple of its size. */
    private static List<Stored> tensors(ParameterRegistry registry, Quantization quantization) {
        List<Stored> floats = new ArrayList<>();
        List<Stored> codes = new ArrayList<>();
        for (Parameter parameter : registry.owned()) {
            if (!Quantization.covers(parameter)) {
                floats.add(new Stored(
                        parameter.name(),
                        Dtype.F32,
                        Arrays.stream(parameter.shape()).asLongStream().toArray(),
                        sink -> ModelTensors.forEachPiece(
                                parameter, registry.weights(), (piece, n) -> sink.take(bytes(piece, n)))));
                continue;
            }
            int rows = parameter.shape()[0];
            int columns = parameter.shape()[1];
            int groups = quantization.groups(columns);
            floats.add(new Stored(
                    QuantizedTensors.scales(parameter.name()),
                    Dtype.F32,
                    new long[] {rows, groups},
                    sink -> encoded(parameter, quantization, (c, scales) -> sink.take(bytes(scales, groups)))));
            byte[] packed = new byte[quantization.codeBytes(columns)];
            codes.add(new Stored(
                    parameter.name(),
                    QuantizedTensors.dtype(quantization),
                    new long[] {rows, packed.length},
                    sink -> encoded(parameter, quantization, (c, scales) -> {
                        quantization.pack(c, columns, packed);
                        sink.take(packed);
                    })));
        }
        floats.addAll(codes);
        return floats;
    }

    /** Takes the codes and scales of a row. */
    @FunctionalInterface
    private interface Encoded {
        void take(byte[] codes, float[] scales);
    }

    private static void encoded(Parameter parameter, Quantization quantization, Encoded sink) {
        Matrix matrix = parameter.matrix();
        float[] row = new float[matrix.columns()];
        byte[] codes = new byte[row.length];
        float[] scales = new float[quantization.groups(row.length)];
        for (int r = 0; r < matrix.rows(); r++) {
            matrix.readRow(r, row, 0);
            quantization.encode(row, row.length, codes, scales);
            sink.take(codes, scales);
        }
    }

    private static byte[] bytes(float[] numbers, int count) {
        ByteBuffer bytes = ByteBuffer.allocate(count * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(numbers, 0, count);
        return bytes.array();
    }
}
