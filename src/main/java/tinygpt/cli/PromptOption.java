package tinygpt.cli;

import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;
import tinygpt.runs.LoadedModel;
import tinygpt.text.Tokenizer;
import tinygpt.text.UnknownPolicy;

/** The options that say which text a model reads. */
final class PromptOption {
    @Option(
            names = "--prompt",
            paramLabel = "TEXT",
            description = "The text to read; an empty one is the beginning of a new text.")
    private String prompt;

    @Option(
            names = "--ids",
            paramLabel = "ID[,ID]",
            converter = IdList.Converter.class,
            description = "The text as token ids. A Hugging Face folder without a tokenizer takes nothing else.")
    private IdList ids;

    @Option(
            names = "--unknown",
            paramLabel = "fail|skip|replace",
            defaultValue = "fail",
            description = "What to do with a character that the vocabulary lacks; fail unless given.")
    private GenerateCommand.Unknown unknown;

    /** Refuses what cannot be meant, before a model is read. */
    void check() {
        if ((prompt == null) == (ids == null)) {
            throw new CommandFailure(
                    Exit.USAGE,
                    prompt == null
                            ? "there is no text to look at; give one with --prompt, or token ids with --ids"
                            : "--prompt and --ids both say what to read; give one");
        }
    }

    /**
     * The token ids to read, at least one and at most as many as the model sees at once.
     *
     * @throws CommandFailure if there are more
     */
    int[] read(Path path, LoadedModel model) {
        int[] tokens = tokens(path, model);
        int context = model.model().shape().contextLength();
        if (tokens.length > context) {
            throw new CommandFailure(
                    Exit.USAGE,
                    "the text has " + Show.count(tokens.length) + " tokens, more than the " + Show.count(context)
                            + " that this model sees at once; give a shorter one");
        }
        return tokens;
    }

    private int[] tokens(Path path, LoadedModel model) {
        if (ids != null) {
            return ids.within(model.model().shape().vocabularySize());
        }
        Optional<Tokenizer> tokenizer = model.tokenizer();
        if (tokenizer.isEmpty()) {
            throw new CommandFailure(
                    Exit.USAGE,
                    "--prompt needs a tokenizer, and the Hugging Face folder " + path
                            + " has none; encode the text elsewhere and give its token ids with --ids");
        }
        UnknownPolicy policy = unknown.policy();
        int[] encoded = Encoding.ids(tokenizer.get(), prompt, policy);
        return encoded.length > 0
                ? encoded
                : new int[] {model.beginOfText().orElse(tokenizer.get().endOfText())};
    }
}
