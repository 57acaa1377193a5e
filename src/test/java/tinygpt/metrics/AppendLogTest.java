package tinygpt.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AppendLogTest {
    @TempDir
    Path folder;

    /** A disk that is full in the middle of a record, once. */
    private static final class FullDisk extends RandomAccessFile {
        private boolean full;

        FullDisk(Path file) throws IOException {
            super(file.toFile(), "rw");
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            if (full) {
                full = false;
                super.write(bytes, offset, length / 2);
                throw new IOException("No space left on device");
            }
            super.write(bytes, offset, length);
        }
    }

    @Test
    void append_onAFullDisk_leavesNoHalfRecordAndCanGoOn() throws IOException {
        Path file = folder.resolve("log");
        FullDisk disk = new FullDisk(file);
        try (AppendLog log = new AppendLog(file, disk, 0)) {
            append(log, "first\n");
            disk.full = true;
            IOException e = assertThrows(IOException.class, () -> append(log, "second\n"));
            assertTrue(e.getMessage().contains("log: No space left on device"), e.getMessage());
            assertEquals("first\n", Files.readString(file));
            append(log, "third\n");
        }
        assertEquals("first\nthird\n", Files.readString(file));
    }

    @Test
    void append_isSeenByOthersAtOnce() throws IOException {
        Path file = folder.resolve("log");
        try (AppendLog log = AppendLog.open(file, 0)) {
            append(log, "line\n");
            assertEquals("line\n", Files.readString(file));
        }
    }

    @Test
    void open_keepsSoManyBytesAndAppends() throws IOException {
        Path file = Files.writeString(folder.resolve("log"), "kept\nlost\n");
        try (AppendLog log = AppendLog.open(file, 5)) {
            assertEquals("kept\n", Files.readString(file));
            append(log, "new\n");
        }
        assertEquals("kept\nnew\n", Files.readString(file));
    }

    private static void append(AppendLog log, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        log.append(bytes, bytes.length);
    }
}
