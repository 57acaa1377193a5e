package tinygpt.runs;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import tinygpt.formats.BadFileException;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.parameters.Quantization;
import tinygpt.text.Tokenizer;

/**
 * Everything a checkpoint says besides its numbers.
 *
 * @param hyperparameters what a person set before training
 * @param tokenizer how text becomes token ids, as plain JSON values
 * @param step number of training steps done
 * @param tokensSeen number of tokens trained on
 * @param configSha256 fingerprint of the hyperparameters, {@link Hyperparameters#sha256()}
 * @param weightsSha256 fingerprint of the parameters, {@link Checkpoint#weightsSha256}
 * @param optimizerSha256 fingerprint of AdamW's moments; empty without them, and in checkpoints of older programs
 * @param extras further strings, such as {@code validation_loss}
 * @param hasOptimizerState whether AdamW's moments are in the file, so that training can go on as if it never stopped
 * @param quantization how its matrices were rounded; empty if they are float32
 */
public record CheckpointHeader(
        Hyperparameters hyperparameters,
        Map<String, Object> tokenizer,
        long step,
        long tokensSeen,
        String configSha256,
        String weightsSha256,
        Optional<String> optimizerSha256,
        Map<String, String> extras,
        boolean hasOptimizerState,
        Optional<Quantization> quantization) {

    public CheckpointHeader {
        tokenizer = Collections.unmodifiableMap(new LinkedHashMap<>(tokenizer));
        extras = Collections.unmodifiableMap(new LinkedHashMap<>(extras));
    }

    /** Path of the model whose weights the run began with, if it did not begin with initial values. */
    public Optional<String> baseModel() {
        return Optional.ofNullable(extras.get(RunFacts.FROM));
    }

    /** Fingerprint of the weights of {@link #baseModel()}. */
    public Optional<String> baseWeightsSha256() {
        return Optional.ofNullable(extras.get(RunFacts.FROM_SHA256));
    }

    /** Path of the text that the model has learned, if it was written down. */
    public Optional<Path> data() {
        try {
            return Optional.ofNullable(extras.get(RunFacts.DATA)).map(Path::of);
        } catch (InvalidPathException e) {
            return Optional.empty();
        }
    }

    /** Loss of the newest evaluation, in nats a token, if there was one that can be read. */
    public OptionalDouble validationLoss() {
        try {
            double loss = Double.parseDouble(extras.getOrDefault(RunFacts.VALIDATION_LOSS, ""));
            return Double.isFinite(loss) ? OptionalDouble.of(loss) : OptionalDouble.empty();
        } catch (NumberFormatException e) {
            return OptionalDouble.empty();
        }
    }

    /**
     * The tokenizer that belongs to the model.
     *
     * @param file where this header was read, for messages
     * @throws BadFileException if the description is none of a tokenizer, or of one with another vocabulary
     */
    public Tokenizer restoreTokenizer(Path file) {
        Tokenizer restored;
        try {
            restored = Tokenizer.restore(tokenizer);
        } catch (IllegalArgumentException e) {
            throw new BadFileException(
                    file,
                    "its tokenizer cannot be used: " + BadFileException.quoteSentence(e.getMessage())
                            + "; use another checkpoint",
                    e);
        }
        int vocabulary = hyperparameters.model().vocabularySize();
        if (restored.vocabularySize() != vocabulary) {
            throw new BadFileException(
                    file,
                    "its tokenizer has " + restored.vocabularySize() + " tokens, its model a vocabulary of "
                            + vocabulary + ": they do not belong together; use another checkpoint");
        }
        return restored;
    }
}
