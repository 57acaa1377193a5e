package tinygpt.hyperparameters;

import static tinygpt.hyperparameters.InvalidHyperparameterException.require;

/**
 * How text becomes batches.
 *
 * @param tokenizer how text becomes token ids
 * @param validationFraction share of the tokens (for BPE of the characters), at the end of the text, kept for validation
 * @param batchSize sequences in one training step, B
 * @param shards into how many parts of equal size a batch is cut. The gradient is the sum over shards in their order, so
 *     this fixes the result to the bit; it is not the number of threads, but no more threads than shards can help.
 * @param order which windows a batch takes
 */
public record DataPlan(
        @Describe("how text becomes tokens") TokenizerKind tokenizer,

        @Describe("share of the text kept for validation, at its end")
        double validationFraction,

        @Describe("sequences in one step") int batchSize,

        @Describe("parts a batch is cut into; must divide the batch size")
        int shards,

        @Describe("which windows of the text a batch takes") BatchOrder order) {

    public DataPlan {
        require(
                validationFraction > 0 && validationFraction < 1,
                "validation_fraction is %s; it must lie between 0 and 1 (0.1 is usual)",
                validationFraction);
        require(batchSize >= 1, "batch_size is %d; it must be at least 1", batchSize);
        require(shards >= 1, "shards is %d; it must be at least 1", shards);
        require(
                batchSize % shards == 0,
                "batch_size %d cannot be cut into %d shards of equal size; use --shards %d or a batch size of %d",
                batchSize,
                shards,
                largestDivisorUpTo(batchSize, shards),
                (batchSize / shards + 1) * shards);
    }

    private static int largestDivisorUpTo(int number, int limit) {
        int divisor = Math.min(number, limit);
        while (number % divisor != 0) {
            divisor--;
        }
        return divisor;
    }
}
