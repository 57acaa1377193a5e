package tinygpt.cli;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.InvalidHyperparameterException;
import tinygpt.inspection.Audit;
import tinygpt.inspection.AuditedTensor;
import tinygpt.inspection.WeightFile;
import tinygpt.parameters.InitialLaw;
import tinygpt.parameters.Parameter;

/** Checks that every parameter is initialised, decayed, counted, reached and moved as the registry declares. */
@Command(
        name = "audit",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        abbreviateSynopsis = true,
        description = {
            "Initialises a model, trains it for one step on random tokens, and checks every parameter: its standard"
                    + " deviation against its initial law, its decay group, that it is counted once, that the backward"
                    + " pass reaches it and that the step moves it.",
            "",
            "Nothing is written, and no text is needed. Memory is needed as for training."
        },
        footer = {
            "",
            "Exit codes: 0 all is as declared, 1 something is not.",
            "",
            "Examples:",
            "  tinygpt audit",
            "  tinygpt audit --preset nano --tied-head false",
            "  tinygpt audit --model runs/mine"
        })
final class AuditCommand implements Callable<Integer> {
    private final Output output;
    private HyperparameterOptions hyperparameters;

    @Option(
            names = "--model",
            paramLabel = "RUN",
            description = "The hyperparameters and seed of a run or checkpoint, instead of a preset and flags.")
    private String model;

    @Mixin
    private ThreadsOption threads;

    private AuditCommand(Output output) {
        this.output = output;
    }

    static CommandLine create(Output output) {
        AuditCommand command = new AuditCommand(output);
        CommandLine line = new CommandLine(command);
        command.hyperparameters = HyperparameterOptions.addTo(line.getCommandSpec());
        return line;
    }

    @Override
    public Integer call() throws IOException {
        int workers = threads.workers();
        Hyperparameters audited = model == null ? hyperparameters.resolve() : ofModel();
        List<AuditedTensor> tensors = Audit.of(audited, workers);
        table(tensors).lines().forEach(output.out()::println);
        output.out().println();
        return conclude(tensors) ? Exit.OK : Exit.FAILURE;
    }

    private Hyperparameters ofModel() throws IOException {
        if (hyperparameters.presetGiven() || !hyperparameters.explicitKeys().isEmpty()) {
            throw new InvalidHyperparameterException(
                    "--model has its own hyperparameters; leave --preset, --config and their flags out, or --model");
        }
        try (WeightFile file = WeightFile.open(model)) {
            return file.header()
                    .orElseThrow(() -> new CommandFailure(
                            Exit.USAGE,
                            model + " is of another program and does not say how it was trained; give a preset and"
                                    + " flags instead"))
                    .hyperparameters();
        }
    }

    private TextTable table(List<AuditedTensor> tensors) {
        TextTable table = new TextTable(
                "llrrlrrrl",
                List.of(
                        "name",
                        "law",
                        "std",
                        "off by",
                        "decay",
                        "counted",
                        "|g|",
                        output.glyphs().text("|ΔW|"),
                        "verdict"));
        for (AuditedTensor tensor : tensors) {
            Parameter p = tensor.parameter();
            boolean normal = p.initialLaw() instanceof InitialLaw.Normal;
            table.add(List.of(
                    p.name(),
                    output.glyphs().text(p.initialLaw().toString()),
                    normal
                            ? Show.decimals(tensor.initial().std(), 6)
                            : Show.value(tensor.initial().std()),
                    normal ? Show.decimals(tensor.stdErrors(), 1) + " se" : "-",
                    decay(tensor),
                    p.tiedTo() == null ? Show.count(p.count()) : "tied: 0",
                    p.trainable() ? Show.ratio(tensor.gradientNorm()) : "-",
                    p.trainable() ? Show.ratio(tensor.changeNorm()) : tensor.changeNorm() == 0 ? "frozen" : "MOVED",
                    tensor.faults().isEmpty() ? "ok" : "FAILS"));
        }
        return table;
    }

    private static String decay(AuditedTensor tensor) {
        String declared = tensor.parameter().decayed() ? "yes" : "no";
        return tensor.decayMeasured() ? declared + " (" + Show.decimals(tensor.decay() + 0.0, 3) + ")" : declared;
    }

    private boolean conclude(List<AuditedTensor> tensors) {
        double widest =
                tensors.stream().mapToDouble(AuditedTensor::tolerance).max().orElse(0);
        output.out()
                .println("std may be off by " + AuditedTensor.MOST_ERRORS
                        + " standard errors (se), std/sqrt(2n) of n numbers: at most "
                        + Show.probability(widest) + " here");
        long counted = tensors.stream().mapToLong(t -> t.parameter().count()).sum();
        List<AuditedTensor> faulty =
                tensors.stream().filter(t -> !t.faults().isEmpty()).toList();
        for (AuditedTensor tensor : faulty) {
            tensor.faults()
                    .forEach(fault -> output.out()
                            .println(output.glyphs()
                                    .text("FAILS: " + tensor.parameter().name() + " " + fault)));
        }
        output.out()
                .println((faulty.isEmpty() ? "all " : faulty.size() + " of ") + tensors.size()
                        + (faulty.isEmpty() ? " tensors are as declared, " : " tensors FAIL, ") + Show.count(counted)
                        + " parameters counted once");
        return faulty.isEmpty();
    }
}
