package tinygpt.cli;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tinygpt.cli.BeginningOptions.Beginning;
import tinygpt.cli.SamplePrinter.Form;
import tinygpt.cli.SamplePrinter.Sink;
import tinygpt.formats.AtomicFile;
import tinygpt.generation.Generator;
import tinygpt.generation.SamplingSettings;
import tinygpt.model.Gpt;
import tinygpt.runs.LoadedModel;
import tinygpt.tensor.Workspace;
import tinygpt.text.UnknownPolicy;

/**
 * Lets a model go on with a prompt.
 *
 * <p>Options that gpt-2-simple has mean what they mean there: {@code --length} counts the prompt, and {@code --truncate} cuts
 * the whole text, or without the prompt what follows it, before the first place where it occurs. Different are: a text that
 * is cut is not generated any further; a prompt that shall not be printed is not, even if the text to cut before never
 * comes; line breaks at the beginning stay; the delimiter stands between texts, not after each, and is {@code ---}; a batch
 * need not divide the number of samples.
 */
@Command(
        name = "generate",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        abbreviateSynopsis = true,
        description = {
            "Generates text with a model, after a prompt.",
            "",
            "Prints the prompt and what follows, as it comes. The text ends after --max-tokens, where the model ends it,"
                    + " or before a --stop text. Rules apply in this order: penalties, temperature, top-k, top-p, min-p."
        },
        footer = {
            "",
            "Examples:",
            "  tinygpt generate --prompt 'Once upon a time'",
            "  tinygpt generate --samples 3 --temperature 1 --top-p 0.9 --seed 7",
            "  tinygpt generate --prefix 'Title:' --truncate '<end>' --include-prefix false",
            "  tinygpt generate --samples 100 --batch-size 8 --destination texts.txt",
            "  head -3 story.txt | tinygpt generate --stop '<end>'",
            "  tinygpt generate --prompt 'Once' --max-tokens 3 --top-k 5 --explain",
            "  tinygpt generate --model gpt2/ --ids 7454,2402,257,640 --greedy"
        })
final class GenerateCommand implements Callable<Integer> {
    private static final String BETWEEN_SAMPLES = "---";
    private static final int USUAL_TOKENS = 200;
    private static final int USUAL_CANDIDATES = 10;

    enum Unknown {
        fail,
        skip,
        replace;

        UnknownPolicy policy() {
            return switch (this) {
                case fail -> UnknownPolicy.FAIL;
                case skip -> UnknownPolicy.SKIP;
                case replace -> UnknownPolicy.REPLACE;
            };
        }
    }

    private final Output output;

    @Mixin
    private ModelOption model;

    @Mixin
    private BeginningOptions beginnings;

    @Option(
            names = "--include-prefix",
            paramLabel = "true|false",
            arity = "1",
            defaultValue = "true",
            description = "Whether the prompt is printed before what follows it; it is unless given.")
    private boolean includePrefix;

    @Option(
            names = "--max-tokens",
            paramLabel = "N",
            description = "The most tokens to generate; " + USUAL_TOKENS + " unless given.")
    private Integer maxTokens;

    @Option(
            names = "--length",
            paramLabel = "N",
            description = "The most tokens of the whole text, with the prompt; instead of --max-tokens.")
    private Integer length;

    @Mixin
    private SamplingOptions sampling;

    @Option(
            names = "--truncate",
            paramLabel = "TEXT",
            description = "End before the first place where this text occurs, also where that is in the prompt, if the"
                    + " prompt is printed.")
    private String truncate;

    @Option(
            names = {"--samples", "--nsamples"},
            paramLabel = "N",
            defaultValue = "1",
            description = "How many texts. Each hangs on the seed and its number alone.")
    private int samples;

    @Option(
            names = "--batch-size",
            paramLabel = "N",
            defaultValue = "1",
            description = "How many texts to generate at once, which is faster for large models and changes no text.")
    private int batchSize;

    @Option(
            names = "--sample-delimiter",
            paramLabel = "TEXT",
            defaultValue = BETWEEN_SAMPLES,
            description = "The line between texts; " + BETWEEN_SAMPLES + " unless given, none if it is empty.")
    private String delimiter;

    @Option(
            names = "--destination",
            paramLabel = "FILE",
            description = "Write to this file instead of standard output, once all is generated; an older one is"
                    + " replaced.")
    private Path destination;

    @Option(
            names = "--slide",
            paramLabel = "N",
            description = "When the model's context is full, forget its first N tokens and read the rest again; half of"
                    + " the context unless given. 1 never forgets more than it must, and is slow.")
    private Integer slide;

    @Option(
            names = "--explain",
            description =
                    "Show for each token what it was chosen from, what each rule left, and where the random number"
                            + " fell; the text comes at the end.")
    private boolean explain;

    @Option(
            names = "--candidates",
            paramLabel = "N",
            description =
                    "With --explain, how many of the likeliest tokens to show; " + USUAL_CANDIDATES + " unless given.")
    private Integer candidates;

    @Option(
            names = "--json",
            description = "A line of JSON for each text: prompt, text as it would be printed, ids, why it ended,"
                    + " the log-probability that the model itself gives the ids. With"
                    + " --explain, one for each token.")
    private boolean json;

    @Option(names = "--verbose", description = "Report the speed, also where stderr is no terminal.")
    private boolean verbose;

    private GenerateCommand(Output output) {
        this.output = output;
    }

    static CommandLine create(Output output) {
        return new CommandLine(new GenerateCommand(output));
    }

    @Override
    public Integer call() throws IOException {
        check();
        SamplingSettings settings = sampling.settings().withMaxTokens(maxTokens == null ? USUAL_TOKENS : maxTokens);
        Path path = model.path();
        Advice.print(output.err());
        try (LoadedModel loaded = ModelOption.openToGenerate(path, output);
                Generator generator = generator(loaded.model())) {
            sampling.check(loaded.model().shape().vocabularySize());
            String textOption = truncate != null ? "--truncate" : sampling.stopOption();
            Job job = new Job(loaded, generator, beginnings.read(path, loaded, textOption), settings);
            if (destination == null) {
                job.run(text -> {
                    output.out().write(text);
                    return !output.out().checkError(); // flushes; nobody reads on, as with '| head'
                });
            } else {
                job.write(destination);
            }
            return Exit.OK;
        } catch (ArithmeticException e) {
            throw new CommandFailure(Exit.FAILURE, e.getMessage());
        }
    }

    private void check() {
        beginnings.check();
        RunOptions.atLeast("--samples", samples, 1, "it must be at least 1");
        RunOptions.atLeast("--batch-size", batchSize, 1, "it must be at least 1");
        RunOptions.atLeast("--length", length, 1, "it must be at least 1");
        if (length != null && maxTokens != null) {
            throw new CommandFailure(
                    Exit.USAGE, "--length counts the prompt and --max-tokens does not; leave out one of them");
        }
        if ("".equals(truncate)) {
            throw new CommandFailure(Exit.USAGE, "--truncate is empty, so every text would end before it begins");
        }
        if (!explain && candidates != null) {
            throw new CommandFailure(Exit.USAGE, "--candidates says how --explain explains; give that too");
        }
        RunOptions.atLeast("--candidates", candidates, 1, "at least one candidate must be shown");
        if (explain && batchSize > 1) {
            throw new CommandFailure(
                    Exit.USAGE, "--explain follows one text at a time; leave out --batch-size or --explain");
        }
    }

    private Generator generator(Gpt gpt) {
        Workspace space = new Workspace(Gpt.longestRow(gpt.shape()));
        int step = slide == null ? Math.max(1, gpt.shape().contextLength() / 2) : slide;
        return new Generator(gpt, space, step, Math.min(batchSize, samples));
    }

    /** One call of the generator, once everything is read. */
    private final class Job {
        private final LoadedModel loaded;
        private final Generator generator;
        private final Beginning beginning;
        private final SamplingSettings settings;

        Job(LoadedModel loaded, Generator generator, Beginning beginning, SamplingSettings settings) {
            this.loaded = loaded;
            this.generator = generator;
            this.beginning = beginning;
            this.settings = text(0).cut() ? settings.withMaxTokens(0) : limited(settings, beginning);
        }

        private SampleText text(long sample) {
            return new SampleText(truncate, includePrefix ? beginning.shown() : "");
        }

        private SamplingSettings limited(SamplingSettings given, Beginning before) {
            if (length == null) {
                return given;
            }
            int rest = length - before.ids().length;
            if (rest < 0) {
                throw new CommandFailure(
                        Exit.USAGE,
                        "--length is " + length + ", but the prompt alone has " + before.ids().length
                                + " tokens; --length counts them too");
            }
            return given.withMaxTokens(rest);
        }

        /** Generates all samples. */
        SamplePrinter run(Sink sink) {
            Form form = json ? explain ? Form.NOTHING : Form.JSON : explain ? Form.WHOLE : Form.STREAM;
            SamplePrinter printer = new SamplePrinter(sink, form, delimiter, beginning, settings.seed(), this::text);
            if (explain) {
                TokenNames names = TokenNames.of(loaded, output.glyphs());
                ChoicePrinter choices = new ChoicePrinter(names, settings, beginning.ids());
                generator.explainTo(
                        choice -> printer.explain(json ? choices.json(choice) : choices.table(choice) + "\n"),
                        candidates == null ? USUAL_CANDIDATES : candidates);
            } else if (json) {
                generator.scoreTokens();
            }
            long start = System.nanoTime();
            if (beginning.tokenizer().isPresent()) {
                generator.texts(
                        beginning.tokenizer().get(),
                        beginning.ids(),
                        settings,
                        0,
                        samples,
                        beginning.endOfText(),
                        printer);
            } else {
                generator.samples(beginning.ids(), settings, 0, samples, beginning.endOfText(), printer.ofIds());
            }
            reportSpeed(printer.tokens(), (System.nanoTime() - start) * 1e-9);
            return printer;
        }

        /** The same into a file, which is there whole or not at all. */
        void write(Path file) throws IOException {
            try (Interruption interruption = Interruption.listen(output.err())) {
                interruption.nothingToSave();
                AtomicFile.write(file, out -> write(out, interruption));
            }
        }

        private void write(OutputStream out, Interruption interruption) throws IOException {
            Writer writer = new BufferedWriter(new OutputStreamWriter(out, StandardCharsets.UTF_8));
            GenerationProgress progress = new GenerationProgress(output.err(), samples);
            SamplePrinter printer = run(text -> {
                try {
                    writer.write(text);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
                progress.written(text);
                return !interruption.requested();
            });
            writer.flush();
            if (interruption.requested()) {
                throw new CommandFailure(Exit.INTERRUPTED, "interrupted; " + destination + " was not written");
            }
            progress.done(destination, printer);
        }
    }

    private void reportSpeed(long tokens, double seconds) {
        if (verbose || Terminal.paintsOnStderr()) {
            output.err()
                    .println(Show.count(tokens) + " tokens in " + Show.decimals(seconds, 2) + " s, "
                            + Show.decimals(tokens / seconds, 1) + " tokens/s");
        }
    }
}
