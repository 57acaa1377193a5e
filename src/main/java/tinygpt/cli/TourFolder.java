package tinygpt.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * Where the tour keeps its files: a folder that was asked for and stays, or one below the system's temporary folder, with a
 * short name because it stands in every command, that is removed at the end, also by Ctrl-C.
 */
final class TourFolder implements AutoCloseable {
    private static final int MOST = 10_000;

    private final Path path;
    private final boolean kept;
    private final Thread hook = new Thread(this::removeOnSignal, "tinygpt-tour");
    private volatile boolean busy;

    private TourFolder(Path path, boolean kept) {
        this.path = path;
        this.kept = kept;
    }

    /**
     * Makes the folder.
     *
     * @param wanted the folder that stays, new or empty; null for a temporary one
     * @throws CommandFailure if there is something in the folder that was asked for
     */
    static TourFolder open(Path wanted) throws IOException {
        TourFolder folder = wanted == null ? new TourFolder(temporary(), false) : new TourFolder(empty(wanted), true);
        if (!folder.kept) {
            Runtime.getRuntime().addShutdownHook(folder.hook);
        }
        return folder;
    }

    private static Path empty(Path wanted) throws IOException {
        if (Files.exists(wanted) && !Files.isDirectory(wanted)) {
            throw new CommandFailure(Exit.USAGE, wanted + " is a file; --keep takes a folder that is new or empty");
        }
        Files.createDirectories(wanted);
        try (Stream<Path> inside = Files.list(wanted)) {
            if (inside.findAny().isPresent()) {
                throw new CommandFailure(
                        Exit.USAGE, wanted + " is not empty; --keep takes a new folder, so that nothing is mixed up");
            }
        }
        return wanted;
    }

    private static Path temporary() throws IOException {
        Path parent = Path.of(System.getProperty("java.io.tmpdir"));
        for (int i = 1; ; i++) {
            Path folder = parent.resolve("tinygpt-tour-" + i);
            try {
                return Files.createDirectory(folder);
            } catch (FileAlreadyExistsException e) {
                if (i == MOST) {
                    throw e;
                }
            }
        }
    }

    Path path() {
        return path;
    }

    /** Whether it stays when the tour ends. */
    boolean kept() {
        return kept;
    }

    /** Says whether a training writes here, which a signal lets finish: then whoever runs it removes the folder. */
    void busy(boolean now) {
        busy = now;
    }

    private void removeOnSignal() {
        if (!busy) {
            remove();
        }
    }

    private void remove() {
        try (Stream<Path> files = Files.walk(path)) {
            List<Path> deepestFirst = files.sorted(Comparator.reverseOrder()).toList();
            for (Path file : deepestFirst) {
                Files.deleteIfExists(file);
            }
        } catch (IOException | UncheckedIOException e) {
            // A file that cannot be removed from the temporary folder is left to the system, which clears it.
        }
    }

    @Override
    public void close() {
        if (kept) {
            return;
        }
        remove();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The JVM is going down, and the hook finds nothing more.
        }
    }
}
