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
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The folder of a run: which file is where.
 *
 * <pre>
 * config.json                           the hyperparameters
 * checkpoints/step-000500.safetensors   the first, the newest few and the best state
 * ledger.jsonl                          fingerprints of what was fixed and what was learned, a line for each checkpoint
 * metrics.jsonl, tensors.jsonl, samples.txt, snapshots.jsonl, probe.jsonl, tb/
 * </pre>
 *
 * @param path of the folder
 */
public record RunFolder(Path path) {
    private static final Pattern CHECKPOINT = Pattern.compile("step-([0-9]{6,18})\\.safetensors");
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

    /** Puts a checkpoint that cannot be used aside, so that it is neither used nor counted, and not lost either. */
    void putAside(Saved damaged) throws IOException {
        Files.move(
                damaged.file(),
                damaged.file().resolveSibling(damaged.file().getFileName() + DAMAGED),
                StandardCopyOption.REPLACE_EXISTING);
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
