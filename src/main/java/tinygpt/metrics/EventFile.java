package tinygpt.metrics;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.zip.CRC32C;

/**
 * A TensorBoard event file: one record an event.
 *
 * <p>Design: a record is the length of its data as 8 bytes, a masked CRC-32C of those, the data, and a masked CRC-32C of
 * the data, all little-endian. The data is an {@code Event} message: wall_time 1 (seconds), step 2, and either
 * file_version 3, in the first event, or summary 5, which holds values (1). A value has a tag (1) and one of simple_value
 * 2, histo 5, tensor 8, with metadata in 9. Numbers from TensorFlow's {@code event.proto} and {@code summary.proto}.
 */
final class EventFile implements Closeable {
    /** Of the last event of a run, behind which nothing may follow. */
    static final String SESSION_END = "_hparams_/session_end_info";

    private static final String VERSION = "brain.Event:2";
    static final int HEADER = Long.BYTES + Integer.BYTES;
    private static final int MASK = 0xa282ead8;

    private static final int WALL_TIME = 1;
    private static final int STEP = 2;
    private static final int FILE_VERSION = 3;
    private static final int SUMMARY = 5;
    private static final int VALUE = 1;
    private static final int TAG = 1;
    private static final int SIMPLE_VALUE = 2;
    private static final int HISTOGRAM = 5;
    private static final int TENSOR = 8;
    private static final int METADATA = 9;
    private static final int DT_STRING = 7;

    private final AppendLog log;
    private final ProtoBuffer event = new ProtoBuffer();
    private final CRC32C crc = new CRC32C();
    private final double[] bucketLimits = new double[Histogram.BUCKETS];
    private int summary;

    private EventFile(AppendLog log) {
        this.log = log;
    }

    /**
     * Opens a file, keeping its first bytes.
     *
     * @param size bytes to keep, whole records; with none the file begins with its version
     */
    static EventFile open(Path path, long size, double wallSeconds) throws IOException {
        EventFile file = new EventFile(AppendLog.open(path, size));
        if (size == 0) {
            file.event.clear(HEADER).number(WALL_TIME, wallSeconds).string(FILE_VERSION, VERSION);
            file.write();
        }
        return file;
    }

    /** Begins an event with a summary, to which values are added until {@link #end}. */
    void begin(long step, double wallSeconds) {
        event.clear(HEADER).number(WALL_TIME, wallSeconds).integer(STEP, step);
        summary = event.begin(SUMMARY);
    }

    /** A number; left out if it is none, which no curve can show. */
    void scalar(byte[] tag, double number) {
        if (Double.isFinite(number)) {
            int value = event.begin(VALUE);
            event.bytes(TAG, tag).number(SIMPLE_VALUE, (float) number);
            event.end(value);
        }
    }

    void histogram(byte[] tag, Histogram h) {
        int value = event.begin(VALUE);
        event.bytes(TAG, tag);
        int histogram = event.begin(HISTOGRAM);
        for (int i = 0; i < h.buckets(); i++) {
            bucketLimits[i] = h.rightEdge(i);
        }
        event.number(1, h.min())
                .number(2, h.max())
                .number(3, (double) h.count())
                .number(4, h.sum())
                .number(5, h.sumOfSquares())
                .numbers(6, bucketLimits, h.buckets())
                .numbers(7, h.counts(), h.buckets());
        event.end(histogram);
        event.end(value);
    }

    /** A text, which TensorBoard reads as Markdown. */
    void text(String tag, String markdown) {
        int value = event.begin(VALUE);
        event.string(TAG, tag);
        int tensor = event.begin(TENSOR);
        event.integer(1, DT_STRING).string(8, markdown); // a scalar: no shape
        event.end(tensor);
        plugin("text", new byte[0]);
        event.end(value);
    }

    /** A value that is nothing but what a plugin wants to know. */
    void pluginData(String tag, String plugin, byte[] content) {
        int value = event.begin(VALUE);
        event.string(TAG, tag);
        plugin(plugin, content);
        event.end(value);
    }

    /** Writes the event. */
    void end() throws IOException {
        event.end(summary);
        write();
    }

    @Override
    public void close() throws IOException {
        log.close();
    }

    private void plugin(String name, byte[] content) {
        int metadata = event.begin(METADATA);
        int data = event.begin(1);
        event.string(1, name);
        if (content.length > 0) {
            event.bytes(2, content);
        }
        event.end(data);
        event.end(metadata);
    }

    private void write() throws IOException {
        int size = event.length() - HEADER;
        event.fixed32(0); // room for the last checksum
        ByteBuffer record = ByteBuffer.wrap(event.bytes()).order(ByteOrder.LITTLE_ENDIAN);
        record.putLong(0, size);
        record.putInt(Long.BYTES, maskedCrc(crc, event.bytes(), 0, Long.BYTES));
        record.putInt(HEADER + size, maskedCrc(crc, event.bytes(), HEADER, size));
        log.append(event.bytes(), event.length());
    }

    /** CRC-32C, turned by 15 bits and moved by a constant, as the format wants it. */
    static int maskedCrc(CRC32C crc, byte[] bytes, int offset, int count) {
        crc.reset();
        crc.update(bytes, offset, count);
        return Integer.rotateRight((int) crc.getValue(), 15) + MASK;
    }
}
