package tinygpt.formats;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import tinygpt.hyperparameters.CanonicalJson;

/**
 * Writes a safetensors file of float32 tensors, or of bytes, whole or not at all.
 *
 * <p>First declare everything, then write the numbers of each tensor, in pieces, in the order of declaration, then
 * {@link #commit()}. Until then the numbers go to a hidden file in the same folder, which takes the name of the real one
 * in a single step after it has reached the disk. Closing without commit removes it, so a failure leaves an old file of
 * that name as it was. The header is padded with spaces to a multiple of 8 bytes, for readers that map the file.
 */
public final class SafetensorsWriter implements AutoCloseable {
    private static final int BUFFER_BYTES = 1 << 18;
    private static final int ALIGNMENT = 8;

    private final Path file;
    private final Map<String, String> metadata = new LinkedHashMap<>();
    private final List<Declared> tensors = new ArrayList<>();
    private final Set<String> names = new HashSet<>();
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    private Path temporary;
    private FileChannel channel;
    /** The tensor being written, and how many of its elements are. */
    private int current;

    private long written;
    private boolean finished;
    /** Of every byte written so far. */
    private final MessageDigest digest = CanonicalJson.newSha256();

    private String sha256;

    private record Declared(String name, Dtype dtype, long[] shape, long elements) {}

    private SafetensorsWriter(Path file) {
        this.file = file;
    }

    /** Begins a file. Nothing is touched on disk before the first numbers come. */
    public static SafetensorsWriter create(Path file) {
        return new SafetensorsWriter(file.toAbsolutePath());
    }

    /** Adds a string to the metadata; they are written in the order they come. */
    public SafetensorsWriter metadata(String key, String value) {
        checkDeclaring();
        if (metadata.putIfAbsent(key, Objects.requireNonNull(value, key)) != null) {
            throw new IllegalArgumentException("metadata '" + key + "' is given twice");
        }
        return this;
    }

    /**
     * Declares a float32 tensor. The order of declaration is the order in the file.
     *
     * @param shape sizes of its dimensions; none for a scalar
     * @throws IllegalArgumentException if the name was declared before or is reserved, or a size is negative
     */
    public SafetensorsWriter declare(String name, long... shape) {
        return declare(name, Dtype.F32, shape);
    }

    /** Declares a tensor of any type; those that are not float32 are written by {@link #writeBytes}. */
    public SafetensorsWriter declare(String name, Dtype dtype, long... shape) {
        checkDeclaring();
        if (name.equals(SafetensorsHeader.METADATA) || !names.add(name)) {
            throw new IllegalArgumentException("the name '" + name + "' is reserved or was declared before");
        }
        long elements = 1;
        for (long size : shape) {
            if (size < 0) {
                throw new IllegalArgumentException(name + " cannot have the shape " + Arrays.toString(shape));
            }
            elements = Math.multiplyExact(elements, size);
        }
        tensors.add(new Declared(name, dtype, shape.clone(), elements));
        return this;
    }

    /**
     * Writes the next numbers of a tensor.
     *
     * @param name the tensor whose turn it is
     * @throws IllegalStateException if it is another tensor's turn, or there would be more numbers than declared
     * @throws UncheckedIOException if the disk is full or the folder cannot be written; then close this
     */
    public void write(String name, float[] source, int at, int count) {
        Objects.checkFromIndexSize(at, count, source.length);
        begin(name, (long) count * Float.BYTES);
        int most = BUFFER_BYTES / Float.BYTES;
        for (int done = 0; done < count; done += most) {
            int n = Math.min(most, count - done);
            buffer.clear().limit(n * Float.BYTES);
            buffer.asFloatBuffer().put(source, at + done, n);
            drain();
        }
    }

    /**
     * Writes the next elements of a tensor as they are to be in the file.
     *
     * @param count bytes, a whole number of elements
     * @throws IllegalStateException as {@link #write}
     * @throws UncheckedIOException as {@link #write}
     */
    public void writeBytes(String name, byte[] source, int at, int count) {
        Objects.checkFromIndexSize(at, count, source.length);
        begin(name, count);
        for (int done = 0; done < count; done += BUFFER_BYTES) {
            int n = Math.min(BUFFER_BYTES, count - done);
            buffer.clear().limit(n);
            buffer.put(0, source, at + done, n);
            drain();
        }
    }

    /** Checks that it is this tensor's turn and that so many bytes more fit, and counts them. */
    private void begin(String name, long bytes) {
        open();
        skipFull();
        Declared tensor = current < tensors.size() ? tensors.get(current) : null;
        if (tensor == null) {
            throw new IllegalStateException("all tensors are complete; there is no place for more of " + name);
        }
        int width = tensor.dtype().bytes();
        long left = (tensor.elements() - written) * width;
        if (!tensor.name().equals(name) || bytes > left || bytes % width != 0) {
            throw new IllegalStateException(
                    bytes + " bytes of " + name + " do not fit: next are " + left + " of " + tensor.name());
        }
        written += bytes / width;
    }

    /**
     * Makes the file appear under its name, complete and on disk.
     *
     * @throws IllegalStateException if numbers are missing
     * @throws UncheckedIOException if the disk is full or the file cannot be replaced; then close this
     */
    public void commit() {
        open();
        skipFull();
        if (current < tensors.size()) {
            throw new IllegalStateException(tensors.get(current).name() + " has " + written + " of its "
                    + tensors.get(current).elements() + " numbers, so " + file + " cannot be finished");
        }
        try {
            channel.force(true);
            channel.close();
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw unwritable(e);
        }
        finished = true;
        sha256 = HexFormat.of().formatHex(digest.digest());
        AtomicFile.syncFolder(file.getParent());
    }

    /**
     * Lower-case hexadecimal SHA-256 of the whole file.
     *
     * @throws IllegalStateException before {@link #commit()}
     */
    public String sha256() {
        if (sha256 == null) {
            throw new IllegalStateException(file + " is not finished");
        }
        return sha256;
    }

    /** Removes what was written, unless it was committed. */
    @Override
    public void close() {
        if (finished) {
            return;
        }
        finished = true;
        try {
            if (channel != null) {
                channel.close();
            }
            if (temporary != null) {
                Files.deleteIfExists(temporary);
            }
        } catch (IOException e) {
            throw unwritable(e);
        }
    }

    private void open() {
        if (finished) {
            throw new IllegalStateException(file + " was committed or closed");
        }
        if (channel != null) {
            return;
        }
        byte[] header = header();
        try {
            // Not Files.createTempFile: that one is readable by its owner only, and the mode would stay.
            for (int attempt = 0; channel == null; attempt++) {
                Path candidate = file.resolveSibling(
                        "." + file.getFileName() + "." + ProcessHandle.current().pid() + "-" + attempt + ".tmp");
                try {
                    channel = FileChannel.open(candidate, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
                    temporary = candidate;
                } catch (FileAlreadyExistsException e) {
                    // Left by a process of the same id, or being written by another thread: take the next name.
                }
            }
        } catch (IOException e) {
            throw unwritable(e);
        }
        buffer.clear().limit(Long.BYTES);
        buffer.putLong(0, header.length);
        drain();
        for (int at = 0; at < header.length; at += BUFFER_BYTES) {
            int count = Math.min(BUFFER_BYTES, header.length - at);
            buffer.clear().limit(count);
            buffer.put(0, header, at, count);
            drain();
        }
    }

    /** The JSON header with its padding: spaces after the closing brace. */
    private byte[] header() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (JsonGenerator json = new JsonFactory().createGenerator(bytes)) {
            json.writeStartObject();
            if (!metadata.isEmpty()) {
                json.writeObjectFieldStart(SafetensorsHeader.METADATA);
                for (var entry : metadata.entrySet()) {
                    json.writeStringField(entry.getKey(), entry.getValue());
                }
                json.writeEndObject();
            }
            long begin = 0;
            for (Declared tensor : tensors) {
                long end = Math.addExact(begin, Math.multiplyExact(tensor.elements(), (long)
                        tensor.dtype().bytes()));
                json.writeObjectFieldStart(tensor.name());
                json.writeStringField("dtype", tensor.dtype().name());
                json.writeFieldName("shape");
                json.writeArray(tensor.shape(), 0, tensor.shape().length);
                json.writeFieldName("data_offsets");
                json.writeArray(new long[] {begin, end}, 0, 2);
                json.writeEndObject();
                begin = end;
            }
            json.writeEndObject();
        } catch (IOException e) {
            throw new IllegalArgumentException("a name or metadata of " + file + " is not Unicode text", e);
        }
        while ((SafetensorsHeader.PREFIX_BYTES + bytes.size()) % ALIGNMENT != 0) {
            bytes.write(' ');
        }
        if (bytes.size() > SafetensorsHeader.MAX_BYTES) {
            throw new IllegalArgumentException("the header of " + file + " would be " + bytes.size()
                    + " bytes long; the format's limit is " + SafetensorsHeader.MAX_BYTES);
        }
        return bytes.toByteArray();
    }

    private void skipFull() {
        while (current < tensors.size() && written == tensors.get(current).elements()) {
            current++;
            written = 0;
        }
    }

    private void drain() {
        digest.update(buffer.duplicate());
        try {
            while (buffer.hasRemaining()) {
                channel.write(buffer);
            }
        } catch (IOException e) {
            throw unwritable(e);
        }
    }

    private void checkDeclaring() {
        if (channel != null || finished) {
            throw new IllegalStateException("the header of " + file + " is already written");
        }
    }

    private UncheckedIOException unwritable(IOException e) {
        return new UncheckedIOException(
                "cannot write " + file + ": " + BadFileException.reason(e)
                        + "; a file of that name from before is untouched",
                e);
    }
}
