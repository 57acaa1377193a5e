package tinygpt.formats;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A safetensors file, open for reading: named tensors behind a JSON header.
 *
 * <p>The layout (safetensors README, "Format"): 8 bytes of header length N, little-endian; N bytes of JSON; the numbers.
 * Opening reads and checks the header only. Numbers are read piece by piece through one small buffer, so that neither the
 * file nor a tensor need fit into memory or into 2 GB. One thread at a time.
 */
public final class SafetensorsReader implements TensorFile {
    private static final int BUFFER_BYTES = 1 << 18;

    private final Path file;
    private final FileChannel channel;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    private final SafetensorsHeader header;
    private final long dataStart;
    private final QuantizedTensors quantized; // null where there are none

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

    private SafetensorsReader(Path file, FileChannel channel) throws IOException {
        this.file = file;
        this.channel = channel;
        long size = channel.size();
        if (size < SafetensorsHeader.PREFIX_BYTES) {
            throw new BadFileException(
                    file,
                    "is only " + size + " bytes long, too short for a safetensors file; it is not one or is cut short");
        }
        fill(0, SafetensorsHeader.PREFIX_BYTES);
        long length = buffer.getLong();
        long rest = size - SafetensorsHeader.PREFIX_BYTES;
        if (length < 2 || length > rest || length > SafetensorsHeader.MAX_BYTES) {
            throw new BadFileException(
                    file,
                    "its header would be " + Long.toUnsignedString(length) + " bytes long, but the file has " + rest
                            + " more bytes and the limit is " + SafetensorsHeader.MAX_BYTES
                            + "; it is not a safetensors file or is cut short");
        }
        byte[] json = new byte[(int) length];
        for (int at = 0; at < json.length; at += BUFFER_BYTES) {
            int count = Math.min(BUFFER_BYTES, json.length - at);
            fill(SafetensorsHeader.PREFIX_BYTES + at, count);
            buffer.get(json, at, count);
        }
        this.dataStart = SafetensorsHeader.PREFIX_BYTES + length;
        this.header = SafetensorsHeader.parse(file, json, size - dataStart);
        String rounded = header.metadata().get(QuantizedTensors.KEY);
        this.quantized = rounded == null ? null : QuantizedTensors.of(this, rounded);
    }

    /**
     * Opens a file and checks its header.
     *
     * @throws BadFileException if there is no such file, it cannot be read, or its header is wrong in any way
     */
    public static SafetensorsReader open(Path file) {
        if (Files.exists(file) && !Files.isRegularFile(file)) {
            throw new BadFileException(file, "is not a regular file; give the path of a .safetensors file");
        }
        FileChannel channel = null;
        try {
            channel = FileChannel.open(file, StandardOpenOption.READ);
            SafetensorsReader reader = new SafetensorsReader(file, channel);
            channel = null;
            return reader;
        } catch (NoSuchFileException e) {
            throw new BadFileException(file, "there is no such file", e);
        } catch (IOException e) {
            throw unreadable(file, e);
        } finally {
            if (channel != null) {
                closeQuietly(channel);
            }
        }
    }

    /** The file this reads. */
    @Override
    public Path file() {
        return file;
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
            throw new BadFileException(file, "has no tensor '" + BadFileException.quote(name) + "'");
        }
        return entry;
    }

    /** The tensors that are kept as whole numbers with scales, if there are such. */
    public Optional<QuantizedTensors> quantized() {
        return Optional.ofNullable(quantized);
    }

    @Override
    public long[] shape(String name) {
        return isQuantized(name) ? quantized.shape(name) : entry(name).shape();
    }

    @Override
    public boolean holdsFloats(String name) {
        return isQuantized(name) || entry(name).dtype().isFloat();
    }

    private boolean isQuantized(String name) {
        return quantized != null && quantized.contains(name);
    }

    /**
     * Reads numbers of a tensor as float32. F32, F16 and BF16 are exact, F64 is rounded to nearest, and codes with scales
     * become the numbers they stand for.
     *
     * @param first index of the first element, in C order
     * @param at index of the first element in the destination
     * @throws BadFileException if there is no such tensor, it does not hold floating point numbers, or reading fails
     * @throws IndexOutOfBoundsException if the range lies outside the tensor or the destination
     */
    @Override
    public void readFloats(String name, long first, float[] destination, int at, int count) {
        if (isQuantized(name)) {
            quantized.readFloats(name, first, destination, at, count);
        } else {
            readStored(name, first, destination, at, count);
        }
    }

    /** Reads numbers of a tensor that is kept as floating point numbers. */
    void readStored(String name, long first, float[] destination, int at, int count) {
        Entry entry = entry(name);
        if (!entry.dtype().isFloat()) {
            throw new BadFileException(
                    file, BadFileException.quote(name) + " is " + entry.dtype() + ", not F32, F16, BF16 or F64");
        }
        Objects.checkFromIndexSize(at, count, destination.length);
        pieces(entry, first, count, (done, n) -> {
            int to = at + done;
            switch (entry.dtype()) {
                case F32 -> buffer.asFloatBuffer().get(destination, to, n);
                case F16 -> {
                    for (int i = 0; i < n; i++) {
                        destination[to + i] = HalfFloat.fromF16(buffer.getShort());
                    }
                }
                case BF16 -> {
                    for (int i = 0; i < n; i++) {
                        destination[to + i] = HalfFloat.fromBf16(buffer.getShort());
                    }
                }
                default -> {
                    for (int i = 0; i < n; i++) {
                        destination[to + i] = (float) buffer.getDouble();
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
                    file, BadFileException.quote(name) + " is " + entry.dtype() + ", not I32 or I64");
        }
        Objects.checkFromIndexSize(at, count, destination.length);
        pieces(entry, first, count, (done, n) -> {
            for (int i = 0; i < n; i++) {
                long value = entry.dtype() == Dtype.I32 ? buffer.getInt() : buffer.getLong();
                if (value != (int) value) {
                    throw new BadFileException(
                            file, BadFileException.quote(name) + " holds " + value + ", which is no 32-bit integer");
                }
                destination[at + done + i] = (int) value;
            }
        });
    }

    /**
     * Reads elements of a tensor of I8 or U8.
     *
     * @param first index of the first element, in C order
     * @param at index of the first element in the destination
     * @throws BadFileException if there is no such tensor, it holds something else, or reading fails
     * @throws IndexOutOfBoundsException if the range lies outside the tensor or the destination
     */
    public void readBytes(String name, long first, byte[] destination, int at, int count) {
        Entry entry = entry(name);
        if (entry.dtype() != Dtype.I8 && entry.dtype() != Dtype.U8) {
            throw new BadFileException(file, BadFileException.quote(name) + " is " + entry.dtype() + ", not I8 or U8");
        }
        Objects.checkFromIndexSize(at, count, destination.length);
        pieces(entry, first, count, (done, n) -> buffer.get(destination, at + done, n));
    }

    /**
     * Walks through the bytes of a tensor as they are in the file.
     *
     * @param sink takes them piece by piece; a piece is only valid until the next
     * @throws BadFileException if there is no such tensor or reading fails
     */
    public void forEachPiece(String name, Consumer<ByteBuffer> sink) {
        Entry entry = entry(name);
        try {
            for (long at = entry.begin(); at < entry.end(); at += BUFFER_BYTES) {
                fill(dataStart + at, (int) Math.min(BUFFER_BYTES, entry.end() - at));
                sink.accept(buffer);
            }
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    @Override
    public void close() {
        closeQuietly(channel);
    }

    /** Takes the next elements out of the buffer. */
    private interface Piece {
        void take(int done, int count);
    }

    private void pieces(Entry entry, long first, int count, Piece piece) {
        Objects.checkFromIndexSize(first, (long) count, entry.elements());
        int width = entry.dtype().bytes();
        int most = BUFFER_BYTES / width;
        try {
            for (int done = 0; done < count; done += most) {
                int n = Math.min(most, count - done);
                fill(dataStart + entry.begin() + (first + done) * width, n * width);
                piece.take(done, n);
            }
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    /** Fills the buffer with bytes from a place in the file. */
    private void fill(long position, int bytes) throws IOException {
        buffer.clear().limit(bytes);
        while (buffer.hasRemaining()) {
            if (channel.read(buffer, position + buffer.position()) < 0) {
                throw new BadFileException(file, "ended while it was read; something else is writing to it");
            }
        }
        buffer.flip();
    }

    private static BadFileException unreadable(Path file, IOException e) {
        return new BadFileException(file, "cannot be read: " + e, e);
    }

    private static void closeQuietly(FileChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            // Nothing was written, so nothing is lost.
        }
    }
}
