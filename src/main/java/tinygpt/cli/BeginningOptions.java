package tinygpt.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import picocli.CommandLine.Option;
import tinygpt.runs.LoadedModel;
import tinygpt.text.Tokenizer;
import tinygpt.text.UnknownPolicy;

/** The options that say what a text begins with. */
final class BeginningOptions {
    @Option(
            names = {"--prompt", "--prefix"},
            paramLabel = "TEXT",
            description = "What the text begins with. '-', or none while text is piped in, reads standard input without"
                    + " its last line break. An empty prompt begins a new text.")
    private String prompt;

    @Option(
            names = "--ids",
            paramLabel = "ID[,ID]",
            converter = IdList.Converter.class,
            description = "The prompt as token ids. A Hugging Face folder without a tokenizer takes and gives nothing"
                    + " else.")
    private IdList ids;

    @Option(
            names = "--unknown",
            paramLabel = "fail|skip|replace",
            description = "What to do with a character of the prompt that the vocabulary lacks; fail unless given.")
    private GenerateCommand.Unknown unknown;

    /**
     * What a text begins with.
     *
     * @param tokenizer empty where only ids go in and come out
     * @param shown the prompt as it is printed
     * @param ids the prompt as tokens
     * @param endOfText the token that ends a text, if there is one
     */
    record Beginning(Optional<Tokenizer> tokenizer, String shown, int[] ids, OptionalInt endOfText) {}

    /** Refuses what cannot be meant, before a model is read. */
    void check() {
        if (ids != null && prompt != null) {
            throw new CommandFailure(Exit.USAGE, "--prompt and --ids both say what the text begins with; give one");
        }
    }

    /**
     * Reads the prompt.
     *
     * @param textOption an option that needs a tokenizer and was given, or null
     * @throws CommandFailure if there is no tokenizer and something needs it
     */
    Beginning read(Path path, LoadedModel loaded, String textOption) throws IOException {
        int vocabulary = loaded.model().shape().vocabularySize();
        Optional<Tokenizer> tokenizer = loaded.tokenizer();
        int[] given = ids == null ? new int[0] : ids.within(vocabulary);
        if (tokenizer.isEmpty()) {
            refuseText(path, loaded.endOfText(), textOption);
            return new Beginning(tokenizer, IdList.text(given), begun(given, loaded), loaded.endOfText());
        }
        if (ids == null) {
            given = Encoding.ids(tokenizer.get(), text(), unknown == null ? UnknownPolicy.FAIL : unknown.policy());
        }
        // What the model reads is shown: a character that was left out or replaced is not.
        return new Beginning(tokenizer, tokenizer.get().decode(given), begun(given, loaded), loaded.endOfText());
    }

    /** A new text begins with the model's own token for it; where that ends texts too, no prompt stands for it. */
    private static int[] begun(int[] given, LoadedModel loaded) {
        boolean own = loaded.beginOfText().isPresent() && !loaded.beginOfText().equals(loaded.endOfText());
        return given.length == 0 && own ? new int[] {loaded.beginOfText().getAsInt()} : given;
    }

    private void refuseText(Path path, OptionalInt endOfText, String textOption) {
        String option = prompt != null ? "--prompt" : unknown != null ? "--unknown" : textOption;
        if (option != null) {
            throw new CommandFailure(
                    Exit.USAGE,
                    option + " needs a tokenizer, and the Hugging Face folder " + path
                            + " has none; encode the prompt elsewhere and give its token ids with --ids");
        }
        if (ids == null && endOfText.isEmpty()) {
            throw new CommandFailure(
                    Exit.USAGE, path + " has no end-of-text token to begin with; give some token ids with --ids");
        }
    }

    private String text() throws IOException {
        if (prompt == null ? Terminal.stdin() : !prompt.equals("-")) {
            return prompt == null ? "" : prompt;
        }
        return Encoding.utf8(System.in.readAllBytes()).replaceFirst("\\R\\z", "");
    }
}
