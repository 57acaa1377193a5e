package tinygpt.parameters;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tinygpt.hyperparameters.Preset;
import tinygpt.reference.ModelFixtures;

/** The codes and scales of a row; what rounding itself does is in {@code RoundingTest}. */
class QuantizationTest {
    @ParameterizedTest
    @CsvSource({"8,32", "6,64", "4,16", "3,32", "2,1024", "5,32", "7,16"})
    void codes_areWithinHalfAScaleOfTheNumbers_andPackAndUnpackToThemselves(int bits, int group) {
        Quantization quantization = new Quantization(bits, group);
        for (int columns : new int[] {1, 7, 16, 31, 33, 100, 207}) {
            float[] row = row(columns);
            byte[] codes = new byte[columns];
            float[] scales = new float[quantization.groups(columns)];
            quantization.encode(row, columns, codes, scales);
            float[] decoded = new float[columns];
            quantization.decode(codes, scales, columns, decoded);
            for (int i = 0; i < columns; i++) {
                assertTrue(Math.abs(codes[i]) <= quantization.largest(), "code " + codes[i]);
                assertEquals(row[i], decoded[i], 0.50001 * scales[i / group]);
            }
            float[] rounded = row.clone();
            quantization.round(rounded);
            assertArrayEquals(rounded, decoded, "one rounding, done in two ways");

            byte[] packed = new byte[quantization.codeBytes(columns)];
            assertEquals((columns * bits + 7) / 8, packed.length);
            quantization.pack(codes, columns, packed);
            byte[] unpacked = new byte[columns];
            quantization.unpack(packed, columns, unpacked);
            assertArrayEquals(codes, unpacked);
        }
    }

    @Test
    void packing_putsTheLowestBitsFirst() {
        byte[] packed = new byte[2];
        new Quantization(4, 16).pack(new byte[] {1, -2, 7}, 3, packed);
        assertArrayEquals(new byte[] {(byte) 0xE1, 0x07}, packed);
    }

    @Test
    void rowOfZeros_hasScaleZero_andStaysZeros() {
        byte[] codes = {5, 5};
        float[] scales = {1};
        Quantization.of(4).encode(new float[2], 2, codes, scales);
        assertArrayEquals(new byte[2], codes);
        assertArrayEquals(new float[1], scales);
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY})
    void numberThatIsNotFinite_hasNoCode(float bad) {
        assertThrows(
                ArithmeticException.class,
                () -> Quantization.of(8).encode(new float[] {1, bad}, 2, new byte[2], new float[1]));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 8, 24, 33, 2048, -32})
    void groupsThatAreNoPowerOfTwo_orTooSmallOrLarge_areRefused(int group) {
        assertThrows(IllegalArgumentException.class, () -> new Quantization(8, group));
    }

    @Test
    void matricesAreCovered_positionsNormsAndBiasesAreNot() {
        ParameterRegistry gpt2 =
                ParameterRegistry.of(Preset.named("gpt2").hyperparameters().model());
        assertTrue(Quantization.covers(gpt2.get("wte.weight")));
        assertTrue(Quantization.covers(gpt2.get("h.0.attn.c_attn.weight")));
        assertTrue(Quantization.covers(gpt2.get("h.11.mlp.c_proj.weight")));
        assertFalse(Quantization.covers(gpt2.get("wpe.weight")));
        assertFalse(Quantization.covers(gpt2.get("h.0.ln_1.weight")));
        assertFalse(Quantization.covers(gpt2.get("h.0.attn.c_attn.bias")));
        // 123,532,032 numbers in matrices, 32 to a scale, and 907,776 others: 142.6 MB where float32 takes 497.8.
        long matrices = 50257 * 768L + 12 * 12 * 768L * 768;
        long rest = 124_439_808 - matrices;
        assertEquals(matrices + 4 * matrices / 32 + 4 * rest, Quantization.of(8).bytes(gpt2));
    }

    private static float[] row(int columns) {
        float[] row = new float[columns];
        double[] values = ModelFixtures.randomNormals(columns, 3);
        for (int i = 0; i < columns; i++) {
            row[i] = (float) values[i];
        }
        return row;
    }
}
