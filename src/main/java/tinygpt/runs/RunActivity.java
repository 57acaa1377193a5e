package tinygpt.runs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import tinygpt.metrics.RunMetrics;

/**
 * Whether somebody trains in the folder of a run, for onlookers: it is found out without touching the lock, because even to
 * try a lock could turn away a training that begins at that moment.
 */
public final class RunActivity {
    /** Clocks of files and processes do not agree to the millisecond. */
    private static final Duration SLACK = Duration.ofSeconds(2);

    /** Of a process on another machine only its log can be seen: it trains if that has grown so lately. */
    private static final Duration LATELY = Duration.ofMinutes(1);

    private RunActivity() {}

    /** Whether the process that signed the lock of a run last has not let it go and is still alive. */
    public static boolean goesOn(Path folder) {
        Path lock = folder.resolve(RunLock.FILE);
        Optional<RunLock.Holder> holder = RunLock.signature(lock);
        if (holder.isEmpty()) {
            return false;
        }
        try {
            if (!holder.get().isHere()) {
                Instant grown = Files.getLastModifiedTime(folder.resolve(RunMetrics.METRICS))
                        .toInstant();
                return grown.isAfter(Instant.now().minus(LATELY));
            }
            FileTime signed = Files.getLastModifiedTime(lock);
            return ProcessHandle.of(holder.get().process())
                    .filter(ProcessHandle::isAlive)
                    // A number is given again: the signer was there before its signature.
                    .filter(process -> process.info()
                            .startInstant()
                            .map(start -> !start.isAfter(signed.toInstant().plus(SLACK)))
                            .orElse(true))
                    .isPresent();
        } catch (IOException e) {
            return false; // it has not begun
        }
    }
}
