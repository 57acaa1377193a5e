package tinygpt.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tinygpt.generation.Generator;
import tinygpt.generation.SamplingSettings;
import tinygpt.model.Gpt;
import tinygpt.runs.LoadedModel;
import tinygpt.tensor.Workspace;
import tinygpt.text.Tokenizer;
import tinygpt.text.UnknownPolicy;

/** Lets a model go on with a prompt. */
@Command(
        name = "generate",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        abbreviateSynopsis = true,
        description = {
            "Generates text with a model, after a prompt.",
            "",
            "Prints the prompt and what follows, as it comes. The text ends after --max-tokens, where the model ends it,"
                    + " or before a --stop text."
        },
        footer = {
            "",
            "Examples:",
            "  tinygpt generate --prompt 'Once upon a time'",
            "  tinygpt generate --samples 3 --temperature 1 --top-p 0.9 --seed 7",
            "  head -3 story.txt | tinygpt generate --stop '<end>'",
            "  tinygpt generate --prompt 'Once' --max-tokens 3 --top-k 5 --explain",
            "  tinygpt generate --model gpt2/ --ids 7454,2402,257,640 --greedy"
        })
final class GenerateCommand implements Callable<Integer> {
    private static final String BETWEEN_SAMPLES = "---\n";
    private static final double USUAL_TEMPERATURE = 0.8;
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

    @Option(
            names = "--prompt",
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

    @Option(names = "--max-tokens", paramLabel = "N", defaultValue = "200", description = "The most; 200 unless given.")
    private int maxTokens;

    @Option(
            names = "--temperature",
            paramLabel = "X",
            description = "Lower is more predictable, 0 the same as --greedy; " + USUAL_TEMPERATURE + " unless given.")
    private Double temperature;

    @Option(
            names = "--top-k",
            paramLabel = "N",
            defaultValue = "0",
            description = "Choose among the N most likely tokens only.")
    private int topK;

    @Option(
            names = "--top-p",
            paramLabel = "P",
            defaultValue = "1",
            description = "Choose among the fewest most likely tokens that have this probability together.")
    private double topP;

    @Option(names = "--greedy", description = "Always take the most likely token.")
    private boolean greedy;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "1337",
            description = "Another seed gives another text; 1337 unless given.")
    private long seed;

    @Option(
            names = "--samples",
            paramLabel = "N",
            defaultValue = "1",
            description = "How many texts, with a line --- between them.")
    private int samples;

    @Option(names = "--stop", paramLabel = "TEXT", description = "End before this text; may be given several times.")
    private List<String> stops = List.of();

    @Option(
            names = "--unknown",
            paramLabel = "fail|skip|replace",
            description = "What to do with a character of the prompt that the vocabulary lacks; fail unless given.")
    private Unknown unknown;

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

    @Option(names = "--json", description = "With --explain, a line of JSON for each token, and no text.")
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
        SamplingSettings settings = settings();
        Path path = model.path();
        Advice.print(output.err());
        try (LoadedModel loaded = ModelOption.openToGenerate(path, output);
                Generator generator = generator(loaded.model())) {
            Source source = source(path, loaded);
            if (explain) {
                explain(
                        generator,
                        source,
                        new ChoicePrinter(TokenNames.of(loaded, output.glyphs()), settings, source.given));
            }
            long start = System.nanoTime();
            long tokens = 0;
            for (int sample = 0; sample < samples; sample++) {
                if (sample > 0) {
                    source.printer.now(json ? "" : BETWEEN_SAMPLES);
                }
                tokens += source.generate(generator, settings, sample);
                source.printer.endText();
                if (source.printer.closed()) {
                    return Exit.OK; // nobody reads on, as with '| head'
                }
            }
            reportSpeed(tokens, (System.nanoTime() - start) * 1e-9);
            return Exit.OK;
        } catch (ArithmeticException e) {
            throw new CommandFailure(Exit.FAILURE, e.getMessage());
        }
    }

    private SamplingSettings settings() {
        if (greedy && temperature != null && temperature != 0) {
            throw new CommandFailure(Exit.USAGE, "--greedy is temperature 0; leave out --temperature or --greedy");
        }
        if (ids != null && prompt != null) {
            throw new CommandFailure(Exit.USAGE, "--prompt and --ids both say what the text begins with; give one");
        }
        if (samples < 1) {
            throw new CommandFailure(Exit.USAGE, "--samples is " + samples + "; it must be at least 1");
        }
        double chosen = greedy ? 0 : temperature == null ? USUAL_TEMPERATURE : temperature;
        if (!explain && (json || candidates != null)) {
            throw new CommandFailure(
                    Exit.USAGE, (json ? "--json" : "--candidates") + " says how --explain explains; give that too");
        }
        RunOptions.atLeast("--candidates", candidates, 1, "at least one candidate must be shown");
        return new SamplingSettings(chosen, topK, topP, seed, maxTokens, stops);
    }

    private Generator generator(Gpt gpt) {
        Workspace space = new Workspace(Gpt.longestRow(gpt.shape()));
        return slide == null ? new Generator(gpt, space) : new Generator(gpt, space, slide);
    }

    private void explain(Generator generator, Source source, ChoicePrinter choices) {
        source.printer.holdText();
        generator.explainTo(
                choice -> source.printer.now(json ? choices.json(choice) : choices.table(choice) + "\n"),
                candidates == null ? USUAL_CANDIDATES : candidates);
    }

    private Source source(Path path, LoadedModel loaded) throws IOException {
        int vocabulary = loaded.model().shape().vocabularySize();
        Optional<Tokenizer> tokenizer = loaded.tokenizer();
        int[] given = ids == null ? new int[0] : ids.within(vocabulary);
        if (tokenizer.isEmpty()) {
            refuseText(path, loaded.endOfText());
            return new Source(null, IdList.text(given), given, loaded.endOfText());
        }
        if (ids == null) {
            String text = promptText();
            given = Encoding.ids(tokenizer.get(), text, unknown == null ? UnknownPolicy.FAIL : unknown.policy());
            // What the model reads is shown: a character that was left out or replaced is not.
            return new Source(tokenizer.get(), tokenizer.get().decode(given), given, loaded.endOfText());
        }
        return new Source(tokenizer.get(), tokenizer.get().decode(given), given, loaded.endOfText());
    }

    private void refuseText(Path path, OptionalInt endOfText) {
        if (prompt != null || !stops.isEmpty() || unknown != null) {
            String option = prompt != null ? "--prompt" : unknown != null ? "--unknown" : "--stop";
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

    private String promptText() throws IOException {
        if (prompt == null ? Terminal.stdin() : !prompt.equals("-")) {
            return prompt == null ? "" : prompt;
        }
        return Encoding.utf8(System.in.readAllBytes()).replaceFirst("\\R\\z", "");
    }

    private void reportSpeed(long tokens, double seconds) {
        if (verbose || Terminal.paintsOnStderr()) {
            output.err()
                    .println(Show.count(tokens) + " tokens in " + Show.decimals(seconds, 2) + " s, "
                            + Show.decimals(tokens / seconds, 1) + " tokens/s");
        }
    }

    /** What goes into the generator, and how what comes out is printed: as text, or as ids where there is no tokenizer. */
    private final class Source {
        final Printer printer = new Printer();
        private final Tokenizer tokenizer;
        private final String shownPrompt;
        private final int[] given;
        private final OptionalInt endOfText;

        Source(Tokenizer tokenizer, String shownPrompt, int[] given, OptionalInt endOfText) {
            this.tokenizer = tokenizer;
            this.shownPrompt = shownPrompt;
            this.given = given;
            this.endOfText = endOfText;
        }

        /** Prints one sample; returns the number of tokens generated. */
        int generate(Generator generator, SamplingSettings settings, int sample) {
            printer.piece(shownPrompt);
            if (tokenizer != null) {
                return generator
                        .text(tokenizer, given, settings, sample, printer::piece)
                        .tokens();
            }
            String[] between = {shownPrompt.isEmpty() ? "" : ","};
            return generator
                    .tokens(given, settings, sample, endOfText, id -> {
                        boolean open = printer.piece(between[0] + id);
                        between[0] = ",";
                        return open;
                    })
                    .tokens();
        }
    }

    /** Prints text at once, or after what explains it, and notices when nobody reads it any more. */
    private final class Printer {
        private boolean atLineStart = true;
        private boolean closed;
        private StringBuilder held;

        /** Keeps the text of a sample back from now on, until it ends. */
        void holdText() {
            held = new StringBuilder();
        }

        /** Prints or keeps a piece of the text; false if nobody reads. */
        boolean piece(String text) {
            if (held == null) {
                return now(text);
            }
            held.append(text);
            return !closed;
        }

        /** Prints at once; false if nobody reads. */
        boolean now(String text) {
            output.out().write(text);
            atLineStart = text.isEmpty() ? atLineStart : text.endsWith("\n");
            closed |= output.out().checkError(); // flushes
            return !closed;
        }

        void endText() {
            if (held != null && !json) {
                now(held.toString());
            }
            holdNothing();
            if (!atLineStart) {
                now("\n");
            }
        }

        private void holdNothing() {
            if (held != null) {
                held.setLength(0);
            }
        }

        boolean closed() {
            return closed;
        }
    }
}
