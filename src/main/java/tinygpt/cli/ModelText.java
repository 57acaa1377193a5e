package tinygpt.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import tinygpt.formats.BadFileException;
import tinygpt.hyperparameters.FineTuningPlan;
import tinygpt.runs.CheckpointHeader;
import tinygpt.runs.LoadedModel;
import tinygpt.runs.TextFile;
import tinygpt.text.Corpus;
import tinygpt.text.Tokenizer;
import tinygpt.text.UnknownPolicy;

/**
 * A text to measure a model on, encoded with the model's tokenizer.
 *
 * @param file where it is
 * @param ids all its tokens
 * @param corpus the same, split as for the training of the model
 */
record ModelText(Path file, int[] ids, Corpus corpus) {
    /**
     * Reads the text that is given, or the one that the model was trained on, or, if that is gone, the tales.
     *
     * @param path where the model is, for messages
     * @param data the text that is given, or null
     * @param advice what to do instead where the model has no tokenizer
     * @throws CommandFailure if the model has no tokenizer
     * @throws BadFileException if the vocabulary lacks characters of the text
     */
    static ModelText read(Path path, LoadedModel model, Path data, UnknownPolicy policy, String advice, Output output) {
        Tokenizer tokenizer = model.tokenizer()
                .orElseThrow(() -> new CommandFailure(
                        Exit.USAGE, "a text cannot be given to " + path + ": it has no tokenizer; " + advice));
        Path file = file(model.checkpoint().flatMap(CheckpointHeader::data), data, output);
        byte[] content = TextFile.read(file);
        try {
            int[] ids = Encoding.ids(tokenizer, content, policy);
            double fraction = model.checkpoint()
                    .map(CheckpointHeader::hyperparameters)
                    .orElseGet(() -> FineTuningPlan.of(model.model().shape(), tokenizer.kind()))
                    .data()
                    .validationFraction();
            return new ModelText(file, ids, Corpus.of(tokenizer, ids, fraction));
        } catch (IllegalArgumentException e) {
            throw new BadFileException(file, e.getMessage(), e);
        }
    }

    private static Path file(Optional<Path> learned, Path data, Output output) {
        if (data == null && learned.isPresent()) {
            Path recorded = learned.get();
            if (Files.isRegularFile(recorded)) {
                return recorded;
            }
            Path instead = DataFile.orDefault(null);
            output.err()
                    .println("tinygpt: note: " + recorded + ", which this model was trained on, is gone; evaluating on "
                            + instead + " instead");
            return instead;
        }
        return DataFile.orDefault(data);
    }
}
