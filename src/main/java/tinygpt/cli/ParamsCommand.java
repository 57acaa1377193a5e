package tinygpt.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Predicate;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.Option;
import tinygpt.hyperparameters.InvalidHyperparameterException;
import tinygpt.inspection.ModelStatistics;
import tinygpt.inspection.WeightFile;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.parameters.ParameterSelector;

/** Lists and counts the parameters of a model. Needs shapes only: no weights, no ND4J, whatever the size. */
@Command(
        name = "params",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        abbreviateSynopsis = true,
        description = {
            "Lists and counts the parameters of a model, by name and by kind.",
            "",
            "Hyperparameters are what you set; parameters are what training sets. This shows which parameters a set of"
                    + " hyperparameters gives. No weights are needed."
        },
        footer = {
            "",
            "Examples:",
            "  tinygpt params",
            "  tinygpt params --preset gpt2 --why",
            "  tinygpt params --layers 6 --width 192 --kind attention,feed-forward",
            "  tinygpt params --match 'h.[01].*.weight' --format csv",
            "  tinygpt params --stats runs/mine --sort change",
            "  tinygpt params --freeze kind:embedding,positional",
            "  tinygpt params --lora rank=8,on=attention"
        })
final class ParamsCommand implements Callable<Integer> {
    enum Format {
        table,
        json,
        csv,
        md
    }

    enum Order {
        name,
        params,
        kind,
        change
    }

    private final Output output;
    private final ShapeReader reader;
    private HyperparameterOptions hyperparameters;
    private CommandSpec spec;

    @Option(names = "--all", description = "One row for each tensor; repeated layers are not collapsed with #.")
    private boolean all;

    @Option(names = "--why", description = "The formula behind each count, and other counts that are in use.")
    private boolean why;

    @Option(
            names = "--stats",
            description =
                    "Reads the weights: mean, deviation, norm, distance from the initial values, who set them, how"
                            + " they are spread. Of the latest run unless MODEL is given.")
    private boolean stats;

    @Option(
            names = "--format",
            paramLabel = "table|json|csv|md",
            defaultValue = "table",
            description = "json and csv list every tensor and have exact integers.")
    private Format format;

    @Option(names = "--kind", paramLabel = "KIND[,KIND]", description = "Only these kinds: attention,feed-forward.")
    private String kinds;

    @Option(names = "--match", paramLabel = "GLOB", description = "Only names like this: 'h.[0-3].attn.*'.")
    private String glob;

    @Option(
            names = "--sort",
            paramLabel = "name|params|kind|change",
            description = "Instead of the order in the model; change, with --stats, is the root mean square of W - W0.")
    private Order order;

    private ParamsCommand(Output output, ShapeReader reader) {
        this.output = output;
        this.reader = reader;
    }

    /**
     * The command with its options.
     *
     * @param reader reads the architecture of a checkpoint, for {@code --model}; without one there is no such option
     */
    static CommandLine create(Output output, ShapeReader reader) {
        ParamsCommand command = new ParamsCommand(output, reader);
        CommandLine line = new CommandLine(command);
        command.spec = line.getCommandSpec();
        if (reader != null) {
            command.spec.addOption(OptionSpec.builder("--model")
                    .type(Path.class)
                    .paramLabel("PATH")
                    .description(
                            "The model of a checkpoint, a GGUF file or a Hugging Face folder, instead of a preset and flags.")
                    .build());
            command.spec.addPositional(PositionalParamSpec.builder()
                    .type(String.class)
                    .arity("0..1")
                    .index("0")
                    .paramLabel("MODEL")
                    .description("The same as --model; RUN@STEP or RUN@best for a certain checkpoint.")
                    .build());
        }
        command.hyperparameters = HyperparameterOptions.addTo(command.spec);
        return line;
    }

    /** What is counted: a model and what to call it. */
    private record Subject(String title, ParameterRegistry registry) {}

    @Override
    public Integer call() throws IOException {
        if (stats) {
            return statistics();
        }
        Subject subject = subject();
        ParameterRegistry registry = subject.registry();
        List<Parameter> selected = select(registry);
        ParamsTable table = new ParamsTable(subject.title(), registry, selected, !all, order, output.glyphs());
        switch (format) {
            case table -> table.print(output.out(), why);
            case md -> table.printMarkdown(output.out(), why);
            case json -> new ParamsData(subject.title(), registry, table.ordered()).printJson(output.out(), why);
            case csv -> {
                if (why) {
                    throw new CommandFailure(
                            Exit.USAGE, "--why has no place in csv; use --format table, md or json with it");
                }
                new ParamsData(subject.title(), registry, table.ordered()).printCsv(output.out());
            }
        }
        return Exit.OK;
    }

    /** The one place where the model comes from. */
    private Subject subject() throws IOException {
        String model = model();
        if (model != null) {
            if (!model.contains("@") || Files.exists(Path.of(model))) {
                return new Subject(model, reader.read(Path.of(model)));
            }
            try (WeightFile file = WeightFile.open(model)) {
                return new Subject(model, file.registry());
            }
        }
        ParameterRegistry registry = ParameterRegistry.of(hyperparameters.resolve());
        boolean changed = hyperparameters.explicitKeys().stream()
                .anyMatch(path -> path.startsWith("model.") || path.startsWith("adaptation."));
        return new Subject(hyperparameters.presetName() + (changed ? " (changed)" : ""), registry);
    }

    /** The model that was given, by option or by itself; null for none. */
    private String model() throws IOException {
        if (reader == null) {
            return null;
        }
        Path option = spec.findOption("--model").getValue();
        String given = spec.positionalParameters().get(0).getValue();
        if (option != null && given != null) {
            throw new CommandFailure(Exit.USAGE, "a model was given twice, " + given + " and --model " + option);
        }
        String model = option != null ? option.toString() : given;
        if (model != null
                && (hyperparameters.presetGiven()
                        || !hyperparameters.explicitKeys().isEmpty())) {
            throw new InvalidHyperparameterException(
                    "--model has its own hyperparameters; leave --preset, --config and their flags out, or --model");
        }
        return model;
    }

    private int statistics() throws IOException {
        String model = model();
        if (why) {
            throw new CommandFailure(Exit.USAGE, "--why explains counts; it has no place beside --stats");
        }
        if (model == null
                && (hyperparameters.presetGiven()
                        || !hyperparameters.explicitKeys().isEmpty())) {
            throw new CommandFailure(
                    Exit.USAGE, "--stats reads the weights of a model; a preset has none, so give a MODEL instead");
        }
        String title = model == null ? ModelOption.latestRun().toString() : model;
        try (WeightFile file = WeightFile.open(title)) {
            file.notes().forEach(note -> output.err().println("tinygpt: note: " + note));
            Set<Parameter> selected = Set.copyOf(select(file.registry()));
            StatisticsReport report = new StatisticsReport(title, file, ModelStatistics.of(file), selected, order);
            switch (format) {
                case table -> new StatisticsTable(report, !all, output.glyphs()).print(output.out());
                case md -> new StatisticsTable(report, !all, output.glyphs()).printMarkdown(output.out());
                case json -> StatisticsData.printJson(report, output.out());
                case csv -> StatisticsData.printCsv(report, output.out());
            }
        }
        return Exit.OK;
    }

    private List<Parameter> select(ParameterRegistry registry) {
        List<String> selectors = new ArrayList<>();
        if (kinds != null) {
            selectors.add("kind:" + kinds);
        }
        if (glob != null) {
            selectors.add(glob);
        }
        Predicate<Parameter> wanted = selectors.stream()
                .map(ParameterSelector::parse)
                .reduce(Predicate::and)
                .orElse(parameter -> true);
        List<Parameter> selected = registry.all().stream().filter(wanted).toList();
        if (selected.isEmpty()) {
            throw new CommandFailure(
                    Exit.USAGE,
                    "no parameter of this model matches " + String.join(" and ", selectors) + "; '" + CommandName.get()
                            + " params --all' lists the names");
        }
        return selected;
    }
}
