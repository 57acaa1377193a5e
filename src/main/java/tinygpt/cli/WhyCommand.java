package tinygpt.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tinygpt.formats.BadFileException;
import tinygpt.inspection.NudgedGradient;
import tinygpt.inspection.ObservedGradients;
import tinygpt.inspection.WeightElement;
import tinygpt.inspection.WeightFile;
import tinygpt.inspection.WeightStep;
import tinygpt.parameters.Parameter;
import tinygpt.runs.Replay;
import tinygpt.runs.RunFolder;
import tinygpt.training.Trainer;

/** Shows the arithmetic of one weight in one step of a run. */
@Command(
        name = "why",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        abbreviateSynopsis = true,
        description = {
            "Shows why one weight has its value: the arithmetic of one training step, number by number, so that a"
                    + " calculator gives the same, and that training leaves the same bits.",
            "",
            "The run is computed again from its newest checkpoint before the step; its folder is only read. Beside the"
                    + " gradient by backpropagation stands the one by nudging the weight up and down, with the loss"
                    + " computed in float64 by other code."
        },
        footer = {
            "",
            "Exit codes: 0 the bits and the gradients agree, 1 they do not.",
            "",
            "Examples:",
            "  tinygpt why 'wte.weight[4,0]' --step 120",
            "  tinygpt why 'h.0.mlp.c_fc.bias[7]' --step 1 --run runs/mine --json"
        })
final class WhyCommand implements Callable<Integer> {
    private final Output output;

    @Parameters(
            paramLabel = "NAME[i,j]",
            description = "One weight: the name of a matrix with row and column, or of a vector with one index [i].")
    private String weight;

    @Option(names = "--step", required = true, paramLabel = "K", description = "The step, counted from 1.")
    private long number;

    @Mixin
    private RunOption run;

    @Mixin
    private NudgeOption nudge;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    private WhyCommand(Output output) {
        this.output = output;
    }

    static CommandLine create(Output output) {
        return new CommandLine(new WhyCommand(output));
    }

    @Override
    public Integer call() throws IOException {
        RunFolder folder = run.folder();
        ObservedGradients observed = new ObservedGradients();
        Advice.print(output.err());
        try (Replay replay = Replay.before(folder, number, run.data(), run.threads(), observed)) {
            Trainer trainer = replay.trainer();
            WeightElement element = WeightElement.parse(trainer.registry(), weight);
            if (replay.startStep() < number - 1) {
                output.err()
                        .println("computing steps " + Show.count(replay.startStep() + 1) + " to "
                                + Show.count(number - 1) + " again ...");
                output.err().flush();
            }
            replay.advance(number - 1, () -> false);
            replay.notes().forEach(note -> output.err().println("tinygpt: note: " + note));
            OptionalDouble slope = nudge.slope(trainer, element, output);
            WeightStep step = WeightStep.take(trainer, observed, element);
            Optional<NudgedGradient> nudged = slope.isEmpty() || step.gradient().isEmpty()
                    ? Optional.empty()
                    : Optional.of(new NudgedGradient(
                            slope.getAsDouble(), step.gradient().get().value(), step.typicalGradient()));
            Optional<Float> saved = saved(replay.checkpointNow(), element);
            WeightStepReport report = new WeightStepReport(step, trainer.hyperparameters(), nudged);
            Optional<Boolean> fingerprint = replay.isTheRuns();
            boolean agrees = step.sameBits()
                    && fingerprint.orElse(true)
                    && nudged.map(NudgedGradient::agrees).orElse(true)
                    && saved.map(value -> sameBits(value, step.after())).orElse(true);
            if (json) {
                printJson(replay, report, saved, fingerprint, agrees);
            } else {
                printLines(replay, step, report, saved, fingerprint);
            }
            return agrees ? Exit.OK : Exit.FAILURE;
        }
    }

    /** What the run itself saved after this step. */
    private Optional<Float> saved(Optional<Path> checkpoint, WeightElement element) {
        if (checkpoint.isEmpty()) {
            return Optional.empty();
        }
        try (WeightFile file = WeightFile.open(checkpoint.get())) {
            float[] value = new float[1];
            Parameter parameter = file.registry().get(element.parameter().name());
            file.read(parameter, element.place(), value, 0, 1);
            return Optional.of(value[0]);
        } catch (BadFileException e) {
            output.err().println("tinygpt: note: " + e.getMessage());
            return Optional.empty();
        }
    }

    private static boolean sameBits(float a, float b) {
        return Float.floatToRawIntBits(a) == Float.floatToRawIntBits(b);
    }

    private void printLines(
            Replay replay,
            WeightStep step,
            WeightStepReport report,
            Optional<Float> saved,
            Optional<Boolean> fingerprint) {
        PrintWriter out = output.out();
        WeightElement element = step.element();
        String asked = weight.substring(0, weight.indexOf('['));
        out.println(element.label() + "   " + element.parameter().kind().label() + "   step " + Show.count(number)
                + ", computed again from the checkpoint of step " + Show.count(replay.startStep()));
        if (!asked.equals(element.parameter().name())) {
            out.println(asked + " is tied to it: the gradient is the sum of what both uses give");
        }
        out.println();
        report.lines().forEach(line -> out.println(output.glyphs().text(line.isEmpty() ? "" : "  " + line)));
        out.println();
        out.println(report.verdict());
        saved.ifPresent(value -> out.println(
                sameBits(value, step.after())
                        ? "the run's own checkpoint of step " + Show.count(number) + " holds the same bits"
                        : "THEY DIFFER: the run's own checkpoint of step " + Show.count(number) + " holds "
                                + WeightStepReport.digits(value) + " (bits " + WeightStepReport.bits(value)
                                + "); was it trained by another version or on another processor?"));
        fingerprint.ifPresent(same -> out.println(
                same
                        ? "all weights after step " + Show.count(number) + " have the fingerprint in the run's ledger"
                        : "THEY DIFFER: all weights after step " + Show.count(number)
                                + " have another fingerprint than in the run's ledger"));
    }

    private void printJson(
            Replay replay,
            WeightStepReport report,
            Optional<Float> saved,
            Optional<Boolean> fingerprint,
            boolean agrees) {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        report.json(root);
        root.put("from_checkpoint_of_step", replay.startStep());
        saved.ifPresent(value -> root.put("bits_in_checkpoint", WeightStepReport.bits(value)));
        fingerprint.ifPresent(same -> root.put("all_weights_as_in_ledger", same));
        root.put("agrees", agrees);
        output.out().println(Json.pretty(root));
    }
}
