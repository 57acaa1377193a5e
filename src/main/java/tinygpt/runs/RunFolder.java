package tinygpt.runs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import tinygpt.formats.BadFileException;

/**
 * The folder of a run: which file is where.
 *
 * <pre>
 * config.json                           the hyperparameters
 * checkpoints/step-000500.safetensors   the first, the newest few and the best state
 * ledger.jsonl                          fingerprints of what was fixed and what was learned, a line for each checkpoint
 * metrics.jsonl, tensors.jsonl, samples.txt, snapshots.jsonl, probe.jsonl, tb/
 * lock                                  one process at a time writes here
 * </pre>
 *
 * @param path of the folder
 */
public record RunFolder(Path path) {
    private static final Pattern CHECKPOINT = Pattern.compile("step-([0-9]{6,18})\\.safetensors");
    private static final Pattern UNFINISHED =
            Pattern.compile("\\.step-[0-9]{6,18}\\.safetensors\\.[0-9]{1,19}-[0-9]{1,9}\\.tmp");
    private static final Pattern CHOSEN = Pattern.compile("(.+)@([0-9]{1,18}|best)");
    private static final String DAMAGED = ".damaged";

    /**
     * A checkpoint of the run.
     *
     * @param file where it is
     * @param step that its name says
     */
    public record Saved(Path file, long step) {}

    /** The hyperparameters, as JSON. */
    public Path config() {
        return path.resolve("config.json");
    }

    /** The folder of the checkpoints. */
    public Path checkpointFolder() {
        return path.resolve("checkpoints");
    }

    /** Where the checkpoint of a step is, or would be. */
    public Path checkpoint(long step) {
        return checkpointFolder().resolve(String.format(Locale.ROOT, "step-%06d.safetensors", step));
    }

    /** All checkpoints there are, the oldest first; empty if this is not the folder of a run. */
    public List<Saved> checkpoints() {
        List<Saved> found = new ArrayList<>();
        if (!Files.isDirectory(checkpointFolder())) {
            return found;
        }
        try (DirectoryStream<Path> files = Files.newDirectoryStream(checkpointFolder())) {
            for (Path file : files) {
                Matcher name = CHECKPOINT.matcher(file.getFileName().toString());
                if (name.matches() && Files.isRegularFile(file)) {
                    found.add(new Saved(file, Long.parseLong(name.group(1))));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        found.sort(Comparator.comparingLong(Saved::step));
        return found;
    }

    /** All checkpoints there are, the newest first. */
    public List<Saved> newestFirst() {
        List<Saved> newest = checkpoints();
        newest.sort(Comparator.comparingLong(Saved::step).reversed());
        return newest;
    }

    /**
     * The checkpoint that {@code RUN@STEP} or {@code RUN@best} means; empty for a path of another form.
     *
     * @throws BadFileException if there is no such run, or no such checkpoint in it
     */
    static Optional<Path> chosen(Path given) {
        Matcher parts = CHOSEN.matcher(given.toString());
        if (!parts.matches()) {
            return Optional.empty();
        }
        RunFolder run = new RunFolder(RunFolders.named(Path.of(parts.group(1))));
        String which = parts.group(2);
        return Optional.of(which.equals("best") ? run.best() : run.saved(Long.parseLong(which)));
    }

    /**
     * The checkpoint of a step.
     *
     * @throws BadFileException if it is not there, listing those that are
     */
    public Path saved(long step) {
        List<Saved> saved = checkpoints();
        if (saved.isEmpty()) {
            throw new BadFileException(path, "is not the folder of a run, so it has no checkpoint of step " + step);
        }
        for (Saved checkpoint : saved) {
            if (checkpoint.step() == step) {
                return checkpoint.file();
            }
        }
        List<String> steps = saved.stream().map(s -> Long.toString(s.step())).toList();
        throw new BadFileException(
                path, "has no checkpoint of step " + step + "; there are those of steps " + String.join(", ", steps));
    }

    /**
     * The checkpoint with the lowest validation loss, as the newest one says.
     *
     * @throws BadFileException if this is not the folder of a run, or the run was never evaluated
     */
    public Path best() {
        List<Saved> newest = newestFirst();
        if (newest.isEmpty()) {
            throw new BadFileException(path, "is not the folder of a run, so it has no best checkpoint");
        }
        Path file = newest.get(0).file();
        long step = RunFacts.of(file, Checkpoint.readHeader(file)).losses().bestStep();
        if (step < 0) {
            throw new BadFileException(path, "has no best checkpoint, because it was never evaluated");
        }
        return saved(step);
    }

    /** Puts a checkpoint that cannot be used aside, so that it is neither used nor counted, and not lost either. */
    void putAside(Saved damaged) throws IOException {
        Files.move(
                damaged.file(),
                damaged.file().resolveSibling(damaged.file().getFileName() + DAMAGED),
                StandardCopyOption.REPLACE_EXISTING);
    }

    /** Removes checkpoints that a killed process had only begun. Nobody else may be writing. */
    void removeUnfinished() throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(checkpointFolder())) {
            for (Path file : files) {
                if (UNFINISHED.matcher(file.getFileName().toString()).matches()) {
                    Files.deleteIfExists(file);
                }
            }
        }
    }

    /** Bytes of all files of the run. */
    public long bytes() throws IOException {
        long bytes = 0;
        try (Stream<Path> files = Files.walk(path)) {
            for (Path file : files.toList()) {
                try {
                    bytes += Files.isRegularFile(file) ? Files.size(file) : 0;
                } catch (NoSuchFileException e) {
                    // A temporary file that is gone by now.
                }
            }
        }
        return bytes;
    }
}
