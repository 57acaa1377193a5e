package tinygpt.runs;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Optional;
import tinygpt.formats.BadFileException;

/**
 * Where runs are kept: {@code runs/} below the current folder, or the folder that the system property {@code tinygpt.runs}
 * names, with a file {@code latest} that names the newest.
 */
public final class RunFolders {
    private static final Path RUNS = Path.of(System.getProperty("tinygpt.runs", "runs"));
    private static final Path LATEST = RUNS.resolve("latest");
    private static final int LONGEST_PATH = 1 << 14;
    private static final DateTimeFormatter STAMP = DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss", Locale.ROOT);

    private RunFolders() {}

    /** A folder for a new run that does not exist yet: {@code runs/<date>-<name>}. */
    public static Path fresh(String name, LocalDateTime now) {
        String base = STAMP.format(now) + "-" + name;
        Path folder = RUNS.resolve(base);
        for (int i = 2; Files.exists(folder); i++) {
            folder = RUNS.resolve(base + "-" + i);
        }
        return folder;
    }

    /**
     * Makes the folder of a run, if it is not there.
     *
     * @throws BadFileException if it cannot be made, saying why
     */
    static void create(Path folder) {
        try {
            Files.createDirectories(folder);
        } catch (FileAlreadyExistsException e) {
            throw new BadFileException(folder, "is a file, and a run needs a folder; choose another", e);
        } catch (IOException e) {
            throw new BadFileException(
                    folder,
                    "cannot be made (" + BadFileException.reason(e) + "); choose a folder that can be written",
                    e);
        }
    }

    /** Makes a run the one that commands take when no model is given. */
    public static void rememberLatest(Path run) throws IOException {
        Files.createDirectories(RUNS);
        Path temporary = RUNS.resolve(".latest-" + ProcessHandle.current().pid());
        Files.writeString(temporary, run.toAbsolutePath().normalize() + "\n", StandardCharsets.UTF_8);
        Files.move(temporary, LATEST, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /**
     * The run that a file {@code latest} names, as in {@code runs/latest}; any other path as it is.
     *
     * @throws BadFileException if it names a run that is not there any more
     */
    public static Path named(Path given) {
        if (!given.endsWith(LATEST.getFileName()) || !Files.isRegularFile(given)) {
            return given;
        }
        try (InputStream in = Files.newInputStream(given)) {
            Path run = Path.of(new String(in.readNBytes(LONGEST_PATH), StandardCharsets.UTF_8).trim());
            if (Files.isDirectory(run)) {
                return run;
            }
            throw new BadFileException(
                    given, "names the run " + BadFileException.quote(run.toString()) + ", which is not there any more");
        } catch (InvalidPathException e) {
            return given; // something else wrote it
        } catch (IOException e) {
            throw new BadFileException(given, "cannot be read: " + BadFileException.reason(e), e);
        }
    }

    /** The run remembered last below the current folder, if it is still there. */
    public static Optional<Path> latest() throws IOException {
        if (!Files.isRegularFile(LATEST)) {
            return Optional.empty();
        }
        try {
            Path run = Path.of(Files.readString(LATEST, StandardCharsets.UTF_8).trim());
            return Files.exists(run) ? Optional.of(run) : Optional.empty();
        } catch (InvalidPathException | CharacterCodingException e) {
            return Optional.empty(); // something else wrote it
        }
    }

    /** Removes a folder with all that is in it; one that is not there is as good. */
    public static void remove(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.delete(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path done, IOException e) throws IOException {
                Files.delete(done);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
