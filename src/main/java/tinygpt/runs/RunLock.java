package tinygpt.runs;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tinygpt.formats.BadFileException;

/**
 * One process at a time writes to a run: whoever holds the lock on its file {@code lock}.
 *
 * <p>The lock is the operating system's, so it ends with its process, however that ends; the file stays and means nothing
 * by itself. It names the process that locked it last, and whether that ended in good order. What is locked is one byte far behind that text, because some
 * systems do not let others read a locked part.
 */
public final class RunLock implements AutoCloseable {
    /** The file's name in the folder of a run. */
    static final String FILE = "lock";

    private static final long LOCKED_BYTE = 1L << 40;
    private static final int LONGEST = 400;
    /** Behind the name of a process that let the lock go. */
    private static final String ENDED = ", ended";

    private static volatile String host;

    private static final Pattern HOLDER = Pattern.compile("process (\\d{1,18}) on (\\S{1,255})\\s*");

    private final FileChannel channel;
    private final FileLock lock;

    /** The process that has signed a lock. */
    record Holder(long process, String host) {
        /** Whether it runs, or ran, on this machine. */
        boolean isHere() {
            return host.equals(RunLock.host());
        }
    }

    private RunLock(FileChannel channel, FileLock lock) {
        this.channel = channel;
        this.lock = lock;
    }

    /**
     * Locks the folder of a run, which must exist.
     *
     * @throws RunInUseException if somebody holds the lock, in this process or another, naming it where that is known
     * @throws BadFileException if the file of the lock cannot be made
     */
    public static RunLock acquire(Path folder) {
        Path file = folder.resolve(FILE);
        FileChannel channel = null;
        try {
            channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            FileLock lock = channel.tryLock(LOCKED_BYTE, 1, false);
            if (lock == null) {
                throw inUse(folder, holder(file));
            }
            sign(channel, "");
            RunLock held = new RunLock(channel, lock);
            channel = null;
            return held;
        } catch (OverlappingFileLockException e) {
            throw inUse(folder, "this process");
        } catch (IOException e) {
            throw new BadFileException(
                    file,
                    "cannot be made or locked (" + BadFileException.reason(e)
                            + "), so nothing can be saved in this run",
                    e);
        } finally {
            if (channel != null) {
                closeQuietly(channel);
            }
        }
    }

    /** Lets others write to the run. */
    @Override
    public void close() {
        sign(channel, ENDED);
        try {
            lock.release();
        } catch (IOException e) {
            // Closing the channel releases it as well.
        }
        closeQuietly(channel);
    }

    private static RunInUseException inUse(Path folder, String holder) {
        return new RunInUseException(folder + ": " + holder
                + " is writing to this run; wait until it ends, stop it, or choose another folder");
    }

    /** Writes down who holds the lock: for messages and onlookers only, so a full disk does not matter. */
    private static void sign(FileChannel channel, String end) {
        String text = String.format(
                Locale.ROOT, "process %d on %s%s%n", ProcessHandle.current().pid(), host(), end);
        try {
            channel.truncate(0);
            channel.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)), 0);
        } catch (IOException e) {
            // The lock holds all the same.
        }
    }

    private static String holder(Path file) {
        return signature(file)
                .map(holder -> "process " + holder.process() + " on " + BadFileException.quote(holder.host()))
                .orElse("another process");
    }

    /** Who says to hold the lock; nobody if that process let it go, or the file says something else. */
    static Optional<Holder> signature(Path file) {
        try (var in = Files.newInputStream(file)) {
            Matcher signed = HOLDER.matcher(new String(in.readNBytes(LONGEST), StandardCharsets.UTF_8));
            if (signed.matches()) {
                return Optional.of(new Holder(Long.parseLong(signed.group(1)), signed.group(2)));
            }
        } catch (IOException e) {
            // Nobody says who it is.
        }
        return Optional.empty();
    }

    private static String host() {
        String known = host;
        if (known == null) {
            try {
                known = InetAddress.getLocalHost().getHostName().replaceAll("\\s", "");
            } catch (UnknownHostException e) {
                known = "localhost";
            }
            host = known; // to ask may take seconds
        }
        return known;
    }

    private static void closeQuietly(FileChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            // Only a name was written.
        }
    }
}
