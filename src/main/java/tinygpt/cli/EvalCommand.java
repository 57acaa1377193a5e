package tinygpt.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tinygpt.formats.BadFileException;
import tinygpt.model.Gpt;
import tinygpt.runs.LoadedModel;
import tinygpt.tensor.WorkerTeam;
import tinygpt.text.Corpus;
import tinygpt.text.NgramLadder;
import tinygpt.text.Tokenizer;
import tinygpt.text.UnknownPolicy;
import tinygpt.training.Evaluation;

/** Measures the loss of a model on a text. */
@Command(
        name = "eval",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        abbreviateSynopsis = true,
        description = {
            "Measures the exact loss of a model on a text: every token is predicted once.",
            "",
            "Beside it stand three models that only count, on the training split: what any training should beat."
        },
        footer = {
            "",
            "Examples:",
            "  tinygpt eval",
            "  tinygpt eval --model runs/mine --data other.txt --split all --format json",
            "  tinygpt eval --model gpt2/ --ids-file ids.txt"
        })
final class EvalCommand implements Callable<Integer> {
    enum Split {
        validation,
        train,
        all
    }

    enum Format {
        table,
        json
    }

    private final Output output;

    @Mixin
    private ModelOption model;

    @Option(
            names = "--data",
            paramLabel = "FILE",
            description = "The text; the one the model was trained on unless given, or the tales if that is gone.")
    private Path data;

    @Option(
            names = "--ids-file",
            paramLabel = "FILE",
            description = "Token ids instead of a text, with white space or commas between; what a Hugging Face folder"
                    + " without a tokenizer needs.")
    private Path idsFile;

    @Option(
            names = "--split",
            paramLabel = "validation|train|all",
            description = "Which part of the text, cut as for the training of this model; validation unless given.")
    private Split split;

    @Option(
            names = "--unknown",
            paramLabel = "fail|skip|replace",
            description = "What to do with a character that the vocabulary lacks; fail unless given.")
    private GenerateCommand.Unknown unknown;

    @Mixin
    private ThreadsOption threads;

    @Option(names = "--format", paramLabel = "table|json", defaultValue = "table", description = "table unless given.")
    private Format format;

    private EvalCommand(Output output) {
        this.output = output;
    }

    static CommandLine create(Output output) {
        return new CommandLine(new EvalCommand(output));
    }

    @Override
    public Integer call() throws IOException {
        threads.check();
        Path path = model.path();
        try (LoadedModel loaded = ModelOption.open(path, output)) {
            EvalReport report = idsFile == null ? ofText(path, loaded) : ofIds(path, loaded);
            switch (format) {
                case table -> report.printTable(output);
                case json -> output.out().print(report.json() + "\n");
            }
            return Exit.OK;
        }
    }

    private EvalReport ofText(Path path, LoadedModel loaded) throws IOException {
        UnknownPolicy policy = unknown == null ? UnknownPolicy.FAIL : unknown.policy();
        String advice = "encode the text elsewhere and give its token ids with --ids-file";
        ModelText text = ModelText.read(path, loaded, data, policy, advice, output);
        Tokenizer tokenizer = loaded.tokenizer().orElseThrow();
        Corpus corpus = text.corpus();
        Path file = text.file();
        Split part = split == null ? Split.validation : split;
        int[] tokens = switch (part) {
            case validation -> corpus.validation();
            case train -> corpus.train();
            case all -> text.ids();
        };
        if (tokens.length < 2) {
            throw new CommandFailure(
                    Exit.BAD_DATA,
                    file + ": its " + part + " split has " + Show.count(tokens.length)
                            + " tokens, so there is nothing to predict; give a longer text"
                            + (part == Split.all ? "" : ", or --split all"));
        }
        Evaluation.Result result = evaluate(loaded.model(), tokens);
        return new EvalReport(
                path,
                step(loaded),
                file,
                result,
                tokenizer.vocabularySize(),
                Optional.of(new EvalReport.OfText(
                        part.name(),
                        tokenizer.kind(),
                        Corpus.characters(tokenizer, tokens),
                        NgramLadder.on(corpus, tokens))));
    }

    private EvalReport ofIds(Path path, LoadedModel loaded) throws IOException {
        if (data != null || split != null || unknown != null) {
            String option = data != null ? "--data" : split != null ? "--split" : "--unknown";
            throw new CommandFailure(
                    Exit.USAGE, option + " is about a text, and --ids-file gives token ids; leave one of them out");
        }
        int vocabulary = loaded.model().shape().vocabularySize();
        int[] tokens = IdFile.read(idsFile, vocabulary);
        if (tokens.length < 2) {
            throw new BadFileException(
                    idsFile, "has " + tokens.length + " token ids, so there is nothing to predict; give at least 2");
        }
        Evaluation.Result result = evaluate(loaded.model(), tokens);
        return new EvalReport(path, step(loaded), idsFile, result, vocabulary, Optional.empty());
    }

    private static OptionalLong step(LoadedModel loaded) {
        var step = loaded.checkpoint().map(header -> OptionalLong.of(header.step()));
        return step.orElse(OptionalLong.empty());
    }

    private Evaluation.Result evaluate(Gpt gpt, int[] tokens) {
        Advice.print(output.err());
        int workers = threads.workers();
        try (WorkerTeam team = new WorkerTeam(workers, Gpt.longestRow(gpt.shape()))) {
            return Evaluation.evaluate(gpt, tokens, team);
        }
    }
}
