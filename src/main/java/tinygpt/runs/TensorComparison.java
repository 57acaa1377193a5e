package tinygpt.runs;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.TreeSet;
import tinygpt.formats.SafetensorsReader;

/**
 * Whether two files hold the same tensors to the bit.
 *
 * @param tensors how many there are in the two
 * @param difference name of the first that is not the same; empty if there is none
 */
public record TensorComparison(int tensors, Optional<String> difference) {
    private static final int PIECE = 1 << 14;

    /**
     * Compares two safetensors files, weights and optimizer state alike.
     *
     * @throws tinygpt.formats.BadFileException if one of them cannot be read
     */
    public static TensorComparison of(Path one, Path other) {
        try (SafetensorsReader left = SafetensorsReader.open(one);
                SafetensorsReader right = SafetensorsReader.open(other)) {
            TreeSet<String> names = new TreeSet<>(left.names());
            names.addAll(right.names());
            return new TensorComparison(
                    names.size(),
                    names.stream().filter(name -> !same(left, right, name)).findFirst());
        }
    }

    private static boolean same(SafetensorsReader left, SafetensorsReader right, String name) {
        if (!left.contains(name)
                || !right.contains(name)
                || !Arrays.equals(left.entry(name).shape(), right.entry(name).shape())) {
            return false;
        }
        long elements = left.entry(name).elements();
        float[] a = new float[PIECE];
        float[] b = new float[PIECE];
        for (long done = 0; done < elements; done += PIECE) {
            int n = (int) Math.min(PIECE, elements - done);
            left.readFloats(name, done, a, 0, n);
            right.readFloats(name, done, b, 0, n);
            for (int i = 0; i < n; i++) {
                if (Float.floatToRawIntBits(a[i]) != Float.floatToRawIntBits(b[i])) {
                    return false;
                }
            }
        }
        return true;
    }
}
