package tinygpt.formats;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** Folders that are there whole or not at all: filled beside their place, and renamed when all of it is on the disk. */
final class AtomicFolder {
    private AtomicFolder() {}

    /** What fills a folder. Each file must be forced to the disk, as {@link AtomicFile} does. */
    @FunctionalInterface
    interface Content {
        void writeTo(Path folder) throws IOException;
    }

    /**
     * Writes a folder. One that is there is replaced if it is empty or was made by the same program; for the moment between
     * two renames it is then under neither name.
     *
     * @param replaceable whether a folder that is there may be replaced
     * @throws IllegalArgumentException if something else is there
     * @throws IOException if it cannot be written; what was there before is then untouched
     */
    static void write(Path folder, Predicate<Path> replaceable, Content content) throws IOException {
        Path place = folder.toAbsolutePath().normalize();
        Path parent = place.getParent();
        if (parent == null || !Files.isDirectory(parent)) {
            throw new FileSystemException(
                    String.valueOf(parent), null, "there is no such folder; make it, or write elsewhere");
        }
        requireReplaceable(folder, place, replaceable);
        Path temporary = place.resolveSibling(
                "." + place.getFileName() + "-" + ProcessHandle.current().pid());
        try {
            delete(temporary);
            Files.createDirectory(temporary);
            content.writeTo(temporary);
            AtomicFile.syncFolder(temporary);
            swap(place, temporary);
            AtomicFile.syncFolder(parent);
        } finally {
            delete(temporary);
        }
    }

    private static void requireReplaceable(Path given, Path place, Predicate<Path> replaceable) throws IOException {
        if (!Files.exists(place, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        if (!Files.isDirectory(place, LinkOption.NOFOLLOW_LINKS)) {
            throw new IllegalArgumentException(given + " is no folder, and a folder is written; choose another place");
        }
        if (!isEmpty(place) && !replaceable.test(place)) {
            throw new IllegalArgumentException(
                    given + " holds something else than an export of this program, so it is not replaced;"
                            + " choose another place, or remove it yourself");
        }
    }

    static boolean isEmpty(Path folder) throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.findAny().isEmpty();
        }
    }

    /** What was there before is removed last, when the new folder has its name. */
    private static void swap(Path place, Path temporary) throws IOException {
        if (!Files.exists(place)) {
            Files.move(temporary, place, StandardCopyOption.ATOMIC_MOVE);
            return;
        }
        Path old;
        int attempt = 0;
        do {
            old = temporary.resolveSibling(temporary.getFileName() + "-old" + attempt++);
        } while (Files.exists(old, LinkOption.NOFOLLOW_LINKS));
        Files.move(place, old, StandardCopyOption.ATOMIC_MOVE);
        try {
            Files.move(temporary, place, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            Files.move(old, place, StandardCopyOption.ATOMIC_MOVE);
            throw e;
        }
        delete(old);
    }

    private static void delete(Path folder) throws IOException {
        if (!Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        List<Path> all;
        try (Stream<Path> walk = Files.walk(folder)) {
            all = walk.sorted(Comparator.reverseOrder()).toList();
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        for (Path path : all) {
            Files.deleteIfExists(path);
        }
    }
}
