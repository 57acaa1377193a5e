package tinygpt.formats;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Writes a GGUF file of version 3: first keys and tensors are declared, then it is written at once, whole or not at all.
 * Numbers come piece by piece, so that no tensor need fit into memory.
 */
final class GgufWriter {
    private static final int PIECE_BYTES = 1 << 16;

    private final Values keys = new Values();
    private final List<Declared> tensors = new ArrayList<>();
    private final Set<String> names = new HashSet<>();
    private long keyCount;

    /** Takes the next numbers of a tensor, in whole rows or whole blocks. */
    @FunctionalInterface
    interface Sink {
        void accept(float[] numbers, int at, int count) throws IOException;
    }

    /** Gives all numbers of a tensor, the first dimension varying fastest. */
    @FunctionalInterface
    interface Content {
        void writeTo(Sink sink) throws IOException;
    }

    private record Declared(GgufTensor tensor, Content content) {}

    /** Little-endian values in a growing array. */
    private static final class Values {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private final ByteBuffer small = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);

        void i32(int value) {
            bytes.write(small.putInt(0, value).array(), 0, 4);
        }

        void i64(long value) {
            bytes.write(small.putLong(0, value).array(), 0, 8);
        }

        void text(String value) {
            byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
            i64(utf8.length);
            bytes.writeBytes(utf8);
        }
    }

    GgufWriter text(String key, String value) {
        begin(key, GgufValue.Type.STRING).text(value);
        return this;
    }

    GgufWriter u32(String key, int value) {
        begin(key, GgufValue.Type.UINT32).i32(value);
        return this;
    }

    GgufWriter f32(String key, float value) {
        begin(key, GgufValue.Type.FLOAT32).i32(Float.floatToIntBits(value));
        return this;
    }

    GgufWriter flag(String key, boolean value) {
        begin(key, GgufValue.Type.BOOL).bytes.write(value ? 1 : 0);
        return this;
    }

    GgufWriter texts(String key, List<String> values) {
        array(key, GgufValue.Type.STRING, values.size());
        values.forEach(keys::text);
        return this;
    }

    GgufWriter i32s(String key, int[] values) {
        array(key, GgufValue.Type.INT32, values.length);
        for (int value : values) {
            keys.i32(value);
        }
        return this;
    }

    private void array(String key, GgufValue.Type elements, int count) {
        begin(key, GgufValue.Type.ARRAY).i32(elements.ordinal());
        keys.i64(count);
    }

    private Values begin(String key, GgufValue.Type type) {
        keyCount++;
        keys.text(key);
        keys.i32(type.ordinal());
        return keys;
    }

    /**
     * Declares a tensor. The order of declaration is the order in the file.
     *
     * @param ne sizes of its dimensions, the fastest-varying first
     * @throws IllegalArgumentException if the name is too long or was declared before, or rows are not whole blocks
     */
    GgufWriter tensor(String name, GgmlType type, long[] ne, Content content) {
        if (name.getBytes(StandardCharsets.UTF_8).length > GgufHeader.LONGEST_NAME || !names.add(name)) {
            throw new IllegalArgumentException("the name '" + name + "' is too long for GGUF or was declared before");
        }
        if (ne[0] % type.blockSize() != 0) {
            throw new IllegalArgumentException(name + " has rows of " + ne[0] + " numbers, and " + type
                    + " stores them in blocks of " + type.blockSize());
        }
        long elements = 1;
        for (long size : ne) {
            elements = Math.multiplyExact(elements, size);
        }
        long offset = 0;
        if (!tensors.isEmpty()) {
            GgufTensor last = tensors.get(tensors.size() - 1).tensor();
            offset = padded(last.offset() + last.bytes());
        }
        tensors.add(new Declared(new GgufTensor(name, type, ne, offset, type.bytes(elements)), content));
        return this;
    }

    /** The tensors that were declared. */
    List<GgufTensor> tensors() {
        return tensors.stream().map(Declared::tensor).toList();
    }

    /**
     * Writes the file, replacing one of that name.
     *
     * @throws IllegalArgumentException if a number cannot be written in the type of its tensor
     * @throws IOException if the disk is full or the folder cannot be written; an older file is then untouched
     */
    void write(Path file) throws IOException {
        AtomicFile.write(file, out -> {
            byte[] header = header();
            out.write(header);
            out.write(new byte[(int) (padded(header.length) - header.length)]);
            for (Declared declared : tensors) {
                write(declared, out);
            }
        });
    }

    private byte[] header() {
        Values header = new Values();
        header.i32(GgufHeader.MAGIC);
        header.i32(GgufHeader.VERSION);
        header.i64(tensors.size());
        header.i64(keyCount);
        header.bytes.writeBytes(keys.bytes.toByteArray());
        for (GgufTensor tensor : tensors()) {
            header.text(tensor.name());
            header.i32(tensor.ne().length);
            for (long size : tensor.ne()) {
                header.i64(size);
            }
            header.i32(tensor.type().code());
            header.i64(tensor.offset());
        }
        return header.bytes.toByteArray();
    }

    private static void write(Declared declared, OutputStream out) throws IOException {
        GgufTensor tensor = declared.tensor();
        GgmlType type = tensor.type();
        ByteBuffer piece = ByteBuffer.allocate(PIECE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        int most = PIECE_BYTES / type.blockBytes() * type.blockSize();
        long[] written = {0};
        declared.content().writeTo((numbers, at, count) -> {
            for (int done = 0; done < count; done += most) {
                int n = Math.min(most, count - done);
                encode(tensor, numbers, at + done, n, piece.clear());
                out.write(piece.array(), 0, piece.position());
                written[0] += piece.position();
            }
        });
        if (written[0] != tensor.bytes()) {
            throw new IllegalStateException(
                    tensor.name() + " got " + written[0] + " of its " + tensor.bytes() + " bytes");
        }
        out.write(new byte[(int) (padded(tensor.bytes()) - tensor.bytes())]);
    }

    private static void encode(GgufTensor tensor, float[] numbers, int at, int count, ByteBuffer piece) {
        try {
            BlockCodec.encode(tensor.type(), numbers, at, count, piece);
        } catch (ArithmeticException e) {
            throw new IllegalArgumentException(
                    tensor.name() + " cannot be written as " + tensor.type() + ": " + e.getMessage()
                            + "; write it as f32 or bf16",
                    e);
        }
    }

    private static long padded(long bytes) {
        return GgufHeader.padded(bytes, GgufHeader.USUAL_ALIGNMENT);
    }
}
