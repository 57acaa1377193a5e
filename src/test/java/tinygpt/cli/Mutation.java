package tinygpt.cli;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import tinygpt.random.CounterRandom;
import tinygpt.random.Stream;

/** Damage to a file, the same for the same seed and number. */
final class Mutation {
    /** What a JSON value may be replaced by: wrong types, sizes that overflow, and what breaks parsers. */
    private static final List<String> NASTY = List.of(
            "null",
            "true",
            "-1",
            "0",
            "1e308",
            "1e999999999",
            "NaN",
            "2147483648",
            "9223372036854775807",
            "9223372036854775808",
            "9".repeat(5000),
            "\"\"",
            "\"" + "x".repeat(20_000) + "\"",
            "\"\\u0000\\u001b[31m\\ud800\"",
            "\"\\u202e\\n\"",
            "[]",
            "{}",
            "[".repeat(20_000),
            "{\"a\":".repeat(3000),
            "{\"a\":1,\"a\":2}",
            "[1e5,null,\"a\",[],{}]");

    private final long seed;
    private final long number;
    private long place;

    Mutation(long seed, long number) {
        this.seed = seed;
        this.number = number;
    }

    int below(int bound) {
        return (int) CounterRandom.below(bound, seed, Stream.SAMPLING, number, place++);
    }

    /** One to three kinds of damage to a file that begins with its header, as safetensors does. */
    byte[] ofCheckpoint(byte[] good) {
        int header = (int) ByteBuffer.wrap(good).order(ByteOrder.LITTLE_ENDIAN).getLong();
        byte[] bytes = good.clone();
        for (int times = 1 + below(3) / 2; times > 0; times--) {
            // Most of the damage goes where it is read with the most care.
            int end = Math.min(bytes.length, below(4) == 0 ? bytes.length : 8 + header);
            bytes = switch (below(6)) {
                case 0 -> withLength(bytes);
                case 1, 2 -> withNastyValue(bytes, 8, 8 + header);
                default -> anywhere(bytes, end);
            };
        }
        return bytes;
    }

    /** One kind of damage to a JSON file. */
    byte[] ofJson(byte[] good) {
        return below(2) == 0 ? anywhere(good.clone(), good.length) : nastyValue(good, 0, good.length);
    }

    /** One to three kinds of damage to a binary file, most of it in its header. */
    byte[] ofBinary(byte[] good, int header) {
        byte[] bytes = good.clone();
        for (int times = 1 + below(3) / 2; times > 0; times--) {
            int end = Math.min(bytes.length, below(8) == 0 ? bytes.length : header);
            bytes = below(3) == 0 ? withNumber(bytes, end) : anywhere(bytes, end);
        }
        return bytes;
    }

    /** Another number somewhere, of 4 or 8 bytes and any size. */
    private byte[] withNumber(byte[] bytes, int end) {
        int size = below(2) == 0 ? Integer.BYTES : Long.BYTES;
        if (end > size) {
            long value = CounterRandom.bits(seed, Stream.SAMPLING, number, place++) >>> below(64);
            ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
            int at = below(end - size);
            if (size == Long.BYTES) {
                buffer.putLong(at, value);
            } else {
                buffer.putInt(at, (int) value);
            }
        }
        return bytes;
    }

    /** Cut, bits flipped, bytes put in, taken out or overwritten, before an end. */
    private byte[] anywhere(byte[] bytes, int end) {
        if (bytes.length == 0) {
            return bytes;
        }
        int at = below(Math.max(1, end));
        int count = 1 + below(below(2) == 0 ? 4 : 400);
        return switch (below(6)) {
            case 0 -> Arrays.copyOf(bytes, at);
            case 1 -> {
                for (int i = 0; i < 1 + count % 8; i++) {
                    bytes[below(Math.max(1, end))] ^= (byte) (1 << below(8));
                }
                yield bytes;
            }
            case 2 -> spliced(bytes, at, at, randomBytes(count));
            case 3 -> spliced(bytes, at, Math.min(bytes.length, at + count), new byte[0]);
            case 4 -> spliced(bytes, at, at, Arrays.copyOfRange(bytes, at, Math.min(bytes.length, at + count)));
            default -> {
                int from = below(Math.max(1, end)); // one stretch over another: fields change places
                System.arraycopy(bytes, from, bytes, at, Math.min(count, bytes.length - Math.max(from, at)));
                yield bytes;
            }
        };
    }

    /** Another length of the header. */
    private byte[] withLength(byte[] bytes) {
        if (bytes.length >= Long.BYTES) {
            long length = CounterRandom.bits(seed, Stream.SAMPLING, number, place++) >>> below(64);
            ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(length);
        }
        return bytes;
    }

    /** A nasty value in the header, whose length is put right, so that what comes after it is still found. */
    private byte[] withNastyValue(byte[] bytes, int begin, int end) {
        if (end > bytes.length) {
            return bytes;
        }
        byte[] changed = nastyValue(bytes, begin, end);
        ByteBuffer.wrap(changed).order(ByteOrder.LITTLE_ENDIAN).putLong(end - begin + changed.length - bytes.length);
        return changed;
    }

    /** Replaces what follows some colon, up to the next comma or brace, of plain JSON or of JSON in a string. */
    private byte[] nastyValue(byte[] bytes, int begin, int end) {
        int colon = begin + below(end - begin);
        while (colon < end && bytes[colon] != ':') {
            colon++;
        }
        int stop = colon + 1;
        while (stop < end && bytes[stop] != ',' && bytes[stop] != '}') {
            stop++;
        }
        String value = NASTY.get(below(NASTY.size()));
        return colon >= end ? bytes : spliced(bytes, colon + 1, stop, value.getBytes(StandardCharsets.UTF_8));
    }

    private byte[] randomBytes(int count) {
        byte[] random = new byte[count];
        for (int i = 0; i < count; i++) {
            random[i] = (byte) below(256);
        }
        return random;
    }

    private static byte[] spliced(byte[] bytes, int from, int to, byte[] instead) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(bytes.length + instead.length);
        out.write(bytes, 0, from);
        out.writeBytes(instead);
        out.write(bytes, to, bytes.length - to);
        return out.toByteArray();
    }
}
