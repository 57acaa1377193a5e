package tinygpt.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.InvalidHyperparameterException;
import tinygpt.inspection.BatchStep;
import tinygpt.inspection.NudgedGradient;
import tinygpt.inspection.ObservedGradients;
import tinygpt.inspection.WeightElement;
import tinygpt.inspection.WeightStep;
import tinygpt.runs.ModelSource;
import tinygpt.runs.Replay;
import tinygpt.runs.TrainingText;
import tinygpt.training.Trainer;

/** Takes one training step and shows it from the text to the lower loss. */
@Command(
        name = "step",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        abbreviateSynopsis = true,
        description = {
            "Takes one training step and says what it did to the loss of its batch. --explain shows it end to end: text,"
                    + " token ids, targets, loss, gradient, the update of one weight, and the loss of the same batch"
                    + " afterwards.",
            "",
            "A fresh model takes its first step; the model of a run takes the one that comes next. Nothing is written."
        },
        footer = {
            "",
            "Exit codes: 0 the loss of the batch is lower afterwards, 1 it is not, or the arithmetic does not agree.",
            "",
            "Examples:",
            "  tinygpt step --explain",
            "  tinygpt step --explain --preset tiny --weight 'h.0.attn.c_attn.weight[0,5]'",
            "  tinygpt step --explain --model runs/mine"
        })
final class StepCommand implements Callable<Integer> {
    private static final String PRESET = "nano";

    private final Output output;
    private HyperparameterOptions hyperparameters;

    @Option(names = "--explain", description = "Show everything, from the text on.")
    private boolean explain;

    @Option(
            names = "--model",
            paramLabel = "RUN",
            description = "The folder of a run, whose next step is taken; a fresh model unless given.")
    private Path model;

    @Option(
            names = "--data",
            paramLabel = "FILE",
            description = "The training text; the tales that come with tinygpt, or the run's own, unless given.")
    private Path data;

    @Option(
            names = "--weight",
            paramLabel = "NAME[i,j]",
            description = "The weight to follow; the first number of the first token's vector unless given.")
    private String weight;

    @Mixin
    private ThreadsOption threads;

    @Mixin
    private NudgeOption nudge;

    @Option(names = "--json", description = "Print JSON, always with everything.")
    private boolean json;

    private StepCommand(Output output) {
        this.output = output;
    }

    static CommandLine create(Output output) {
        StepCommand command = new StepCommand(output);
        CommandLine line = new CommandLine(command);
        command.hyperparameters = HyperparameterOptions.addTo(line.getCommandSpec(), PRESET);
        return line;
    }

    @Override
    public Integer call() throws IOException {
        int workers = threads.workers();
        ObservedGradients observed = new ObservedGradients();
        if (model == null) {
            Hyperparameters h = hyperparameters.resolve();
            Replay.requireOneOptimizer("a fresh model with these flags", h);
            TrainingText text = new NewVocabulary(output, false).read(DataFile.orDefault(data), h, hyperparameters);
            Advice.print(output.err());
            try (Trainer trainer = new Trainer(h, text.corpus(), workers, observed)) {
                String name = hyperparameters.explicitKeys().isEmpty()
                        ? "the preset " + hyperparameters.presetName()
                        : "a fresh model";
                return take(trainer, observed, name + " on " + text.file());
            }
        }
        if (hyperparameters.presetGiven() || !hyperparameters.explicitKeys().isEmpty()) {
            throw new InvalidHyperparameterException(
                    "--model has its own hyperparameters; leave --preset, --config and their flags out, or --model");
        }
        if (!(ModelSource.resolve(model) instanceof ModelSource.Run run)) {
            throw new CommandFailure(
                    Exit.BAD_DATA, model + " is not the folder of a run, whose next step could be taken");
        }
        Advice.print(output.err());
        try (Replay replay = Replay.next(run.folder(), data, workers, observed)) {
            replay.notes().forEach(note -> output.err().println("tinygpt: note: " + note));
            return take(replay.trainer(), observed, model.toString());
        }
    }

    private int take(Trainer trainer, ObservedGradients observed, String what) {
        WeightElement element =
                weight == null ? BatchStep.usualWeight(trainer) : WeightElement.parse(trainer.registry(), weight);
        OptionalDouble slope = explain || json ? nudge.slope(trainer, element, output) : OptionalDouble.empty();
        BatchStep step = BatchStep.take(trainer, observed, element);
        WeightStep followed = step.weight();
        Optional<NudgedGradient> nudged = slope.isEmpty()
                ? Optional.empty()
                : Optional.of(new NudgedGradient(
                        slope.getAsDouble(), followed.gradient().orElseThrow().value(), followed.typicalGradient()));
        StepReport report = new StepReport(step, trainer, nudged, output.glyphs());
        if (json) {
            ObjectNode root = report.json();
            output.out().println(Json.pretty(root));
        } else if (explain) {
            report.lines(what).forEach(output.out()::println);
        } else {
            output.out()
                    .println(
                            "step " + Show.count(followed.step()) + " of " + what + ", its batch: " + report.summary());
        }
        boolean good = step.lossAfter() < followed.loss()
                && followed.sameBits()
                && nudged.map(NudgedGradient::agrees).orElse(true);
        return good ? Exit.OK : Exit.FAILURE;
    }
}
