package tinygpt.inspection;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.parameters.Quantization;
import tinygpt.tensor.Matrix;

/** Something that is done to a part of a model's weights in memory, and can be undone. */
public final class WeightEdit {
    private final String description;
    private final List<WeightBlock> blocks;
    private final Change change;

    private WeightEdit(String description, List<WeightBlock> blocks, Change change) {
        this.description = description;
        this.blocks = blocks;
        this.change = change;
    }

    /** What becomes of one row of a block. */
    @FunctionalInterface
    private interface Change {
        void to(WeightBlock block, int row, float[] numbers);
    }

    /** Sets the numbers to 0 through which a part acts on the rest of the model. */
    public static WeightEdit zero(ModelPart part) {
        return new WeightEdit("zero " + part, part.output(), (block, row, numbers) -> Arrays.fill(numbers, 0));
    }

    /**
     * Multiplies those numbers.
     *
     * @throws IllegalArgumentException if the factor is not finite
     */
    public static WeightEdit scale(ModelPart part, float factor) {
        if (!Float.isFinite(factor)) {
            throw new IllegalArgumentException("weights cannot be scaled by " + factor + "; give a finite number");
        }
        return new WeightEdit("scale " + part + " by " + factor, part.output(), (block, row, numbers) -> {
            for (int i = 0; i < numbers.length; i++) {
                numbers[i] *= factor;
            }
        });
    }

    /**
     * Sets all numbers of a part to what they were before training.
     *
     * @param initial the model's initial values, known, and open while this edit is used
     */
    public static WeightEdit reset(ModelPart part, InitialValues initial) {
        return new WeightEdit(
                "reset " + part,
                part.own(),
                (block, row, numbers) -> initial.read(block.parameter(), block.place(row), numbers, numbers.length));
    }

    /** Rounds the matrices of a model that {@link Quantization} covers. */
    public static WeightEdit round(Quantization quantization, ParameterRegistry registry) {
        List<WeightBlock> matrices = registry.owned().stream()
                .filter(Quantization::covers)
                .map(WeightBlock::whole)
                .toList();
        return new WeightEdit(
                "round to " + quantization.bits() + " bits",
                matrices,
                (block, row, numbers) -> quantization.round(numbers));
    }

    /** How many numbers it sets. */
    public long size() {
        return blocks.stream().mapToLong(WeightBlock::size).sum();
    }

    /**
     * Does it.
     *
     * @return what undoes it
     */
    public Runnable apply(ParameterRegistry registry) {
        List<Runnable> undo = new ArrayList<>();
        for (WeightBlock block : blocks) {
            Matrix numbers = block.of(block.parameter().in(registry.weights()));
            for (int i = 0; i < block.rows(); i++) {
                int row = i;
                float[] before = new float[block.columns()];
                numbers.readRow(row, before, 0);
                float[] after = before.clone();
                change.to(block, row, after);
                numbers.writeRow(row, after, 0);
                undo.add(() -> numbers.writeRow(row, before, 0));
            }
        }
        return () -> undo.forEach(Runnable::run);
    }

    /** For people: {@code zero h.2.attn}. */
    @Override
    public String toString() {
        return description;
    }
}
