package tinygpt.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tinygpt.runs.TextFile;
import tinygpt.text.BytePairTokenizer;
import tinygpt.text.Tokenizer;
import tinygpt.text.UnknownPolicy;

/** Shows how a text becomes tokens. It reads the tokenizer only, so ND4J is not started. */
@Command(
        name = "tokenize",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        abbreviateSynopsis = true,
        description = {
            "Shows which tokens a text becomes: their ids, their text, and whether they give the text back.",
            "",
            "Exit code 1 says that the tokens decode to another text, which only --unknown can bring about."
        },
        footer = {
            "",
            "Examples:",
            "  tinygpt tokenize \"One morning\"",
            "  tinygpt tokenize --model runs/mine --show-merges \"lower and lowest\"",
            "  tinygpt tokenize --tokenizer gpt2/ --file data/tales.txt --ids"
        })
final class TokenizeCommand implements Callable<Integer> {
    private final Output output;

    @Parameters(
            arity = "0..1",
            paramLabel = "[TEXT]",
            hideParamSyntax = true,
            description = "The text; put -- before one that begins with a dash.")
    private String text;

    @Option(names = "--file", paramLabel = "FILE", description = "Take the text from a file.")
    private Path file;

    @Mixin
    private TokenizerOption tokenizer;

    @Option(names = "--show-merges", description = "BPE: how each word was merged, rule by rule.")
    private boolean showMerges;

    @Option(names = "--ids", description = "The ids alone, on one line, as --ids of other commands takes them.")
    private boolean idsOnly;

    @Option(names = "--json", description = "All as JSON.")
    private boolean json;

    @Option(
            names = "--unknown",
            paramLabel = "fail|skip|replace",
            defaultValue = "fail",
            description = "What to do with a character that the vocabulary lacks; fail unless given.")
    private GenerateCommand.Unknown unknown;

    private TokenizeCommand(Output output) {
        this.output = output;
    }

    static CommandLine create(Output output) {
        return new CommandLine(new TokenizeCommand(output));
    }

    @Override
    public Integer call() throws IOException {
        if ((text == null) == (file == null)) {
            throw new CommandFailure(
                    Exit.USAGE,
                    text == null
                            ? "there is no text to tokenize; give one, or a file with --file"
                            : "a text and --file both say what to tokenize; give one");
        }
        if (idsOnly && (json || showMerges)) {
            throw new CommandFailure(Exit.USAGE, "--ids prints ids alone; leave out --json and --show-merges");
        }
        UnknownPolicy policy = unknown.policy();
        if (showMerges && policy != UnknownPolicy.FAIL) {
            throw new CommandFailure(Exit.USAGE, "--show-merges explains whole texts; leave out --unknown");
        }
        Tokenizer chosen = tokenizer.read();
        if (showMerges && !(chosen instanceof BytePairTokenizer)) {
            throw new CommandFailure(
                    Exit.USAGE,
                    "--show-merges: this tokenizer has no merges, it is of the kind " + chosen.kind()
                            + "; train one with --tokenizer bpe");
        }
        byte[] utf8 = file == null ? text.getBytes(StandardCharsets.UTF_8) : TextFile.read(file);
        int[] ids = file == null ? Encoding.ids(chosen, text, policy) : Encoding.ids(chosen, utf8, policy);
        TokenizeReport report = new TokenizeReport(chosen, utf8, ids, output.glyphs());
        if (idsOnly) {
            output.out().println(IdList.text(ids));
        } else if (json) {
            output.out().println(report.json(showMerges));
        } else {
            report.lines(showMerges).forEach(output.out()::println);
        }
        return report.roundTrips() ? Exit.OK : Exit.FAILURE;
    }
}
