package tinygpt.tensor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.OptionalLong;
import org.bytedeco.javacpp.Pointer;

/** How much memory there is and was, in bytes. */
public final class Memory {
    private static final long KIB = 1024;
    private static final double GB = 1e9;

    private Memory() {}

    /** What slabs may still take: what is left of the process's off-heap limit, or of the machine if that is less. */
    public static long available() {
        long left = Long.MAX_VALUE;
        if (Pointer.maxBytes() > 0) {
            left = Pointer.maxBytes() - Pointer.totalBytes();
        }
        if (Pointer.maxPhysicalBytes() > 0) {
            left = Math.min(left, Pointer.maxPhysicalBytes() - Pointer.physicalBytes());
        }
        return Math.max(0, Math.min(left, line("/proc/meminfo", "MemAvailable:").orElse(Long.MAX_VALUE)));
    }

    /** Bytes that the process may allocate outside the Java heap; 0 for no limit. */
    public static long limit() {
        return Pointer.maxBytes();
    }

    /** Bytes that the process may have in memory altogether, Java heap and all; 0 for no limit. */
    public static long processLimit() {
        return Pointer.maxPhysicalBytes();
    }

    /** Bytes of memory that the machine has. */
    public static long installed() {
        return Pointer.totalPhysicalBytes();
    }

    /**
     * Refuses what does not fit, before it is allocated.
     *
     * @param what what is going to be done, the beginning of the message: {@code training this model}
     * @param needed bytes
     * @param available bytes
     * @param advice what makes it fit
     * @throws NotEnoughMemoryException if more is needed than available
     */
    public static void require(String what, long needed, long available, String advice) {
        if (needed > available) {
            throw new NotEnoughMemoryException(String.format(
                    Locale.ROOT,
                    "%s needs %.2f GB outside the Java heap and %.2f GB are available; %s"
                            + " (the limit is what is free, or -Dorg.bytedeco.javacpp.maxbytes, which is -Xmx unless"
                            + " given)",
                    what,
                    needed / GB,
                    available / GB,
                    advice));
        }
    }

    /**
     * Refuses what does not fit into the Java heap, before it is allocated.
     *
     * @param what what is going to be done, the beginning of the message
     * @param needed bytes
     * @throws NotEnoughMemoryException if more is needed than the heap may still grow
     */
    public static void requireHeap(String what, long needed) {
        Runtime heap = Runtime.getRuntime();
        long available = heap.maxMemory() - (heap.totalMemory() - heap.freeMemory());
        if (needed > available) {
            throw new NotEnoughMemoryException(String.format(
                    Locale.ROOT,
                    "%s needs %.2f GB of the Java heap and %.2f GB are available; let it grow with -Xmx, as in"
                            + " TINYGPT_JAVA_OPTS=-Xmx%dg",
                    what,
                    needed / GB,
                    available / GB,
                    1 + (long) Math.ceil(needed / GB)));
        }
    }

    /** The most that this process has had in memory so far; empty where there is no {@code /proc}. */
    public static OptionalLong peakResident() {
        return line("/proc/self/status", "VmHWM:");
    }

    /** A number of kB in a file of Linux. */
    private static OptionalLong line(String file, String label) {
        try {
            return Files.readAllLines(Path.of(file)).stream()
                    .filter(line -> line.startsWith(label))
                    .mapToLong(line -> KIB * Long.parseLong(line.replaceAll("\\D", "")))
                    .findFirst();
        } catch (IOException e) {
            return OptionalLong.empty(); // not Linux
        }
    }
}
