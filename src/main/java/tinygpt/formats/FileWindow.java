package tinygpt.formats;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Objects;

/**
 * A file, seen through one small buffer that moves: neither the file nor what is read of it need fit into memory, and small
 * reads that follow each other cost one read of the disk. Not mapped into memory: a mapped file that somebody else cuts
 * short takes the whole program down. One thread at a time.
 */
final class FileWindow implements AutoCloseable {
    /** The most bytes that can be looked at together. */
    static final int BYTES = 1 << 18;

    private final Path file;
    private final FileChannel channel;
    private final long size;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(BYTES).order(ByteOrder.LITTLE_ENDIAN);
    /** Place in the file of the buffer's first byte. */
    private long start;
    /** How many bytes of the file are in the buffer. */
    private int filled;

    private FileWindow(Path file, FileChannel channel, long size) {
        this.file = file;
        this.channel = channel;
        this.size = size;
    }

    /**
     * Opens a file.
     *
     * @param what the ending that such a file has, for messages: {@code .gguf}
     * @throws BadFileException if there is no such file, or it cannot be read
     */
    static FileWindow open(Path file, String what) {
        if (Files.exists(file) && !Files.isRegularFile(file)) {
            throw new BadFileException(file, "is not a regular file; give the path of a " + what + " file");
        }
        try {
            FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
            return new FileWindow(file, channel, channel.size());
        } catch (NoSuchFileException e) {
            throw new BadFileException(file, "there is no such file", e);
        } catch (IOException e) {
            throw new BadFileException(file, "cannot be read: " + BadFileException.reason(e), e);
        }
    }

    Path file() {
        return file;
    }

    /** Bytes of the file. */
    long size() {
        return size;
    }

    /**
     * Bytes of the file, little-endian, between the position and the limit of a buffer that is valid until the next call.
     *
     * @throws BadFileException if reading fails or the file has become shorter
     * @throws IndexOutOfBoundsException if they lie outside the file as it was opened
     */
    ByteBuffer at(long position, int bytes) {
        Objects.checkFromIndexSize(position, (long) bytes, size);
        if (position < start || position + bytes > start + filled) {
            fill(position, (int) Math.min(BYTES, size - position), bytes);
        }
        int from = (int) (position - start);
        return buffer.limit(from + bytes).position(from);
    }

    /** Any number of bytes of the file, in an array of their own. */
    byte[] bytes(long position, int count) {
        byte[] bytes = new byte[count];
        for (int done = 0; done < count; done += BYTES) {
            int n = Math.min(BYTES, count - done);
            at(position + done, n).get(bytes, done, n);
        }
        return bytes;
    }

    private void fill(long position, int wanted, int needed) {
        filled = 0;
        start = position;
        buffer.clear().limit(wanted);
        try {
            while (buffer.hasRemaining() && channel.read(buffer, position + buffer.position()) >= 0) {
                // Until the buffer is full, or the file ends.
            }
        } catch (IOException e) {
            throw new BadFileException(file, "cannot be read: " + BadFileException.reason(e), e);
        }
        if (buffer.position() < needed) {
            throw new BadFileException(file, "ended while it was read; something else is writing to it");
        }
        filled = buffer.position();
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            // Nothing was written, so nothing is lost.
        }
    }
}
