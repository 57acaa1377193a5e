package tinygpt.bench;

import java.util.OptionalLong;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.model.Gpt;
import tinygpt.parameters.Initializer;
import tinygpt.parameters.PackedWeights;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.parameters.Quantization;
import tinygpt.tensor.Memory;
import tinygpt.tensor.Workspace;

/**
 * Measures generation with float32 weights and with matrices in 8 bits in turns: one text at a time from an empty context, a
 * text of each, so that both see the same slow and fast moments of the machine. One thread; random weights.
 */
public final class RoundedGeneration {
    /** Tokens of a text, if the context is that long. */
    private static final int TEXT_LENGTH = 64;

    private static final double WARM_UP_SHARE = 0.25;
    private static final double NANOS = 1e9;

    private RoundedGeneration() {}

    /**
     * What was found.
     *
     * @param parameters of the model
     * @param quantization how the matrices were rounded; in memory a code takes 8 bits, however few there are
     * @param length tokens of a text
     * @param floatBytes that the weights take as float32
     * @param packedBytes that they take with matrices in 8 bits
     * @param floats tokens per second of each text with float32 weights, always the likeliest token
     * @param packed the same with matrices in 8 bits
     * @param peakResidentBytes the most memory the process had, both models together, if known
     */
    public record Result(
            Hyperparameters hyperparameters,
            long parameters,
            Quantization quantization,
            int length,
            long floatBytes,
            long packedBytes,
            Spread floats,
            Spread packed,
            OptionalLong peakResidentBytes,
            Machine machine) {

        /** How many times faster the median text is with matrices in 8 bits. */
        public double ratio() {
            return packed.median() / floats.median();
        }
    }

    /**
     * Measures.
     *
     * @param seconds about how long, warm-up and all, after the models are made
     * @throws tinygpt.tensor.NotEnoughMemoryException before anything is allocated, if it would not fit
     */
    public static Result measure(Hyperparameters hyperparameters, Quantization quantization, double seconds) {
        var shape = hyperparameters.model();
        ParameterRegistry floats = ParameterRegistry.of(shape);
        ParameterRegistry packed = ParameterRegistry.of(shape);
        long floatBytes = floats.slabSize() * Float.BYTES;
        long packedBytes = PackedWeights.bytes(quantization, packed);
        long caches = 4L * Float.BYTES * shape.layers() * shape.contextLength() * shape.width();
        Memory.require("measuring this model", floatBytes + caches, Memory.available(), "choose a smaller model");
        Memory.requireHeap("measuring this model", packedBytes);
        int length = Math.min(TEXT_LENGTH, shape.contextLength());
        Workspace space = new Workspace(Gpt.longestRow(shape));
        try (floats;
                packed) {
            Initializer.initialize(floats.allocate(), hyperparameters.seed());
            packed.allocatePacked(quantization).copyFrom(floats);
            try (Generation whole = new Generation(new Gpt(floats), space, length);
                    Generation rounded = new Generation(new Gpt(packed), space, length)) {
                long end = System.nanoTime() + (long) (WARM_UP_SHARE * seconds * NANOS);
                do {
                    whole.likeliest();
                    rounded.likeliest();
                } while (System.nanoTime() < end);
                Samples slow = new Samples();
                Samples fast = new Samples();
                end = System.nanoTime() + (long) ((1 - WARM_UP_SHARE) * seconds * NANOS);
                do {
                    slow.add(whole.likeliest());
                    fast.add(rounded.likeliest());
                } while (System.nanoTime() < end);
                return new Result(
                        hyperparameters,
                        floats.count(),
                        quantization,
                        length,
                        floatBytes,
                        packedBytes,
                        slow.spread(),
                        fast.spread(),
                        Memory.peakResident(),
                        Machine.here());
            }
        }
    }
}
