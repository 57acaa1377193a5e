package tinygpt.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.nd4j.shade.protobuf.ByteString;
import org.nd4j.shade.protobuf.UnknownFieldSet;
import org.tensorflow.framework.Summary;

/** Reads event files with the TensorFlow classes that come with ND4J; only {@code Event} itself is not among them. */
final class Events {
    private Events() {}

    /** An event; the summary is empty in the first one. */
    record Event(double wallTime, long step, String fileVersion, Summary summary, byte[] record) {
        List<String> tags() {
            return summary.getValueList().stream().map(Summary.Value::getTag).toList();
        }

        Summary.Value value(String tag) {
            return summary.getValueList().stream()
                    .filter(v -> v.getTag().equals(tag))
                    .findFirst()
                    .orElseThrow();
        }
    }

    /** All events, whose framing and checksums are right and which fill the file. */
    static List<Event> read(Path file) throws IOException {
        byte[] all = Files.readAllBytes(file);
        ByteBuffer in = ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN);
        List<Event> events = new ArrayList<>();
        while (in.hasRemaining()) {
            int start = in.position();
            byte[] length = Arrays.copyOfRange(all, start, start + 8);
            int size = Math.toIntExact(in.getLong());
            assertEquals(masked(crc32c(length)), in.getInt(), "checksum of a length");
            byte[] data = new byte[size];
            in.get(data);
            assertEquals(masked(crc32c(data)), in.getInt(), "checksum of the data");
            events.add(event(data, Arrays.copyOfRange(all, start, in.position())));
        }
        return events;
    }

    /** CRC-32C bit by bit. */
    static int crc32c(byte[] bytes) {
        int crc = -1;
        for (byte b : bytes) {
            crc ^= b & 0xff;
            for (int i = 0; i < 8; i++) {
                crc = crc >>> 1 ^ ((crc & 1) != 0 ? 0x82f63b78 : 0);
            }
        }
        return ~crc;
    }

    static int masked(int crc) {
        return (crc >>> 15 | crc << 17) + 0xa282ead8;
    }

    private static Event event(byte[] data, byte[] record) throws IOException {
        UnknownFieldSet fields = UnknownFieldSet.parseFrom(data);
        List<ByteString> version = fields.getField(3).getLengthDelimitedList();
        List<ByteString> summary = fields.getField(5).getLengthDelimitedList();
        List<Long> step = fields.getField(2).getVarintList();
        return new Event(
                Double.longBitsToDouble(fields.getField(1).getFixed64List().get(0)),
                step.isEmpty() ? 0 : step.get(0),
                version.isEmpty() ? "" : version.get(0).toStringUtf8(),
                summary.isEmpty() ? Summary.getDefaultInstance() : Summary.parseFrom(summary.get(0)),
                record);
    }
}
