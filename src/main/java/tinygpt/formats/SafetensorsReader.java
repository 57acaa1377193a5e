package tinygpt.formats;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;

/**
 * A safetensors file, open for reading: named tensors behind a JSON header.
 *
 * <p>The layout (safetensors README, "Format"): 8 bytes of header length N, little-endian; N bytes of JSON; the numbers.
 * Opening reads and checks the header only. Numbers are read piece by piece through one small buffer, so that neither the
 * file nor a tensor need fit into memory or into 2 GB. One thread at a time.
 */
public final class SafetensorsReader implements TensorFile {
    private final FileWindow file;
    private final SafetensorsHeader header;
    private final long dataStart;

    /**
     * One tensor of the file.
     *
     * @param name its name
     * @param dtype type of its elements
     * @param shape sizes of its dimensions; none for a scalar
     * @param begin first byte of its numbers, counted from the end of the header
     * @param end byte after its last one
     */
    public record Entry(String name, Dtype dtype, long[] shape, long begin, long end) {
        public Entry {
            shape = shape.clone();
        }

        @Override
        public long[] shape() {
            return shape.clone();
        }

        /** Number of elements. */
        public long elements() {
            return (end - begin) / dtype.bytes();
        }
    }

    private SafetensorsReader(FileWindow file) {
        this.file = file;
        long size = file.size();
        if (size < SafetensorsHeader.PREFIX_BYTES) {
            throw new BadFileException(
                    file.file(),
                    "is only " + size + " bytes long, too short for a safetensors file; it is not one or is cut short");
        }
        long length = file.at(0, SafetensorsHeader.PREFIX_BYTES).getLong();
        long rest = size - SafetensorsHeader.PREFIX_BYTES;
        if (length < 2 || length > rest || length > SafetensorsHeader.MAX_BYTES) {
            throw new BadFileException(
                    file.file(),
                    "its header would be " + Long.toUnsignedString(length) + " bytes long, but the file has " + rest
                            + " more bytes and the limit is " + SafetensorsHeader.MAX_BYTES
                            + "; it is not a safetensors file or is cut short");
        }
        byte[] json = file.bytes(SafetensorsHeader.PREFIX_BYTES, (int) length);
        this.dataStart = SafetensorsHeader.PREFIX_BYTES + length;
        this.header = SafetensorsHeader.parse(file.file(), json, size - dataStart);
    }

    /**
     * Opens a file and checks its header.
     *
     * @throws BadFileException if there is no such file, it cannot be read, or its header is wrong in any way
     */
    public static SafetensorsReader open(Path path) {
        FileWindow file = FileWindow.open(path, ".safetensors");
        try {
            return new SafetensorsReader(file);
        } catch (RuntimeException | Error e) {
            file.close();
            throw e;
        }
    }

    /** The file this reads. */
    @Override
    public Path file() {
        return file.file();
    }

    /** The strings under {@code __metadata__}. */
    public Map<String, String> metadata() {
        return header.metadata();
    }

    /** Names of the tensors in the order of their data. */
    @Override
    public List<String> names() {
        return List.copyOf(header.entries().keySet());
    }

    /** The tensors in the order of their data. */
    @Override
    public List<Entry> entries() {
        return List.copyOf(header.entries().values());
    }

    @Override
    public boolean contains(String name) {
        return header.entries().containsKey(name);
    }

    /**
     * The tensor of that name.
     *
     * @throws BadFileException if there is none
     */
    @Override
    public Entry entry(String name) {
        Entry entry = header.entries().get(name);
        if (entry == null) {
            throw new BadFileException(file(), "has no tensor '" + BadFileException.quote(name) + "'");
        }
        return entry;
    }

    /**
     * Reads numbers of a tensor as float32. F32, F16 and BF16 are exact, F64 is rounded to nearest.
     *
     * @param first index of the first element, in C order
     * @param at index of the first element in the destination
     * @throws BadFileException if there is no such tensor, it does not hold floating point numbers, or reading fails
     * @throws IndexOutOfBoundsException if the range lies outside the tensor or the destination
     */
    @Override
    public void readFloats(String name, long first, float[] destination, int at, int count) {
        Entry entry = entry(name);
        if (!entry.dtype().isFloat()) {
            throw new BadFileException(
                    file(), BadFileException.quote(name) + " is " + entry.dtype() + ", not F32, F16, BF16 or F64");
        }
        Objects.checkFromIndexSize(at, count, destination.length);
        pieces(entry, first, count, (bytes, done, n) -> {
            int to = at + done;
            switch (entry.dtype()) {
                case F32 -> BlockCodec.decode(GgmlType.F32, bytes, destination, to, n);
                case F16 -> BlockCodec.decode(GgmlType.F16, bytes, destination, to, n);
                case BF16 -> BlockCodec.decode(GgmlType.BF16, bytes, destination, to, n);
                default -> {
                    for (int i = 0; i < n; i++) {
                        destination[to + i] = (float) bytes.getDouble();
                    }
                }
            }
        });
    }

    /**
     * Reads integers of a tensor of I32 or I64.
     *
     * @param first index of the first element, in C order
     * @param at index of the first element in the destination
     * @throws BadFileException if there is no such tensor, it holds no integers or too large ones, or reading fails
     * @throws IndexOutOfBoundsException if the range lies outside the tensor or the destination
     */
    public void readInts(String name, long first, int[] destination, int at, int count) {
        Entry entry = entry(name);
        if (!entry.dtype().isInteger()) {
            throw new BadFileException(
                    file(), BadFileException.quote(name) + " is " + entry.dtype() + ", not I32 or I64");
        }
        Objects.checkFromIndexSize(at, count, destination.length);
        pieces(entry, first, count, (bytes, done, n) -> {
            for (int i = 0; i < n; i++) {
                long value = entry.dtype() == Dtype.I32 ? bytes.getInt() : bytes.getLong();
                if (value != (int) value) {
                    throw new BadFileException(
                            file(), BadFileException.quote(name) + " holds " + value + ", which is no 32-bit integer");
                }
                destination[at + done + i] = (int) value;
            }
        });
    }

    /**
     * Walks through the bytes of a tensor as they are in the file.
     *
     * @param sink takes them piece by piece; a piece is only valid until the next
     * @throws BadFileException if there is no such tensor or reading fails
     */
    public void forEachPiece(String name, Consumer<ByteBuffer> sink) {
        Entry entry = entry(name);
        for (long at = entry.begin(); at < entry.end(); at += FileWindow.BYTES) {
            sink.accept(file.at(dataStart + at, (int) Math.min(FileWindow.BYTES, entry.end() - at)));
        }
    }

    @Override
    public void close() {
        file.close();
    }

    /** Takes the next elements out of a buffer. */
    private interface Piece {
        void take(ByteBuffer bytes, int done, int count);
    }

    private void pieces(Entry entry, long first, int count, Piece piece) {
        Objects.checkFromIndexSize(first, (long) count, entry.elements());
        int width = entry.dtype().bytes();
        int most = FileWindow.BYTES / width;
        for (int done = 0; done < count; done += most) {
            int n = Math.min(most, count - done);
            piece.take(file.at(dataStart + entry.begin() + (first + done) * width, n * width), done, n);
        }
    }
}
