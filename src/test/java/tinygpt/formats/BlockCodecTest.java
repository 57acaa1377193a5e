package tinygpt.formats;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import tinygpt.random.CounterRandom;
import tinygpt.random.Stream;

class BlockCodecTest {
    private static ByteBuffer encoded(GgmlType type, float... numbers) {
        ByteBuffer out = ByteBuffer.allocate(4 * numbers.length + 2).order(ByteOrder.LITTLE_ENDIAN);
        BlockCodec.encode(type, numbers, 0, numbers.length, out);
        assertEquals(type.bytes(numbers.length), out.position());
        return out.flip();
    }

    private static float[] decoded(GgmlType type, ByteBuffer bytes, int count) {
        float[] numbers = new float[count];
        BlockCodec.decode(type, bytes, numbers, 0, count);
        return numbers;
    }

    /** d = 1, so that each number is its own integer, and halves show how they are rounded: away from zero. */
    @Test
    void q8_roundsHalvesAwayFromZero() {
        float[] x = new float[32];
        float[] some = {127, 0.5f, -0.5f, 1.5f, -1.5f, 2.5f, -2.5f, 0.49f, -0.49f, -126.5f};
        System.arraycopy(some, 0, x, 0, some.length);
        ByteBuffer block = encoded(GgmlType.Q8_0, x);
        assertEquals((short) 0x3c00, block.getShort(0));
        byte[] q = new byte[10];
        block.get(2, q);
        assertArrayEquals(new byte[] {127, 1, -1, 2, -2, 3, -3, 0, 0, -127}, q);
        float[] back = decoded(GgmlType.Q8_0, block, 32);
        assertArrayEquals(new float[] {127, 1, -1, 2, -2, 3, -3, 0, 0, -127}, java.util.Arrays.copyOf(back, 10));
    }

    /** The scale is -8th of the number farthest from 0, with its sign: it becomes 0, and one as far on the other side is cut. */
    @Test
    void q4_scalesByTheFarthestNumberWithItsSign() {
        float[] x = new float[32];
        x[0] = -4; // d = 0.5
        x[1] = 4; // as far, but not the first: 16 is cut to 15
        x[2] = 0.25f; // 8.5 + 0.5 = 9
        x[3] = -0.25f; // 7.5 + 0.5 = 8
        x[16] = 3.5f;
        x[17] = -3.5f;
        ByteBuffer block = encoded(GgmlType.Q4_0, x);
        assertEquals((short) 0x3800, block.getShort(0));
        assertEquals((byte) (0 | 15 << 4), block.get(2));
        assertEquals((byte) (15 | 1 << 4), block.get(3));
        assertEquals((byte) (9 | 8 << 4), block.get(4));
        assertEquals((byte) (8 | 8 << 4), block.get(5));
        float[] back = decoded(GgmlType.Q4_0, block, 32);
        assertArrayEquals(new float[] {-4, 3.5f, 0.5f, 0}, java.util.Arrays.copyOf(back, 4));
        assertArrayEquals(new float[] {3.5f, -3.5f}, java.util.Arrays.copyOfRange(back, 16, 18));

        x[0] = 4;
        x[1] = -4;
        block = encoded(GgmlType.Q4_0, x);
        assertEquals((short) 0xb800, block.getShort(0));
        assertEquals(4, decoded(GgmlType.Q4_0, block, 32)[0]);
    }

    /** The bytes that llama.cpp's own library writes, and the numbers that it reads from them. */
    @ParameterizedTest
    @EnumSource(names = {"F16", "BF16", "Q8_0", "Q4_0"})
    void bytesAndNumbers_areThoseOfLlamaCpp(GgmlType type) throws IOException {
        JsonNode golden;
        try (InputStream in = BlockCodecTest.class.getResourceAsStream("/gguf/blocks.json")) {
            golden = new ObjectMapper().readTree(in);
        }
        float[] numbers = floats(golden.get("numbers"));
        ByteBuffer bytes = encoded(type, numbers);
        assertEquals(
                golden.at("/" + type + "/bytes").asText(), HexFormat.of().formatHex(bytes.array(), 0, bytes.limit()));
        assertArrayEquals(floats(golden.at("/" + type + "/back")), decoded(type, bytes, numbers.length));
    }

    private static float[] floats(JsonNode array) {
        float[] floats = new float[array.size()];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = array.get(i).floatValue();
        }
        return floats;
    }

    @ParameterizedTest
    @EnumSource(names = {"Q8_0", "Q4_0"})
    void blockOfZeros_staysZero(GgmlType type) {
        for (float number : decoded(type, encoded(type, new float[64]), 64)) {
            assertTrue(number == 0, () -> "got " + number); // of either sign: Q4_0's scale is 0 / -8
        }
    }

    /** Half a step of the scale, and what rounding the scale to float16 adds; the far side of Q4_0 may be a whole step off. */
    @ParameterizedTest
    @CsvSource({"Q8_0, 127, 0.5", "Q4_0, 8, 1"})
    void randomNumbers_areWithinAStep(GgmlType type, int steps, double most) {
        float[] x = new float[32 * 100];
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) (CounterRandom.uniform(1, Stream.SAMPLING, 0, i) - 0.5);
        }
        float[] back = decoded(type, encoded(type, x), x.length);
        for (int block = 0; block < x.length; block += 32) {
            double largest = 0;
            for (int i = block; i < block + 32; i++) {
                largest = Math.max(largest, Math.abs(x[i]));
            }
            for (int i = block; i < block + 32; i++) {
                double error = Math.abs(x[i] - back[i]);
                assertTrue(error <= largest / steps * most + largest * 0x1p-10, x[i] + " became " + back[i]);
            }
        }
    }

    @Test
    void everyFloat16_isWidenedAndNarrowedToItself() {
        for (int bits = 0; bits <= 0xffff; bits++) {
            float wide = HalfFloat.fromF16((short) bits);
            if (Float.isNaN(wide)) {
                assertTrue(Float.isNaN(HalfFloat.fromF16(HalfFloat.toF16(wide))));
            } else {
                assertEquals((short) bits, HalfFloat.toF16(wide), () -> "of " + wide);
            }
        }
    }

    /** Between each two neighbours: the middle goes to the even one, what is beside it to the nearer. */
    @Test
    void betweenTwoFloat16_theNearestIsTaken() {
        for (int bits = 0; bits < 0x7bff; bits++) {
            float low = HalfFloat.fromF16((short) bits);
            float high = HalfFloat.fromF16((short) (bits + 1));
            float middle = (low + high) / 2;
            int even = bits % 2 == 0 ? bits : bits + 1;
            assertEquals((short) even, HalfFloat.toF16(middle));
            assertEquals((short) bits, HalfFloat.toF16(Math.nextDown(middle)));
            assertEquals((short) (bits + 1), HalfFloat.toF16(Math.nextUp(middle)));
            assertEquals((short) (even | 0x8000), HalfFloat.toF16(-middle));
        }
    }

    @Test
    void bfloat16_isRoundedToTheNearestAndTheEven() {
        assertEquals((short) 0x3f80, HalfFloat.toBf16(1));
        assertEquals((short) 0x3f80, HalfFloat.toBf16(Float.intBitsToFloat(0x3f808000)));
        assertEquals((short) 0x3f82, HalfFloat.toBf16(Float.intBitsToFloat(0x3f818000)));
        assertEquals((short) 0x3f81, HalfFloat.toBf16(Float.intBitsToFloat(0x3f808001)));
        assertEquals((short) 0x7f80, HalfFloat.toBf16(Float.MAX_VALUE));
        assertTrue(Float.isNaN(HalfFloat.fromBf16(HalfFloat.toBf16(Float.intBitsToFloat(0x7f800001)))));
    }

    @ParameterizedTest
    @CsvSource({"F16, 65520", "F16, -Infinity", "F16, NaN", "Q8_0, 8400000", "Q8_0, NaN", "Q4_0, 600000", "Q4_0, NaN"})
    void numberThatFloat16CannotHold_isRefused(GgmlType type, float number) {
        float[] x = new float[32];
        x[5] = number;
        assertThrows(ArithmeticException.class, () -> encoded(type, x));
    }
}
