package tinygpt.formats;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.UnaryOperator;
import tinygpt.hyperparameters.Adaptation;
import tinygpt.hyperparameters.ModelShape;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.parameters.SlabLayout;
import tinygpt.tensor.Slab;

/**
 * The way between the parameters of a registry and the tensors of a file. Only parameters with numbers of their own are in
 * a file: a tied head is there once, as the embedding.
 */
public final class ModelTensors {
    /** Floats copied at a time. */
    private static final int PIECE = 1 << 16;

    private static final int MOST_NAMED = 4;
    /** How many times larger than its file a model may claim to be before its tensors are even looked for. */
    private static final double TOO_LARGE = 64;

    private ModelTensors() {}

    /**
     * The registry, shapes only, of a model that is said to be in a file.
     *
     * @throws BadFileException if that model is so much larger than the file that even listing its parameters would be
     *     a waste; smaller contradictions are left to {@link #check}
     */
    public static ParameterRegistry registry(TensorFile file, ModelShape shape, Adaptation adaptation) {
        double c = shape.width();
        double floats = c * shape.vocabularySize()
                + c * shape.contextLength()
                + shape.layers() * (4 * c * c + 2 * c * shape.feedForwardWidth());
        long bytes = file.entries().stream().mapToLong(e -> e.end() - e.begin()).sum();
        int tensors = file.names().size();
        if (shape.layers() > tensors || floats > TOO_LARGE * bytes) {
            throw new BadFileException(
                    file.file(),
                    String.format(
                            Locale.ROOT,
                            "its %d tensors of %d bytes cannot be the model of %d layers and %.3g parameters "
                                    + "that its configuration describes; take both from the same source",
                            tensors,
                            bytes,
                            shape.layers(),
                            floats));
        }
        try {
            return ParameterRegistry.of(shape, adaptation);
        } catch (IllegalArgumentException e) {
            throw new BadFileException(
                    file.file(),
                    "what it says of training cannot be: " + BadFileException.quoteSentence(e.getMessage()),
                    e);
        }
    }

    /**
     * Checks that a file has every parameter of a layout, in its shape, as floating point numbers.
     *
     * @param nameInFile the name in the file for a parameter's name
     * @throws BadFileException naming those that are missing or of another shape or type
     */
    public static void check(
            TensorFile file, ParameterRegistry registry, SlabLayout layout, UnaryOperator<String> nameInFile) {
        List<String> missing = new ArrayList<>();
        List<String> different = new ArrayList<>();
        for (Parameter parameter : layout.parameters(registry)) {
            String name = nameInFile.apply(parameter.name());
            if (!file.contains(name)) {
                missing.add(name);
                continue;
            }
            long[] found = file.shape(name);
            long[] wanted = longShape(parameter);
            if (!Arrays.equals(found, wanted)) {
                different.add(name + " is " + Arrays.toString(found) + " in the file, " + Arrays.toString(wanted)
                        + " in this model");
            } else if (!file.holdsFloats(name)) {
                different.add(name + " is " + file.entry(name).dtype() + " in the file, not F32, F16, BF16 or F64");
            }
        }
        if (!different.isEmpty()) {
            throw new BadFileException(
                    file.file(), some(different, "; ") + "; the file belongs to a model of another shape");
        }
        if (!missing.isEmpty()) {
            throw new BadFileException(
                    file.file(),
                    "has no " + some(missing, ", ") + "; it belongs to a model of another shape or was cut down");
        }
    }

    /**
     * Refuses tensors that nobody knows.
     *
     * @throws BadFileException naming them, if there are any
     */
    public static void refuseUnknown(TensorFile file, List<String> unknown) {
        if (!unknown.isEmpty()) {
            throw new BadFileException(
                    file.file(),
                    "holds "
                            + some(unknown.stream().map(BadFileException::quote).toList(), ", ")
                            + ", which this model does not have; the file belongs to another model");
        }
    }

    /** Copies the tensors into a slab of that layout, after {@link #check}. */
    public static void load(
            TensorFile file,
            ParameterRegistry registry,
            SlabLayout layout,
            UnaryOperator<String> nameInFile,
            Slab slab) {
        checkSize(registry, layout, slab);
        float[] piece = new float[PIECE];
        for (Parameter parameter : layout.parameters(registry)) {
            String name = nameInFile.apply(parameter.name());
            for (long done = 0; done < parameter.size(); done += PIECE) {
                int n = (int) Math.min(PIECE, parameter.size() - done);
                file.readFloats(name, done, piece, 0, n);
                slab.write(layout.offset(parameter) + done, piece, 0, n);
            }
        }
    }

    /** Declares the parameters of a layout in a file, in registry order. */
    public static void declare(
            SafetensorsWriter file, ParameterRegistry registry, SlabLayout layout, UnaryOperator<String> nameInFile) {
        for (Parameter parameter : layout.parameters(registry)) {
            file.declare(nameInFile.apply(parameter.name()), longShape(parameter));
        }
    }

    /** Copies a slab of that layout into a file, after {@link #declare}. */
    public static void store(
            SafetensorsWriter file,
            ParameterRegistry registry,
            SlabLayout layout,
            UnaryOperator<String> nameInFile,
            Slab slab) {
        checkSize(registry, layout, slab);
        for (Parameter parameter : layout.parameters(registry)) {
            String name = nameInFile.apply(parameter.name());
            forEachPiece(parameter, layout, slab, (piece, n) -> file.write(name, piece, 0, n));
        }
    }

    /** Takes some numbers of a parameter. */
    public interface Piece {
        void take(float[] piece, int count);
    }

    /** Walks through the numbers of a parameter in a slab laid out like the weights. */
    public static void forEachPiece(Parameter parameter, Slab slab, Piece sink) {
        forEachPiece(parameter, SlabLayout.WEIGHTS, slab, sink);
    }

    /** Walks through the numbers of a parameter in a slab of that layout. */
    public static void forEachPiece(Parameter parameter, SlabLayout layout, Slab slab, Piece sink) {
        forEachPiece(slab, layout.offset(parameter), parameter.size(), sink);
    }

    private static void forEachPiece(Slab slab, long offset, long size, Piece sink) {
        float[] piece = new float[(int) Math.min(PIECE, size)];
        for (long done = 0; done < size; done += piece.length) {
            int n = (int) Math.min(piece.length, size - done);
            slab.read(offset + done, piece, 0, n);
            sink.take(piece, n);
        }
    }

    /**
     * Refuses a slab of another size than the layout's.
     *
     * @throws IllegalArgumentException if it is
     */
    public static void checkSize(ParameterRegistry registry, SlabLayout layout, Slab slab) {
        if (slab.size() != layout.size(registry)) {
            throw new IllegalArgumentException("a slab laid out like this model has " + layout.size(registry)
                    + " floats, not " + slab.size() + " as " + slab.role());
        }
    }

    private static long[] longShape(Parameter parameter) {
        return Arrays.stream(parameter.shape()).asLongStream().toArray();
    }

    private static String some(List<String> all, String separator) {
        String shown = String.join(separator, all.subList(0, Math.min(MOST_NAMED, all.size())));
        return all.size() <= MOST_NAMED ? shown : shown + " and " + (all.size() - MOST_NAMED) + " more";
    }
}
