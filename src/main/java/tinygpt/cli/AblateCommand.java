package tinygpt.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tinygpt.generation.Generator;
import tinygpt.generation.SamplingSettings;
import tinygpt.inspection.Ablation;
import tinygpt.inspection.Ablation.Effect;
import tinygpt.inspection.ModelPart;
import tinygpt.inspection.StartingWeights;
import tinygpt.inspection.WeightEdit;
import tinygpt.model.Gpt;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.runs.LoadedModel;
import tinygpt.tensor.WorkerTeam;
import tinygpt.text.Tokenizer;
import tinygpt.text.UnknownPolicy;

/** Takes parts out of a model and shows what that does. */
@Command(
        name = "ablate",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        abbreviateSynopsis = true,
        description = {
            "Takes parts out of a model, in memory: the file stays as it is. Shows the loss on the validation split before"
                    + " and after, and a text with the same random numbers.",
            "",
            "A PART is h.2 (a layer), h.2.attn or h.2.mlp (a sublayer), h.2.head.3 (an attention head), NAME[i,j] (one"
                    + " weight), NAME[i] (a row of a matrix, an element of a vector), or tensors: a name, a pattern like"
                    + " *.ln_1.*, or kind:attention.",
            "",
            "A layer, a sublayer or a head is zeroed or scaled where it adds to the residual stream: in c_proj, weight and"
                    + " bias; a head in its rows of c_proj, since the bias is no head's own. Zeroed, it adds nothing."
                    + " Reset sets all numbers that are its own."
        },
        footer = {
            "",
            "Examples:",
            "  tinygpt ablate --zero h.2.attn",
            "  tinygpt ablate --zero h.0.head.1 --scale 0.5 wpe.weight",
            "  tinygpt ablate --each head"
        })
final class AblateCommand implements Callable<Integer> {
    private static final double TEMPERATURE = 0.8;

    enum Each {
        kind,
        layer,
        sublayer,
        head,
        tensor;

        ModelPart.Piece piece() {
            return ModelPart.Piece.valueOf(name().toUpperCase(Locale.ROOT));
        }
    }

    /** One of --zero, --scale and --reset; a list of them keeps the order of the command line. */
    static final class Edit {
        @Option(names = "--zero", paramLabel = "PART", required = true, description = "Set a part to 0.")
        private String zero;

        @Option(
                names = "--scale",
                paramLabel = "X PART",
                arity = "2",
                hideParamSyntax = true,
                required = true,
                description = "Multiply a part by X.")
        private String[] scale;

        @Option(
                names = "--reset",
                paramLabel = "PART",
                required = true,
                description = "Set a part to what it was before training.")
        private String reset;
    }

    private final Output output;

    @Mixin
    private ModelOption model;

    @ArgGroup(
            exclusive = true,
            multiplicity = "0..*",
            heading = "What to do; several are done one after the other, each on top of those before:%n")
    private List<Edit> edits = new ArrayList<>(); // picocli adds to it

    @Option(
            names = "--each",
            paramLabel = "kind|layer|sublayer|head|tensor",
            description = "Zero each of them alone, and sort by harm.")
    private Each each;

    @Option(
            names = "--data",
            paramLabel = "FILE",
            description = "The text; the one the model was trained on unless given, or the tales if that is gone.")
    private Path data;

    @Option(
            names = "--prompt",
            paramLabel = "TEXT",
            description = "What the texts begin with; a new text unless given.")
    private String prompt;

    @Option(
            names = "--max-tokens",
            paramLabel = "N",
            defaultValue = "120",
            description = "Length of the texts; 120 unless given, 0 for none.")
    private int maxTokens;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "1337",
            description = "Seed of the texts; 1337 unless given.")
    private long seed;

    @Option(names = "--threads", paramLabel = "N", description = "Worker threads; all processors unless given.")
    private Integer threads;

    @Option(names = "--json", description = "The same as JSON, with all digits.")
    private boolean json;

    private AblateCommand(Output output) {
        this.output = output;
    }

    static CommandLine create(Output output) {
        return new CommandLine(new AblateCommand(output));
    }

    @Override
    public Integer call() throws IOException {
        check();
        Path path = model.path();
        Advice.print(output.err());
        try (LoadedModel loaded = ModelOption.open(path, output)) {
            ParameterRegistry registry = loaded.model().registry();
            // What is wrong with a part is said before anything is measured.
            List<WeightEdit> done = new ArrayList<>();
            try (ParameterRegistry initial = initial(path, loaded)) {
                for (Edit edit : edits) {
                    done.add(edit(registry, initial, edit));
                }
                if (each != null) {
                    ModelPart.each(registry, each.piece()).forEach(part -> done.add(WeightEdit.zero(part)));
                }
                AblationReport report = measure(path, loaded, done);
                output.out().print(json ? Json.pretty(report.json()) + "\n" : report.table(output.glyphs()));
            }
            return Exit.OK;
        }
    }

    private void check() {
        if (edits.isEmpty() == (each == null)) {
            throw new CommandFailure(
                    Exit.USAGE,
                    each == null
                            ? "there is nothing to do; give --zero, --scale or --reset with a part of the model, or --each"
                            : "--each zeroes one part at a time; leave out --zero, --scale and --reset");
        }
        if (each != null && prompt != null) {
            throw new CommandFailure(Exit.USAGE, "--each writes no texts; leave out --prompt");
        }
        RunOptions.atLeast("--threads", threads, 1, "at least one thread must work");
        RunOptions.atLeast("--max-tokens", maxTokens, 0, "0 writes no texts");
    }

    /** The weights before training; shapes only where nobody asks for them. */
    private ParameterRegistry initial(Path path, LoadedModel loaded) {
        if (edits.stream().noneMatch(edit -> edit.reset != null)
                || loaded.checkpoint().isEmpty()) {
            return ParameterRegistry.of(loaded.model().shape());
        }
        return StartingWeights.read(path, loaded.checkpoint().get());
    }

    private static WeightEdit edit(ParameterRegistry registry, ParameterRegistry initial, Edit edit) {
        if (edit.zero != null) {
            return WeightEdit.zero(ModelPart.parse(registry, edit.zero));
        }
        if (edit.reset != null) {
            return WeightEdit.reset(ModelPart.parse(registry, edit.reset), initial);
        }
        try {
            return WeightEdit.scale(ModelPart.parse(registry, edit.scale[1]), Float.parseFloat(edit.scale[0]));
        } catch (NumberFormatException e) {
            throw new CommandFailure(
                    Exit.USAGE,
                    "--scale takes a number and a part, as in --scale 0.5 h.2.attn, not '" + edit.scale[0] + "'");
        }
    }

    private AblationReport measure(Path path, LoadedModel loaded, List<WeightEdit> done) throws IOException {
        ModelText text = ModelText.read(
                path,
                loaded,
                data,
                UnknownPolicy.FAIL,
                "'tinygpt lens' and 'tinygpt attention' take token ids",
                output);
        int[] tokens = text.corpus().validation();
        if (tokens.length < 2) {
            throw new CommandFailure(
                    Exit.BAD_DATA,
                    text.file() + ": its validation split has " + Show.count(tokens.length)
                            + " tokens, so there is nothing to predict; give a longer text");
        }
        Gpt gpt = loaded.model();
        int workers = threads == null ? Runtime.getRuntime().availableProcessors() : threads;
        try (WorkerTeam team = new WorkerTeam(workers, Gpt.longestRow(gpt.shape()))) {
            Ablation ablation = new Ablation(gpt, tokens, team);
            String before = each == null ? sample(gpt, team, text) : "";
            List<Effect> effects = each == null ? ablation.inTurn(done) : ablation.eachAlone(done, this::progress);
            String after = each == null ? sample(gpt, team, text) : "";
            return new AblationReport(
                    path,
                    loaded.checkpoint().orElseThrow().step(),
                    text.file(),
                    ablation.before(),
                    effects,
                    each == null,
                    seed,
                    before,
                    after);
        }
    }

    private void progress(Effect effect) {
        if (Terminal.paintsOnStderr()) {
            output.err()
                    .println(effect.edit() + ": loss " + Show.loss(effect.loss().loss()));
            output.err().flush();
        }
    }

    private String sample(Gpt gpt, WorkerTeam team, ModelText text) {
        if (maxTokens == 0) {
            return "";
        }
        Tokenizer tokenizer = text.corpus().tokenizer();
        int[] start = prompt == null ? SampleWriter.start(text.corpus()) : tokenizer.encode(prompt);
        StringBuilder written = new StringBuilder(tokenizer.decode(start));
        SamplingSettings settings = new SamplingSettings(TEMPERATURE, 0, 1, seed, maxTokens, List.of());
        try (Generator generator = new Generator(gpt, team.workspace())) {
            generator.text(tokenizer, start, settings, 0, piece -> {
                written.append(piece);
                return true;
            });
            return written.toString();
        } catch (ArithmeticException e) {
            return "(no text: the logits are not finite numbers)";
        }
    }
}
