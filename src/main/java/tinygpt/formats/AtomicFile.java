package tinygpt.formats;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/** Files that are there whole or not at all: written beside their place, forced to the disk, and renamed. */
public final class AtomicFile {
    private AtomicFile() {}

    /** What writes the content of a file. */
    @FunctionalInterface
    public interface Content {
        void writeTo(OutputStream out) throws IOException;
    }

    /**
     * Writes a file, replacing one of that name.
     *
     * @throws IOException if the disk is full or the folder cannot be written; an older file is then untouched
     */
    public static void write(Path file, byte[] content) throws IOException {
        write(file, out -> out.write(content));
    }

    /**
     * Writes a file piece by piece, replacing one of that name.
     *
     * @throws IOException if the disk is full or the folder cannot be written; an older file is then untouched
     */
    public static void write(Path file, Content content) throws IOException {
        Path absolute = file.toAbsolutePath();
        if (!Files.isDirectory(absolute.getParent())) {
            throw new FileSystemException(
                    absolute.getParent().toString(), null, "there is no such folder; make it, or write elsewhere");
        }
        if (Files.isDirectory(absolute)) {
            throw new FileSystemException(
                    file.toString(), null, "is a folder, and a file is to be written; choose another place");
        }
        Path temporary = absolute.resolveSibling(
                "." + file.getFileName() + "-" + ProcessHandle.current().pid());
        try {
            try (FileChannel channel = FileChannel.open(
                    temporary,
                    StandardOpenOption.CREATE,
                    StandardOpenOption.TRUNCATE_EXISTING,
                    StandardOpenOption.WRITE)) {
                OutputStream out = new BufferedOutputStream(Channels.newOutputStream(channel));
                content.writeTo(out);
                out.flush();
                channel.force(true);
            }
            Files.move(temporary, absolute, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            syncFolder(absolute.getParent());
        } catch (FileSystemException e) {
            throw e; // names its file
        } catch (IOException e) {
            FileSystemException named = new FileSystemException(
                    file.toString(),
                    null,
                    "cannot be written: " + BadFileException.reason(e)
                            + "; a file of that name from before is untouched");
            named.initCause(e);
            throw named;
        } finally {
            Files.deleteIfExists(temporary);
        }
    }

    /** Removes a file, if it is there. */
    public static void deleteIfExists(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Makes a new name itself survive a power cut. Some systems cannot open a folder; there the rename must do. */
    public static void syncFolder(Path folder) {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (IOException e) {
            // The file is complete under its name; only its survival of a power cut is less certain.
        }
    }
}
