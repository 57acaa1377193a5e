package tinygpt.formats;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * A GGUF file, open for reading: keys with values, and named tensors. Opening reads and checks the header only; numbers are
 * read piece by piece. One thread at a time.
 */
public final class GgufReader implements AutoCloseable {
    private final FileWindow file;
    private final GgufHeader header;

    private GgufReader(FileWindow file) {
        this.file = file;
        this.header = GgufHeader.read(file);
    }

    /** Whether a file begins as a GGUF file does. */
    public static boolean isGguf(Path path) {
        if (!Files.isRegularFile(path)) {
            return false; // a pipe would be waited for
        }
        try (InputStream in = Files.newInputStream(path)) {
            return Arrays.equals(in.readNBytes(4), "GGUF".getBytes(StandardCharsets.US_ASCII));
        } catch (IOException e) {
            return false; // whoever opens it says why it cannot be read
        }
    }

    /**
     * Opens a file and checks its header.
     *
     * @throws BadFileException if there is no such file, it cannot be read, or its header is wrong in any way
     */
    public static GgufReader open(Path path) {
        FileWindow file = FileWindow.open(path, ".gguf");
        try {
            return new GgufReader(file);
        } catch (RuntimeException | Error e) {
            file.close();
            throw e;
        }
    }

    public Path file() {
        return file.file();
    }

    /** Bytes of the file. */
    public long bytes() {
        return file.size();
    }

    /** The version of the format. */
    public int version() {
        return header.version();
    }

    /** The keys with their values, in the order of the file. */
    public Map<String, GgufValue> keys() {
        return Collections.unmodifiableMap(header.keys());
    }

    /** The tensors, in the order of the file. */
    public Collection<GgufTensor> tensors() {
        return Collections.unmodifiableCollection(header.tensors().values());
    }

    /** Where in the file the numbers begin. */
    public long dataStart() {
        return header.dataStart();
    }

    /** The tensor of that name, if there is one. */
    public Optional<GgufTensor> tensor(String name) {
        return Optional.ofNullable(header.tensors().get(name));
    }

    /**
     * Reads numbers of a tensor, dequantized.
     *
     * @param first index of the first element, the first dimension varying fastest
     * @throws BadFileException if it is stored in a way that is not read here, or reading fails
     * @throws IndexOutOfBoundsException if the range lies outside the tensor or the destination
     */
    public void readFloats(GgufTensor tensor, long first, float[] destination, int at, int count) {
        Objects.checkFromIndexSize(first, (long) count, tensor.elements());
        Objects.checkFromIndexSize(at, count, destination.length);
        GgmlType type = tensor.type();
        if (!type.isReadable()) {
            throw new BadFileException(
                    file(),
                    BadFileException.quote(tensor.name()) + " is " + type + "; numbers are read in F32, F16, BF16, Q8_0"
                            + " and Q4_0, so convert it with 'llama-quantize --allow-requantize FILE OUT q8_0'");
        }
        int block = type.blockSize();
        int most = FileWindow.BYTES / type.blockBytes() * block;
        float[] edge = block == 1 ? null : new float[block];
        for (int done = 0; done < count; ) {
            long element = first + done;
            int skipped = (int) (element % block);
            long place = header.dataStart() + tensor.offset() + type.bytes(element - skipped);
            int n = Math.min(most, (count - done) / block * block);
            if (skipped == 0 && n > 0) {
                BlockCodec.decode(type, file.at(place, (int) type.bytes(n)), destination, at + done, n);
            } else { // part of a block
                n = Math.min(block - skipped, count - done);
                BlockCodec.decode(type, file.at(place, type.blockBytes()), edge, 0, block);
                System.arraycopy(edge, skipped, destination, at + done, n);
            }
            done += n;
        }
    }

    /** Whether two tensors are stored in the same way with the same bytes. */
    boolean same(GgufTensor a, GgufTensor b) {
        if (a.type() != b.type() || !Arrays.equals(a.ne(), b.ne())) {
            return false;
        }
        byte[] piece = new byte[FileWindow.BYTES];
        for (long done = 0; done < a.bytes(); done += piece.length) {
            int n = (int) Math.min(piece.length, a.bytes() - done);
            file.at(header.dataStart() + a.offset() + done, n).get(piece, 0, n);
            if (!file.at(header.dataStart() + b.offset() + done, n).equals(ByteBuffer.wrap(piece, 0, n))) {
                return false;
            }
        }
        return true;
    }

    @Override
    public void close() {
        file.close();
    }
}
