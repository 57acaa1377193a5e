package tinygpt.inspection;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import tinygpt.formats.BadFileException;
import tinygpt.parameters.Initializer;
import tinygpt.parameters.Parameter;
import tinygpt.runs.CheckpointHeader;
import tinygpt.runs.RunFolder;

/**
 * The numbers a model started from: those of its run's first checkpoint, else those that its seed gives, since initial
 * values are a pure function of (seed, name, place). A step 0 is held against the seed and not against itself.
 */
public final class InitialValues implements AutoCloseable {
    /** Where they come from. */
    public enum Source {
        /** The run's checkpoint of step 0. */
        FIRST_CHECKPOINT,
        /** Computed from the seed that the checkpoint names. */
        SEED,
        /** Nobody knows them: a Hugging Face folder, or a fine-tuned model without its first checkpoint. */
        UNKNOWN
    }

    private final Source source;
    private final WeightFile first;
    private final long seed;

    private InitialValues(Source source, WeightFile first, long seed) {
        this.source = source;
        this.first = first;
        this.seed = seed;
    }

    /** The initial values of a model. */
    public static InitialValues of(WeightFile file) {
        if (file.header().isEmpty()) {
            return new InitialValues(Source.UNKNOWN, null, 0);
        }
        CheckpointHeader header = file.header().get();
        Optional<Path> start = file.run().map((RunFolder run) -> run.checkpoint(0));
        boolean itself = header.step() == 0 && header.baseModel().isEmpty();
        if (!itself && start.isPresent() && Files.isRegularFile(start.get())) {
            try {
                WeightFile first = WeightFile.open(start.get());
                if (described(first).equals(described(file))) {
                    return new InitialValues(Source.FIRST_CHECKPOINT, first, 0);
                }
                first.close();
            } catch (BadFileException e) {
                // A damaged first checkpoint hides nothing: the seed tells the same numbers, and 'ledger' names the
                // damage.
            }
        }
        return header.baseModel().isPresent()
                ? new InitialValues(Source.UNKNOWN, null, 0)
                : ofSeed(header.hyperparameters().seed());
    }

    /** Those that a seed gives. */
    static InitialValues ofSeed(long seed) {
        return new InitialValues(Source.SEED, null, seed);
    }

    private static List<String> described(WeightFile file) {
        return file.registry().owned().stream().map(Parameter::toString).toList();
    }

    public Source source() {
        return source;
    }

    public boolean known() {
        return source != Source.UNKNOWN;
    }

    /**
     * Reads initial values of a parameter.
     *
     * @param from index of the first element, in C order
     * @throws IllegalStateException if they are not known
     */
    public void read(Parameter parameter, long from, float[] destination, int count) {
        switch (source) {
            case FIRST_CHECKPOINT -> first.read(parameter, from, destination, 0, count);
            case SEED -> {
                Parameter owner = parameter.tiedTo() == null ? parameter : parameter.tiedTo();
                int odd = (int) (from & 1); // normal numbers come in pairs
                float[] values = Initializer.values(owner, from - odd, count + odd, seed);
                System.arraycopy(values, odd, destination, 0, count);
            }
            case UNKNOWN -> throw new IllegalStateException("the initial values of this model are not known");
        }
    }

    @Override
    public void close() {
        if (first != null) {
            first.close();
        }
    }
}
