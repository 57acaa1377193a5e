package tinygpt.metrics;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A protocol buffers message in the making, in bytes that are used again for the next one.
 *
 * <p>Source: "Encoding", protobuf.dev. A field is a varint of number * 8 + wire type, then a varint (0), eight bytes (1), a
 * length and bytes (2), or four bytes (5). Fields with the value 0 may be left out.
 */
final class ProtoBuffer {
    private static final int VARINT = 0;
    private static final int FIXED64 = 1;
    private static final int BYTES = 2;
    private static final int FIXED32 = 5;

    private byte[] bytes = new byte[4096];
    private int length;

    byte[] bytes() {
        return bytes;
    }

    int length() {
        return length;
    }

    /** Forgets the message and leaves so many bytes free before the next one. */
    ProtoBuffer clear(int reserved) {
        length = reserved;
        return this;
    }

    ProtoBuffer integer(int field, long value) {
        if (value != 0) {
            varint(field << 3 | VARINT);
            varint(value);
        }
        return this;
    }

    /** Written even if it is 0, for a member of a oneof. */
    ProtoBuffer flag(int field, boolean value) {
        varint(field << 3 | VARINT);
        varint(value ? 1 : 0);
        return this;
    }

    /** Written even if it is 0, for a member of a oneof. */
    ProtoBuffer number(int field, double value) {
        varint(field << 3 | FIXED64);
        fixed(Double.doubleToRawLongBits(value), Double.BYTES);
        return this;
    }

    /** Written even if it is 0, for a member of a oneof. */
    ProtoBuffer number(int field, float value) {
        varint(field << 3 | FIXED32);
        fixed(Float.floatToRawIntBits(value), Float.BYTES);
        return this;
    }

    ProtoBuffer string(int field, String value) {
        return bytes(field, value.getBytes(StandardCharsets.UTF_8));
    }

    ProtoBuffer bytes(int field, byte[] value) {
        varint(field << 3 | BYTES);
        varint(value.length);
        reserve(value.length);
        System.arraycopy(value, 0, bytes, length, value.length);
        length += value.length;
        return this;
    }

    /** A packed list. */
    ProtoBuffer numbers(int field, double[] values, int count) {
        varint(field << 3 | BYTES);
        varint((long) Double.BYTES * count);
        for (int i = 0; i < count; i++) {
            fixed(Double.doubleToRawLongBits(values[i]), Double.BYTES);
        }
        return this;
    }

    /** Four bytes that belong to no message. */
    ProtoBuffer fixed32(int value) {
        fixed(value, Integer.BYTES);
        return this;
    }

    /** Begins a message within the message; returns what {@link #end} needs. */
    int begin(int field) {
        varint(field << 3 | BYTES);
        return length;
    }

    /** Ends it: its length goes before it, which moves it. */
    void end(int start) {
        int size = length - start;
        int prefix = 1;
        for (int rest = size >>> 7; rest != 0; rest >>>= 7) {
            prefix++;
        }
        reserve(prefix);
        System.arraycopy(bytes, start, bytes, start + prefix, size);
        length = start;
        varint(size);
        length += size;
    }

    private void varint(long value) {
        reserve(10);
        long rest = value;
        while ((rest & ~0x7fL) != 0) {
            bytes[length++] = (byte) (rest | 0x80);
            rest >>>= 7;
        }
        bytes[length++] = (byte) rest;
    }

    /** Little-endian. */
    private void fixed(long bits, int count) {
        reserve(count);
        for (int i = 0; i < count; i++) {
            bytes[length++] = (byte) (bits >>> 8 * i);
        }
    }

    private void reserve(int count) {
        if (length + count > bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, length + count));
        }
    }
}
