package tinygpt.inspection;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.parameters.Quantization;

class RoundingTest {
    @Test
    void row_isRoundedToWholeNumbersOfItsGroupsScale_halvesToEven() {
        // 3 bits: whole numbers from -3 to 3, and a scale of 0.5 here.
        float[] row = {1.5f, -1.5f, 0.24f, 0.26f, 0.25f, -0.75f, 0, 0.6f};
        Quantization.of(3).round(row);
        assertArrayEquals(new float[] {1.5f, -1.5f, 0, 0.5f, 0, -1, 0, 0.5f}, row);
    }

    @Test
    void group_hasAScaleOfItsOwn() {
        float[] row = new float[Quantization.USUAL_GROUP + 2];
        Arrays.fill(row, 0, Quantization.USUAL_GROUP, 100);
        row[Quantization.USUAL_GROUP] = 0.001f;
        row[Quantization.USUAL_GROUP + 1] = -0.0004f;
        Quantization.of(2).round(row);
        assertEquals(100, row[0]);
        assertEquals(0.001f, row[Quantization.USUAL_GROUP]);
        assertEquals(0, row[Quantization.USUAL_GROUP + 1], 0);
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4, 6, 8})
    void rounding_isWithinHalfAScale_usesNoMoreNumbersThanBitsAllow_andIsIdempotent(int bits) {
        float[] row = new float[Quantization.USUAL_GROUP];
        for (int i = 0; i < row.length; i++) {
            row[i] = (float) Math.sin(1 + 7 * i);
        }
        float[] rounded = row.clone();
        Quantization rounding = Quantization.of(bits);
        rounding.round(rounded);
        float largest = 0;
        TreeSet<Float> values = new TreeSet<>();
        for (int i = 0; i < row.length; i++) {
            largest = Math.max(largest, Math.abs(row[i]));
            values.add(rounded[i] + 0f); // -0 is 0
        }
        for (int i = 0; i < row.length; i++) {
            assertEquals(row[i], rounded[i], 0.5001 * largest / rounding.largest());
        }
        assertTrue(values.size() <= 2 * rounding.largest() + 1, values.toString());
        float[] again = rounded.clone();
        rounding.round(again);
        assertArrayEquals(rounded, again, 1e-6f);
    }

    @Test
    void numbersThatAreNotFinite_andZeros_stay() {
        float[] row = {Float.NaN, 0.3f, 0.1f};
        Quantization.of(2).round(row);
        assertArrayEquals(new float[] {Float.NaN, 0.3f, 0.1f}, row);
        float[] zeros = new float[3];
        Quantization.of(2).round(zeros);
        assertArrayEquals(new float[3], zeros);
    }

    @Test
    void edit_setsTheMatricesOnly_andIsUndoneToTheBit() {
        try (LookedAtModel looked = new LookedAtModel()) {
            ParameterRegistry registry = looked.registry;
            float[] before = looked.numbers();
            Quantization rounding = Quantization.of(4);
            double error = RoundingError.of(rounding, registry).relative();
            assertArrayEquals(before, looked.numbers(), "asking for the error changes nothing");
            long matrices = registry.owned().stream()
                    .filter(Quantization::covers)
                    .mapToLong(Parameter::size)
                    .sum();
            WeightEdit edit = WeightEdit.round(rounding, registry);
            assertEquals(matrices, edit.size());
            float[] bias = registry.get("h.1.mlp.c_fc.bias").matrix().toArray();
            Runnable undo = edit.apply(registry);
            assertArrayEquals(bias, registry.get("h.1.mlp.c_fc.bias").matrix().toArray());
            assertNotEquals(0, distance(before, looked.numbers()));
            // Uniform errors of half a step in a group whose largest is two or three deviations: about a tenth.
            assertTrue(error > 0.03 && error < 0.2, "error " + error);
            assertEquals(
                    0,
                    RoundingError.of(rounding, registry).relative(),
                    1e-6,
                    "what is rounded is not moved by rounding");
            undo.run();
            assertArrayEquals(before, looked.numbers());
        }
    }

    /** The smallest model by hand: 32 columns are one group, 4 bytes of scale and 4 bytes for each bit of a number. */
    @Test
    void bytes_areBitsAndScalesOfTheMatrices_andFloat32OfTheRest() {
        ParameterRegistry gpt2 = ParameterRegistry.of(
                tinygpt.hyperparameters.Preset.named("gpt2").hyperparameters().model());
        long matrices = gpt2.owned().stream()
                .filter(Quantization::covers)
                .mapToLong(Parameter::size)
                .sum();
        long rest = gpt2.count() - matrices;
        for (int bits : new int[] {2, 3, 4, 6, 8}) {
            assertEquals(
                    matrices / 32 * (4 + 4L * bits) + 4 * rest,
                    Quantization.of(bits).bytes(gpt2),
                    bits + " bits");
        }
        // 12 columns of 3 bits are 36 bits: 5 bytes, and 4 of the scale.
        ParameterRegistry small = ParameterRegistry.of(LookedAtModel.SHAPE);
        Parameter wte = small.get("wte.weight");
        assertArrayEquals(new int[] {19, 12}, wte.shape());
        long others = Quantization.of(3).bytes(small) - 19 * (5 + 4);
        assertTrue(others > 0 && others < 4 * (small.count() - wte.size()), "bytes of the others " + others);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 9, 0, -3, 32})
    void bitsThatNobodyRoundsTo_areRefused(int bits) {
        assertThrows(IllegalArgumentException.class, () -> Quantization.of(bits));
    }

    private static double distance(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += Math.abs((double) a[i] - b[i]);
        }
        return sum;
    }
}
