package tinygpt.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tinygpt.formats.BadFileException;
import tinygpt.model.Gpt;
import tinygpt.runs.CheckpointHeader;
import tinygpt.runs.LoadedModel;
import tinygpt.tensor.WorkerTeam;
import tinygpt.text.Corpus;
import tinygpt.text.NgramLadder;
import tinygpt.text.Tokenizer;
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
            "  tinygpt eval --model runs/mine --data other.txt --split all --format json"
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
            names = "--split",
            paramLabel = "validation|train|all",
            defaultValue = "validation",
            description = "Which part of the text, cut as for the training of this model; validation unless given.")
    private Split split;

    @Option(
            names = "--unknown",
            paramLabel = "fail|skip|replace",
            defaultValue = "fail",
            description = "What to do with a character that the vocabulary lacks; fail unless given.")
    private GenerateCommand.Unknown unknown;

    @Option(names = "--threads", paramLabel = "N", description = "Worker threads; all processors unless given.")
    private Integer threads;

    @Option(names = "--format", paramLabel = "table|json", defaultValue = "table", description = "table unless given.")
    private Format format;

    private EvalCommand(Output output) {
        this.output = output;
    }

    static CommandLine create(Output output) {
        return new CommandLine(new EvalCommand(output));
    }

    /**
     * What was measured.
     *
     * @param characters that the predicted tokens stand for
     */
    private record Report(
            Path model,
            CheckpointHeader header,
            Tokenizer tokenizer,
            Path data,
            Evaluation.Result result,
            long characters,
            NgramLadder ladder) {
        /** NaN where no predicted token begins a character. */
        double bitsPerCharacter() {
            return characters == 0 ? Double.NaN : result.loss() * result.tokens() / Math.log(2) / characters;
        }
    }

    @Override
    public Integer call() throws IOException {
        if (threads != null && threads < 1) {
            throw new CommandFailure(Exit.USAGE, "--threads is " + threads + "; at least one thread must work");
        }
        Path path = model.path();
        try (LoadedModel loaded = ModelOption.open(path, output)) {
            Report report = measure(path, loaded);
            switch (format) {
                case table -> printTable(report);
                case json -> printJson(report);
            }
            return Exit.OK;
        }
    }

    private Report measure(Path path, LoadedModel loaded) throws IOException {
        CheckpointHeader header = loaded.checkpoint()
                .orElseThrow(() -> new CommandFailure(
                        Exit.USAGE,
                        "a text cannot be given to " + path
                                + ": it is a Hugging Face folder, whose tokenizer is not read;"
                                + " 'tinygpt logits --ids' takes token ids"));
        Tokenizer tokenizer = loaded.tokenizer().orElseThrow();
        Path file = text(header);
        int[] ids = ids(tokenizer, file);
        Corpus corpus =
                Corpus.of(tokenizer, ids, header.hyperparameters().data().validationFraction());
        int[] tokens = switch (split) {
            case validation -> corpus.validation();
            case train -> corpus.train();
            case all -> ids;
        };
        if (tokens.length < 2) {
            throw new CommandFailure(
                    Exit.BAD_DATA,
                    file + ": its " + split + " split has " + Show.count(tokens.length)
                            + " tokens, so there is nothing to predict; give a longer text, or --split all");
        }
        Advice.print(output.err());
        Gpt gpt = loaded.model();
        int workers = threads == null ? Runtime.getRuntime().availableProcessors() : threads;
        try (WorkerTeam team = new WorkerTeam(workers, Gpt.longestRow(gpt.shape()))) {
            Evaluation.Result result = Evaluation.evaluate(gpt, tokens, team);
            long characters = Corpus.characters(tokenizer, tokens);
            return new Report(path, header, tokenizer, file, result, characters, NgramLadder.on(corpus, tokens));
        }
    }

    private int[] ids(Tokenizer tokenizer, Path file) throws IOException {
        byte[] content = Files.readAllBytes(file);
        try {
            return Encoding.ids(tokenizer, content, unknown.policy());
        } catch (IllegalArgumentException e) {
            throw new BadFileException(file, e.getMessage(), e);
        }
    }

    private Path text(CheckpointHeader header) {
        if (data == null && header.data().isPresent()) {
            Path recorded = header.data().get();
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

    private void printTable(Report report) {
        PrintWriter out = output.out();
        Evaluation.Result result = report.result();
        NgramLadder ladder = report.ladder();
        String dot = output.glyphs().text(" · ");
        String error = Double.isNaN(result.standardError())
                ? ""
                : output.glyphs().text(" ± ") + Show.loss(result.standardError());
        line(
                out,
                "model",
                report.model() + ", step " + Show.count(report.header().step()));
        line(out, "data", report.data() + ", " + split + " split");
        line(
                out,
                "tokens",
                Show.count(result.tokens()) + " predicted" + dot + Show.count(report.characters()) + " characters");
        line(
                out,
                "vocabulary",
                Show.count(report.tokenizer().vocabularySize()) + " tokens ("
                        + report.tokenizer().kind() + ")" + dot + Show.count(ladder.vocabulary())
                        + " occur in the data");
        line(out, "loss", Show.loss(result.loss()) + error + " nats/token");
        line(out, "perplexity", Show.perplexity(result.perplexity()));
        line(out, "bits/character", number(report.bitsPerCharacter()));
        out.print("\nlosses to compare with (counted on the training split, vocabulary " + ladder.vocabulary() + ")\n");
        line(out, "uniform", Show.loss(ladder.uniform()));
        line(out, "unigram", Show.loss(ladder.unigram()));
        line(out, "bigram", Show.loss(ladder.bigram()));
        line(out, "this model", Show.loss(result.loss()));
    }

    private static void line(PrintWriter out, String label, String value) {
        out.print(Text.left(label, 16) + value + "\n");
    }

    private static String number(double value) {
        return Double.isNaN(value) ? Show.NONE : Show.loss(value);
    }

    private void printJson(Report report) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        Evaluation.Result result = report.result();
        json.put("model", report.model().toString());
        json.put("step", report.header().step());
        json.put("data", report.data().toString());
        json.put("split", split.name());
        json.put("tokens", result.tokens());
        json.put("characters", report.characters());
        json.put("tokenizer", report.tokenizer().kind());
        json.put("vocabulary_size", report.tokenizer().vocabularySize());
        put(json, "loss", result.loss());
        put(json, "standard_error", result.standardError());
        put(json, "perplexity", result.perplexity());
        put(json, "bits_per_character", report.bitsPerCharacter());
        ObjectNode ladder = json.putObject("ladder");
        ladder.put("vocabulary", report.ladder().vocabulary());
        put(ladder, "uniform", report.ladder().uniform());
        put(ladder, "unigram", report.ladder().unigram());
        put(ladder, "bigram", report.ladder().bigram());
        output.out().print(Json.pretty(json) + "\n");
    }

    /** JSON has no NaN and no infinity: they become null. */
    private static void put(ObjectNode json, String key, double value) {
        if (Double.isFinite(value)) {
            json.put(key, value);
        } else {
            json.putNull(key);
        }
    }
}
