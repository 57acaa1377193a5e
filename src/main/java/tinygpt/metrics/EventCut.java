package tinygpt.metrics;

import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.DataInputStream;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.CRC32C;

/** Finds how much of an event file of ours belongs to a state from which a run continues. */
final class EventCut implements Closeable {
    private static final int TRAILER = Integer.BYTES;
    private static final int STEP_KEY = 2 << 3;
    private static final int SUMMARY_KEY = 5 << 3 | 2;

    private final long size;
    private final DataInputStream in;
    private final CRC32C crc = new CRC32C();
    private final byte[] header = new byte[EventFile.HEADER];

    private EventCut(Path path) throws IOException {
        size = Files.size(path);
        in = new DataInputStream(new BufferedInputStream(Files.newInputStream(path), 1 << 16));
    }

    /**
     * Bytes to keep: all records before the first that is of a later step, ends a session, or is torn.
     *
     * @param lastStep steps that were done
     * @param most how many records of that step to keep at most: what comes after them will be done again
     */
    static long keep(Path path, long lastStep, int most) throws IOException {
        try (EventCut cut = new EventCut(path)) {
            long kept = 0;
            int ofLast = 0;
            byte[] event;
            while ((event = cut.next(cut.size - kept)) != null) {
                long step = stepUnlessEnd(event);
                ofLast += step == lastStep ? 1 : 0;
                if (step > lastStep || ofLast > most) {
                    break;
                }
                kept += EventFile.HEADER + event.length + TRAILER;
            }
            return kept;
        }
    }

    /** The data of the next record, or null if what is left is no whole record. */
    private byte[] next(long left) throws IOException {
        if (left < EventFile.HEADER + TRAILER) {
            return null;
        }
        in.readFully(header);
        ByteBuffer numbers = ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN);
        long length = numbers.getLong(0);
        boolean plausible = numbers.getInt(Long.BYTES) == EventFile.maskedCrc(crc, header, 0, Long.BYTES)
                && length >= 0
                && length <= Math.min(left - EventFile.HEADER - TRAILER, Integer.MAX_VALUE - EventFile.HEADER);
        if (!plausible) {
            return null;
        }
        byte[] data = new byte[(int) length];
        in.readFully(data);
        return Integer.reverseBytes(in.readInt()) == EventFile.maskedCrc(crc, data, 0, data.length) ? data : null;
    }

    /**
     * Reads an event in the order in which {@link EventFile} writes it: wall time, step if not 0, summary.
     *
     * @return the step, or the last of all for the end of a session and for what is none of ours
     */
    private static long stepUnlessEnd(byte[] event) {
        ByteBuffer in = ByteBuffer.wrap(event);
        try {
            in.position(1 + Double.BYTES);
            long step = 0;
            int key = in.get();
            if (key == STEP_KEY) {
                step = varint(in);
                key = in.get();
            }
            boolean end = key == SUMMARY_KEY && firstTag(in).equals(EventFile.SESSION_END);
            return end ? Long.MAX_VALUE : step;
        } catch (BufferUnderflowException | IllegalArgumentException e) {
            return Long.MAX_VALUE;
        }
    }

    private static String firstTag(ByteBuffer in) {
        varint(in); // length of the summary
        in.get(); // key of its first value
        varint(in);
        in.get(); // key of the tag
        byte[] tag = new byte[(int) Math.min(varint(in), in.remaining())];
        in.get(tag);
        return new String(tag, StandardCharsets.UTF_8);
    }

    private static long varint(ByteBuffer in) {
        long value = 0;
        for (int shift = 0; shift < Long.SIZE; shift += 7) {
            byte b = in.get();
            value |= (b & 0x7fL) << shift;
            if (b >= 0) {
                return value;
            }
        }
        throw new BufferUnderflowException();
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
