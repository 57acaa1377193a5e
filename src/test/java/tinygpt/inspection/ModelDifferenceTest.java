package tinygpt.inspection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tinygpt.inspection.TensorDifference.Numbers;
import tinygpt.inspection.TensorDifference.State;
import tinygpt.parameters.ParameterKind;
import tinygpt.runs.HyperparameterChange;

class ModelDifferenceTest {
    @TempDir
    Path folder;

    private static ModelDifference between(Path a, Path b) {
        try (WeightFile before = WeightFile.open(a);
                WeightFile after = WeightFile.open(b)) {
            return ModelDifference.between(before, after);
        }
    }

    private static TensorDifference named(ModelDifference difference, String name) {
        return difference.tensors().stream()
                .filter(t -> t.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void numbers_areThoseComputedByHand() {
        Numbers n = Numbers.of(new float[] {3, 0, 4}, new float[] {3, 5, 4}, 3);
        assertEquals(1, n.relativeChange()); // 5 / 5
        assertEquals(25 / (5 * Math.sqrt(50)), n.cosine(), 1e-15);
        assertEquals(5, n.largestChange());
        assertEquals(1, n.changed());
        Numbers both = n.plus(Numbers.of(new float[] {12}, new float[] {0}, 1));
        assertEquals(13 / 13.0, both.relativeChange(), 1e-15); // sqrt(25 + 144) / sqrt(25 + 144)
        assertEquals(12, both.largestChange());
        assertEquals(2, both.changed());
        assertEquals(4, both.count());
    }

    @Test
    void signOfZero_isAChangeOfBitsAndOfNothingElse() {
        Numbers n = Numbers.of(new float[] {0f, 1}, new float[] {-0f, 1}, 2);
        assertEquals(1, n.changed());
        assertEquals(0, n.relativeChange());
    }

    @Test
    void notANumber_showsInEveryFigure() {
        Numbers n = Numbers.of(new float[] {1, 1}, new float[] {1, Float.NaN}, 2);
        assertTrue(Double.isNaN(n.relativeChange()));
        assertTrue(Double.isNaN(n.largestChange()));
        assertEquals(1, n.changed());
    }

    @Test
    void frozenTensors_haveTheSameHash_andOnlyTheMovedOneDiffers() {
        Path a = InspectedModel.write(folder.resolve("a"), InspectedModel.nano(1), 1, registry -> {});
        Path b = InspectedModel.write(folder.resolve("b"), InspectedModel.nano(1), 2, registry -> {
            InspectedModel.set(registry, "h.1.ln_2.weight", 1, 1, 3);
        });
        ModelDifference difference = between(a, b);
        assertFalse(difference.same());
        assertEquals(List.of(), difference.changes());
        assertEquals(27, difference.in(State.SAME).size());
        TensorDifference moved = difference.in(State.CHANGED).get(0);
        assertEquals("h.1.ln_2.weight", moved.name());
        assertEquals(2 / Math.sqrt(32), moved.numbers().relativeChange(), 1e-12);
        assertNotEquals(moved.sha256A(), moved.sha256B());
        TensorDifference frozen = named(difference, "wte.weight");
        assertEquals(frozen.sha256A(), frozen.sha256B());
        assertEquals(1, frozen.numbers().cosine());
        assertEquals(
                2 / Math.sqrt(160),
                difference.byKind().get(ParameterKind.NORMALIZATION).relativeChange(),
                1e-12);
        assertEquals(0, difference.byKind().get(ParameterKind.ATTENTION).changed());
    }

    @Test
    void sameModel_differsInNothing() {
        Path a = InspectedModel.write(folder.resolve("a"), InspectedModel.nano(1), 1, registry -> {});
        assertTrue(between(a, a).same());
    }

    @Test
    void sameWeightsOfOtherHyperparameters_areNotTheSame() {
        Path a = InspectedModel.write(folder.resolve("a"), InspectedModel.nano(1), 1, registry -> {});
        Path b = InspectedModel.write(
                folder.resolve("b"),
                InspectedModel.nano(1).with("optimization.weight_decay", "0.2"),
                1,
                registry -> {});
        ModelDifference difference = between(a, b);
        assertEquals(28, difference.in(State.SAME).size());
        assertEquals(
                List.of("optimization.weight_decay 0.1 -> 0.2"),
                difference.changes().stream()
                        .map(HyperparameterChange::toString)
                        .toList());
        assertNotEquals(difference.configSha256A(), difference.configSha256B());
        assertFalse(difference.same());
    }

    @Test
    void addedRemovedAndReshapedTensors_areTold() {
        Path a = InspectedModel.write(folder.resolve("a"), InspectedModel.nano(1), 1, registry -> {});
        Path b = InspectedModel.write(
                folder.resolve("b"),
                InspectedModel.nano(1)
                        .with("model.biases", "false")
                        .with("model.tied_head", "false")
                        .with("model.vocabulary_size", "70"),
                1,
                registry -> {});
        ModelDifference difference = between(a, b);
        assertEquals(List.of("lm_head.weight"), names(difference, State.ADDED));
        assertEquals(List.of("wte.weight"), names(difference, State.RESHAPED));
        assertEquals(List.of(64, 32), named(difference, "wte.weight").shapeA());
        assertEquals(List.of(70, 32), named(difference, "wte.weight").shapeB());
        assertEquals(13, names(difference, State.REMOVED).size());
        // Element i of a tensor is a function of (seed, name, i), so the rest is the same to the bit.
        assertEquals(14, names(difference, State.SAME).size());
    }

    private static List<String> names(ModelDifference difference, State state) {
        return difference.in(state).stream().map(TensorDifference::name).toList();
    }
}
