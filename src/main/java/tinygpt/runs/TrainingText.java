package tinygpt.runs;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import tinygpt.formats.BadFileException;
import tinygpt.hyperparameters.CanonicalJson;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.TokenizerKind;
import tinygpt.text.BytePairTrainer;
import tinygpt.text.Corpus;
import tinygpt.text.Tokenizer;

/**
 * A text file as tokens.
 *
 * @param file where it is
 * @param sha256 fingerprint of its bytes
 * @param corpus its tokens, split into training and validation
 */
public record TrainingText(Path file, String sha256, Corpus corpus) {

    /** How the vocabulary for a text is found. */
    @FunctionalInterface
    private interface Vocabulary {
        Tokenizer of(byte[] text);
    }

    /**
     * Reads a text with a vocabulary of its own; for BPE see {@link #readBytePairs}, which this is with the usual size.
     *
     * @throws BadFileException if the text is empty or is not valid UTF-8 where it must be
     * @throws IOException if it cannot be read
     */
    public static TrainingText read(Path file, TokenizerKind kind, double validationFraction) throws IOException {
        return switch (kind) {
            case CHARACTER, BYTE -> read(file, bytes -> Tokenizer.of(kind, bytes), validationFraction);
            case BPE ->
                readBytePairs(
                        file, BytePairTrainer.USUAL_VOCABULARY, validationFraction, BytePairTrainer.Progress.NONE);
        };
    }

    /**
     * Reads a text and learns a byte pair vocabulary from its training part; from the validation part nothing is learned, as
     * if it were another file.
     *
     * @param vocabularySize number of tokens to learn; a short text may give fewer
     * @param progress told of every token
     * @throws BadFileException if the text is empty
     * @throws IllegalArgumentException if the vocabulary is smaller than {@link BytePairTrainer#SMALLEST_VOCABULARY}
     * @throws IOException if it cannot be read
     */
    public static TrainingText readBytePairs(
            Path file, int vocabularySize, double validationFraction, BytePairTrainer.Progress progress)
            throws IOException {
        return read(
                file,
                bytes -> BytePairTrainer.train(
                        Arrays.copyOf(bytes, Corpus.trainedBytes(bytes, validationFraction)),
                        vocabularySize,
                        0,
                        progress),
                validationFraction);
    }

    /**
     * Reads a text with the vocabulary of a model.
     *
     * @throws BadFileException as above, and if the vocabulary lacks characters of the text, naming them
     */
    public static TrainingText read(Path file, Tokenizer tokenizer, double validationFraction) throws IOException {
        return read(file, bytes -> tokenizer, validationFraction);
    }

    /** Reads a text with the vocabulary of a model, extended by the characters it lacks. */
    public static TrainingText readExtending(Path file, Tokenizer tokenizer, double validationFraction)
            throws IOException {
        return read(file, tokenizer::extendedBy, validationFraction);
    }

    /**
     * A text whose bytes somebody else read.
     *
     * @param file where it is, on some machine
     */
    public static TrainingText of(Path file, byte[] bytes, Tokenizer tokenizer, double validationFraction) {
        return new TrainingText(file, hash(bytes), Corpus.of(tokenizer, tokenizer.encode(bytes), validationFraction));
    }

    /**
     * Reads a text again that was read before.
     *
     * @param sha256 of its bytes then
     * @throws BadFileException as above, and if it is another text now
     */
    static TrainingText readAgain(Path file, String sha256, Tokenizer tokenizer, double validationFraction)
            throws IOException {
        Vocabulary checked = bytes -> {
            if (!hash(bytes).equals(sha256)) {
                throw new BadFileException(
                        file,
                        "is not the text this run was started with (its SHA-256 differs); resuming would not continue"
                                + " it. To learn another text, start a new run with --from");
            }
            return tokenizer;
        };
        return read(file, checked, validationFraction);
    }

    /**
     * Refuses a text that is too short for the context of a model.
     *
     * @throws BadFileException if it is
     */
    void requireContext(Hyperparameters hyperparameters) {
        try {
            corpus.requireContext(hyperparameters.model().contextLength());
        } catch (IllegalArgumentException e) {
            throw new BadFileException(file, e.getMessage(), e);
        }
    }

    private static TrainingText read(Path file, Vocabulary vocabulary, double validationFraction) throws IOException {
        byte[] bytes = TextFile.read(file);
        try {
            Tokenizer tokenizer = vocabulary.of(bytes);
            Corpus corpus = Corpus.of(tokenizer, tokenizer.encode(bytes), validationFraction);
            return new TrainingText(file, hash(bytes), corpus);
        } catch (IllegalArgumentException e) {
            throw new BadFileException(file, e.getMessage(), e);
        }
    }

    private static String hash(byte[] bytes) {
        return HexFormat.of().formatHex(CanonicalJson.newSha256().digest(bytes));
    }
}
