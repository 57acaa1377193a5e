package tinygpt.formats;

import java.nio.file.Path;
import java.util.List;

/** Named tensors, open for reading: one file or several that belong together. One thread at a time. */
public interface TensorFile extends AutoCloseable {
    /** The file, or of several the one that lists them, for messages. */
    Path file();

    /** Names of the tensors. */
    List<String> names();

    /** Whether there is a tensor of that name. */
    boolean contains(String name);

    /**
     * The tensor of that name.
     *
     * @throws BadFileException if there is none
     */
    SafetensorsReader.Entry entry(String name);

    /**
     * Sizes of the dimensions of a tensor's numbers; where it is kept as codes and scales, of those they stand for.
     *
     * @throws BadFileException if there is no such tensor
     */
    default long[] shape(String name) {
        return entry(name).shape();
    }

    /**
     * Whether {@link #readFloats} can read a tensor.
     *
     * @throws BadFileException if there is no such tensor
     */
    default boolean holdsFloats(String name) {
        return entry(name).dtype().isFloat();
    }

    /** The tensors in the order of {@link #names()}. */
    default List<SafetensorsReader.Entry> entries() {
        return names().stream().map(this::entry).toList();
    }

    /**
     * Reads numbers of a tensor as float32.
     *
     * @param first index of the first element, in C order
     * @param at index of the first element in the destination
     * @throws BadFileException if there is no such tensor, it does not hold floating point numbers, or reading fails
     * @throws IndexOutOfBoundsException if the range lies outside the tensor or the destination
     */
    void readFloats(String name, long first, float[] destination, int at, int count);

    /** All files that the numbers are in, and what lists them. */
    default List<Path> files() {
        return List.of(file());
    }

    @Override
    void close();
}
