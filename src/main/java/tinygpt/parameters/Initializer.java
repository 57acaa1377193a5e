package tinygpt.parameters;

import java.util.Arrays;
import java.util.stream.LongStream;
import tinygpt.random.CounterRandom;
import tinygpt.random.Stream;
import tinygpt.tensor.Slab;

/**
 * Sets every parameter to its initial law. Element i of a tensor is a function of (seed, name, i): adding or removing
 * another tensor does not change it, nor does the number of threads.
 */
public final class Initializer {
    private static final int PIECE = 1 << 14;

    private Initializer() {}

    /** Fills the weights of a registry that has memory. */
    public static void initialize(ParameterRegistry registry, long seed) {
        for (Parameter parameter : registry.owned()) {
            long pieces = (parameter.size() + PIECE - 1) / PIECE;
            LongStream.range(0, pieces)
                    .parallel()
                    .forEach(piece -> fill(parameter, piece * PIECE, seed, registry.weights()));
        }
    }

    private static void fill(Parameter parameter, long first, long seed, Slab weights) {
        int count = (int) Math.min(PIECE, parameter.size() - first);
        weights.write(parameter.offset() + first, values(parameter, first, count, seed), 0, count);
    }

    /**
     * The initial values of a stretch of a parameter, computed from its law alone.
     *
     * @param first element to start at; must be even
     */
    public static float[] values(Parameter parameter, long first, int count, long seed) {
        float[] values = new float[count];
        InitialLaw law = parameter.initialLaw();
        if (law instanceof InitialLaw.Normal normal) {
            long place = CounterRandom.hash(parameter.name());
            CounterRandom.normals(seed, Stream.INITIAL_WEIGHTS, place, first, normal.std(), values, count);
        } else if (law instanceof InitialLaw.Constant constant) {
            Arrays.fill(values, constant.value());
        }
        return values;
    }
}
