package tinygpt.metrics;

import java.io.Closeable;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;

/** A file that only grows, by whole records: what was written before a failure stays as it was. */
public final class AppendLog implements Closeable {
    private final Path path;
    private final RandomAccessFile file;
    private long size;

    /** Appends to an open file behind its first {@code size} bytes and cuts off what is there now. */
    AppendLog(Path path, RandomAccessFile file, long size) throws IOException {
        this.path = path;
        this.file = file;
        this.size = size;
        if (file.length() > size) {
            file.setLength(size);
        }
        file.seek(size);
    }

    /** Opens a file that is made if it is missing, and keeps its first {@code size} bytes. */
    public static AppendLog open(Path path, long size) throws IOException {
        RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw");
        try {
            return new AppendLog(path, file, size);
        } catch (IOException e) {
            file.close();
            throw e;
        }
    }

    public boolean isEmpty() {
        return size == 0;
    }

    /** Appends one record, which other processes see at once. */
    void append(byte[] bytes, int length) throws IOException {
        try {
            file.write(bytes, 0, length);
            size += length;
        } catch (IOException e) {
            try {
                file.setLength(size); // half a record is worse than none
                file.seek(size);
            } catch (IOException again) {
                e.addSuppressed(again);
            }
            throw new IOException("cannot append to " + path + ": " + e.getMessage(), e);
        }
    }

    public void append(LineBuffer line) throws IOException {
        append(line.bytes(), line.length());
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
