package tinygpt.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.Stack;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IParameterConsumer;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import tinygpt.inspection.Ablation;
import tinygpt.inspection.Ablation.Effect;
import tinygpt.inspection.InitialValues;
import tinygpt.inspection.ModelPart;
import tinygpt.inspection.WeightEdit;
import tinygpt.inspection.WeightFile;
import tinygpt.model.Gpt;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.runs.LoadedModel;
import tinygpt.tensor.WorkerTeam;
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
                    + " Frozen, all numbers that are its own are what they were before training."
        },
        footer = {
            "",
            "Examples:",
            "  tinygpt ablate --zero h.2.attn",
            "  tinygpt ablate --zero h.0.head.1 --scale 0.5 wpe.weight",
            "  tinygpt ablate --freeze h.0.mlp",
            "  tinygpt ablate --each head"
        })
final class AblateCommand implements Callable<Integer> {
    private static final String EXAMPLE = "as in --scale 0.5 h.2.attn";

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

    /**
     * Something to do to a part.
     *
     * @param option --zero, --scale or --freeze
     * @param factor of --scale, else null
     * @param part of the model
     * @param wordsLeft on the command line behind it, which tells the order: picocli keeps one list for each option
     */
    private record Edit(String option, String factor, String part, int wordsLeft) {
        WeightEdit of(ParameterRegistry registry, InitialValues initial) {
            ModelPart found = ModelPart.parse(registry, part);
            if (option.equals("--zero")) {
                return WeightEdit.zero(found);
            }
            return factor == null ? WeightEdit.freeze(found, initial) : WeightEdit.scale(found, number());
        }

        private float number() {
            try {
                return Float.parseFloat(factor);
            } catch (NumberFormatException e) {
                throw new CommandFailure(
                        Exit.USAGE, "--scale takes a number and a part, " + EXAMPLE + ", not '" + factor + "'");
            }
        }
    }

    /** Reads what follows one of those options. */
    static final class EditReader implements IParameterConsumer {
        @Override
        public void consumeParameters(Stack<String> words, ArgSpec option, CommandSpec command) {
            String name = ((OptionSpec) option).longestName();
            boolean scale = name.equals("--scale");
            if (words.size() < (scale ? 2 : 1)) {
                String what = scale ? " takes a number and a part, " + EXAMPLE : " takes a part of the model";
                throw new ParameterException(command.commandLine(), name + what);
            }
            List<Edit> edits = option.getValue();
            edits.add(new Edit(name, scale ? words.pop() : null, words.pop(), words.size()));
        }
    }

    private final Output output;

    @Parameters(
            arity = "0..1",
            paramLabel = "[MODEL]",
            hideParamSyntax = true,
            description =
                    "A run folder, a checkpoint file, a GGUF file or a Hugging Face GPT-2 folder; the latest run unless"
                            + " given.")
    private Path given;

    @Option(names = "--model", paramLabel = "PATH", description = "The same as MODEL, as other commands take it.")
    private Path model;

    @Option(
            names = "--zero",
            paramLabel = "PART",
            parameterConsumer = EditReader.class,
            description = "Set a part to 0. This and the next two can be given several times: they are done one after"
                    + " the other, each on top of those before it.")
    private final List<Edit> zeros = new ArrayList<>();

    @Option(
            names = "--scale",
            paramLabel = "X PART",
            parameterConsumer = EditReader.class,
            description = "Multiply a part by X.")
    private final List<Edit> scales = new ArrayList<>();

    @Option(
            names = {"--freeze", "--reset"},
            paramLabel = "PART",
            parameterConsumer = EditReader.class,
            description = "Set a part to what it was before training, as if this part alone had been frozen while the"
                    + " rest learned. (In a run of 'train --freeze' the rest learns to do without it.)")
    private final List<Edit> frozen = new ArrayList<>();

    @Option(
            names = "--each",
            paramLabel = "kind|layer|sublayer|head|tensor",
            description = "Zero each of them alone, and sort by harm.")
    private Each each;

    @Mixin
    private ComparedText compared;

    @Mixin
    private ThreadsOption threads;

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
        Path path = given != null ? given : model != null ? model : ModelOption.latestRun();
        Advice.print(output.err());
        try (LoadedModel loaded = ModelOption.open(path, output)) {
            ParameterRegistry registry = loaded.model().registry();
            // What is wrong with a part is said before anything is measured.
            List<WeightEdit> done = new ArrayList<>();
            try (InitialValues initial = initial(path)) {
                for (Edit edit : edits()) {
                    done.add(edit.of(registry, initial));
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
        if (given != null && model != null) {
            throw new CommandFailure(
                    Exit.USAGE, "the model is given twice, as " + given + " and by --model; leave one of them out");
        }
        if (edits().isEmpty() == (each == null)) {
            throw new CommandFailure(
                    Exit.USAGE,
                    each == null
                            ? "there is nothing to do; give --zero, --scale or --freeze with a part of the model, or --each"
                            : "--each zeroes one part at a time; leave out --zero, --scale and --freeze");
        }
        if (each != null && compared.prompt != null) {
            throw new CommandFailure(Exit.USAGE, "--each writes no texts; leave out --prompt");
        }
        threads.check();
        compared.check();
    }

    /** The weights before training; null where nobody asks for them. */
    private InitialValues initial(Path path) {
        if (frozen.isEmpty()) {
            return null;
        }
        try (WeightFile file = WeightFile.open(path)) {
            InitialValues initial = InitialValues.of(file);
            if (!initial.known()) {
                throw new CommandFailure(
                        Exit.BAD_DATA,
                        path
                                + " cannot be frozen at its beginning: it was fine-tuned or made elsewhere, so only a checkpoint of step 0"
                                + " would tell its initial values, and there is none; use --zero or --scale");
            }
            return initial;
        }
    }

    /** In the order of the command line. */
    private List<Edit> edits() {
        return Stream.of(zeros, scales, frozen)
                .flatMap(List::stream)
                .sorted(Comparator.comparingInt(Edit::wordsLeft).reversed())
                .toList();
    }

    private AblationReport measure(Path path, LoadedModel loaded, List<WeightEdit> done) throws IOException {
        ModelText text = ModelText.read(
                path,
                loaded,
                compared.data,
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
        int workers = threads.workers();
        try (WorkerTeam team = new WorkerTeam(workers, Gpt.longestRow(gpt.shape()))) {
            Ablation ablation = new Ablation(gpt, tokens, team);
            String before = each == null ? compared.sample(gpt, team, text) : "";
            List<Effect> effects = each == null ? ablation.inTurn(done) : ablation.eachAlone(done, this::progress);
            String after = each == null ? compared.sample(gpt, team, text) : "";
            return new AblationReport(
                    path,
                    loaded.checkpoint()
                            .map(header -> OptionalLong.of(header.step()))
                            .orElse(OptionalLong.empty()),
                    text.file(),
                    ablation.before(),
                    effects,
                    each == null,
                    compared.seed,
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
}
