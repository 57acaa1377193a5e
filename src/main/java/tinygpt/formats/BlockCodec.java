package tinygpt.formats;

import java.nio.ByteBuffer;

/**
 * Numbers as GGUF stores them and back: F32, F16, BF16, and the blocks of 32 of Q8_0 and Q4_0.
 *
 * <p>A block is a scale d in float16 and 32 integers q. Q8_0: d = max |x| / 127, q = x / d rounded to the nearest integer,
 * halves away from zero, a byte each; x is about d q. Q4_0: d = m / -8 where m is the number farthest from 0 with its sign,
 * q = x / d + 8 rounded down after adding a half, at most 15; byte j holds number j in its lower four bits and number
 * j + 16 in its upper; x is about d (q - 8). The integers are made with d before it is rounded to float16, in float32.
 *
 * <p>Source: {@code quantize_row_q8_0_ref}, {@code quantize_row_q4_0_ref} and their dequantizers in ggml-quants.c.
 */
final class BlockCodec {
    private static final int SIZE = 32;
    private static final int HALF = SIZE / 2;

    private BlockCodec() {}

    /**
     * Appends numbers to a buffer.
     *
     * @param count how many: whole blocks
     * @throws ArithmeticException if a number, or the scale of a block, is not finite in that type
     */
    static void encode(GgmlType type, float[] source, int at, int count, ByteBuffer out) {
        switch (type) {
            case F32 -> {
                out.asFloatBuffer().put(source, at, count);
                out.position(out.position() + count * Float.BYTES);
            }
            case F16 -> {
                for (int i = at; i < at + count; i++) {
                    out.putShort(f16(source[i]));
                }
            }
            case BF16 -> {
                for (int i = at; i < at + count; i++) {
                    out.putShort(HalfFloat.toBf16(source[i]));
                }
            }
            case Q8_0 -> {
                for (int i = at; i < at + count; i += SIZE) {
                    encodeQ8(source, i, out);
                }
            }
            case Q4_0 -> {
                for (int i = at; i < at + count; i += SIZE) {
                    encodeQ4(source, i, out);
                }
            }
            default -> throw new IllegalArgumentException(type + " cannot be written");
        }
    }

    /**
     * Takes numbers from a buffer.
     *
     * @param count how many: whole blocks
     */
    static void decode(GgmlType type, ByteBuffer in, float[] destination, int at, int count) {
        switch (type) {
            case F32 -> {
                in.asFloatBuffer().get(destination, at, count);
                in.position(in.position() + count * Float.BYTES);
            }
            case F16 -> {
                for (int i = at; i < at + count; i++) {
                    destination[i] = HalfFloat.fromF16(in.getShort());
                }
            }
            case BF16 -> {
                for (int i = at; i < at + count; i++) {
                    destination[i] = HalfFloat.fromBf16(in.getShort());
                }
            }
            case Q8_0 -> {
                for (int i = at; i < at + count; i += SIZE) {
                    decodeQ8(in, destination, i);
                }
            }
            case Q4_0 -> {
                for (int i = at; i < at + count; i += SIZE) {
                    decodeQ4(in, destination, i);
                }
            }
            default -> throw new IllegalArgumentException(type + " cannot be read");
        }
    }

    private static void encodeQ8(float[] x, int at, ByteBuffer out) {
        float largest = 0;
        for (int i = at; i < at + SIZE; i++) {
            largest = Math.max(largest, Math.abs(x[i]));
        }
        float d = largest / 127;
        float inverse = d == 0 ? 0 : 1 / d;
        out.putShort(f16(d));
        for (int i = at; i < at + SIZE; i++) {
            float q = x[i] * inverse;
            out.put((byte) Math.copySign(Math.floor(Math.abs(q) + 0.5), q));
        }
    }

    private static void decodeQ8(ByteBuffer in, float[] x, int at) {
        float d = HalfFloat.fromF16(in.getShort());
        for (int i = at; i < at + SIZE; i++) {
            x[i] = in.get() * d;
        }
    }

    private static void encodeQ4(float[] x, int at, ByteBuffer out) {
        float largest = 0;
        float farthest = 0;
        for (int i = at; i < at + SIZE; i++) {
            float magnitude = Math.abs(x[i]);
            if (magnitude > largest || Float.isNaN(magnitude)) { // NaN stays, and is refused below
                largest = magnitude;
                farthest = x[i];
            }
        }
        float d = farthest / -8;
        float inverse = d == 0 ? 0 : 1 / d;
        out.putShort(f16(d));
        for (int j = 0; j < HALF; j++) {
            out.put((byte) (nibble(x[at + j] * inverse) | nibble(x[at + HALF + j] * inverse) << 4));
        }
    }

    private static int nibble(float q) {
        return Math.min(15, (int) (q + 8.5f));
    }

    private static void decodeQ4(ByteBuffer in, float[] x, int at) {
        float d = HalfFloat.fromF16(in.getShort());
        for (int j = 0; j < HALF; j++) {
            int both = in.get();
            x[at + j] = ((both & 0xF) - 8) * d;
            x[at + HALF + j] = ((both >> 4 & 0xF) - 8) * d;
        }
    }

    private static short f16(float value) {
        short bits = HalfFloat.toF16(value);
        if ((bits & 0x7c00) == 0x7c00) {
            throw new ArithmeticException(value + " is no finite float16");
        }
        return bits;
    }
}
