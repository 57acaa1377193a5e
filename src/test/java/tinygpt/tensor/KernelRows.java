package tinygpt.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;
import tinygpt.reference.ModelFixtures;

/** What tests of kernels work on: both sets of kernels, sizes that break lanes, guarded rows. */
final class KernelRows {
    private static final int[] SIZES = {1, 4, 6, 8, 13, 16, 25, 33, 64, 100, 207, 1024, 4098};
    static final float GUARD = 1234.5f;

    /** Rounding of float32. */
    static final double ULP = 0x1p-23;

    private KernelRows() {}

    static List<Kernels> both() {
        return List.of(new ScalarKernels(), new VectorKernels());
    }

    static Stream<Arguments> kernelsAndSizes() {
        return both().stream().flatMap(k -> IntStream.of(SIZES).mapToObj(n -> Arguments.of(k, n)));
    }

    /** A row somewhere in an array, with guards around it that nothing may touch. */
    static final class Row {
        final float[] array;
        final int at;
        final int n;

        Row(int n, int at, long seed, double scale) {
            this.array = new float[at + n + 19];
            this.at = at;
            this.n = n;
            Arrays.fill(array, GUARD);
            double[] values = ModelFixtures.randomNormals(n, seed);
            for (int i = 0; i < n; i++) {
                array[at + i] = (float) (scale * values[i]);
            }
        }

        Row(float... values) {
            this(values.length, 3, 1, 1);
            System.arraycopy(values, 0, array, at, n);
        }

        /** The numbers, once the guards have been checked. */
        double[] values() {
            for (int i = 0; i < array.length; i++) {
                if (i < at || i >= at + n) {
                    assertEquals(GUARD, array[i], "guard at " + (i - at) + " of a row of " + n);
                }
            }
            double[] values = new double[n];
            for (int i = 0; i < n; i++) {
                values[i] = array[at + i];
            }
            return values;
        }
    }

    static float[] floats(double[] values) {
        float[] floats = new float[values.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) values[i];
        }
        return floats;
    }

    static double sum(double[] values) {
        double sum = 0;
        for (double value : values) {
            sum += value;
        }
        return sum;
    }
}
