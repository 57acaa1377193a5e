package tinygpt.cli;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.inspection.GoldenCheck;
import tinygpt.inspection.GradientCheck;
import tinygpt.inspection.NudgedGradient;

/** Checks the arithmetic on this machine: against PyTorch's figures, and every gradient by nudging. */
@Command(
        name = "verify",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        abbreviateSynopsis = true,
        description = {
            "Checks on this machine that the arithmetic is right. First a small GPT-2 that comes with the program:"
                    + " logits, loss, gradients and five steps of AdamW beside what PyTorch computed. Then the gradient"
                    + " of every tensor of a model beside central differences of the loss in float64, element by element"
                    + " and along a random direction of the whole tensor.",
            "",
            "The model has random weights and a batch of 2 x 32 random tokens, with dropout. Nothing is written."
        },
        footer = {
            "",
            "Exit codes: 0 everything agrees, 1 something does not.",
            "",
            "Examples:",
            "  tinygpt verify",
            "  tinygpt verify --preset tiny --tied-head false",
            "  tinygpt verify --lora rank=2,alpha=4,on=attention"
        })
final class VerifyCommand implements Callable<Integer> {
    private static final String PRESET = "nano";
    private static final double LONG_WORK = 1e11;

    private final Output output;
    private HyperparameterOptions hyperparameters;

    @Mixin
    private ThreadsOption threads;

    private VerifyCommand(Output output) {
        this.output = output;
    }

    static CommandLine create(Output output) {
        VerifyCommand command = new VerifyCommand(output);
        CommandLine line = new CommandLine(command);
        command.hyperparameters = HyperparameterOptions.addTo(line.getCommandSpec(), PRESET);
        return line;
    }

    @Override
    public Integer call() throws IOException {
        int workers = threads.workers();
        Hyperparameters h = hyperparameters.resolve();
        Advice.print(output.err());

        List<GoldenCheck.Quantity> golden = GoldenCheck.run(workers);
        output.out().println("a small GPT-2, expected is what PyTorch computed (of tensors the 2-norm)");
        output.out().println();
        golden(golden).lines().forEach(output.out()::println);
        output.out().println();
        output.out().flush();

        double work = GradientCheck.work(h);
        if (work > LONG_WORK) {
            output.err()
                    .println("tinygpt: note: checking the gradients takes about " + Show.ratio(work)
                            + " multiply-adds in float64, which is some time");
            output.err().flush();
        }
        List<GradientCheck.Tensor> tensors = GradientCheck.of(h, workers);
        output.out()
                .println("gradients of "
                        + (hyperparameters.explicitKeys().isEmpty() ? hyperparameters.presetName() : "this model")
                        + ": by backpropagation, and by nudging in float64");
        output.out().println();
        gradients(tensors).lines().forEach(output.out()::println);
        output.out().println();
        output.out()
                .println("they may differ by " + Show.ratio(NudgedGradient.TOLERANCE) + " of the larger plus "
                        + Show.ratio(NudgedGradient.TYPICAL_TOLERANCE) + " of what is typical for the tensor");
        return conclude(golden, tensors) ? Exit.OK : Exit.FAILURE;
    }

    private static TextTable golden(List<GoldenCheck.Quantity> quantities) {
        TextTable table = new TextTable("lrrrrl", List.of("", "expected", "got", "differs by", "at most", ""));
        for (GoldenCheck.Quantity q : quantities) {
            table.add(List.of(
                    q.name(),
                    Show.decimals(q.expected(), 6),
                    Show.decimals(q.got(), 6),
                    Show.ratio(q.difference()),
                    Show.ratio(q.tolerance()),
                    q.passes() ? "ok" : "FAILS"));
        }
        return table;
    }

    /** A line for each element that was nudged, and one for the direction of the whole tensor. */
    private static TextTable gradients(List<GradientCheck.Tensor> tensors) {
        TextTable table = new TextTable("lrrrl", List.of("", "backpropagation", "nudging", "differ by", ""));
        for (GradientCheck.Tensor tensor : tensors) {
            for (int i = 0; i < tensor.elements().size(); i++) {
                row(table, tensor.elements().get(i).label(), tensor.nudged().get(i));
            }
            row(table, tensor.parameter().name() + ", one direction", tensor.direction());
        }
        return table;
    }

    private static void row(TextTable table, String name, NudgedGradient gradient) {
        table.add(List.of(
                name,
                number(gradient.backpropagated()),
                number(gradient.slope()),
                Show.ratio(gradient.relativeDifference()),
                gradient.agrees() ? "ok" : "FAILS"));
    }

    private static String number(double value) {
        return String.valueOf((float) value);
    }

    private boolean conclude(List<GoldenCheck.Quantity> golden, List<GradientCheck.Tensor> tensors) {
        long goldenFailures = golden.stream().filter(q -> !q.passes()).count();
        long tensorFailures = tensors.stream().filter(t -> !t.passes()).count();
        boolean good = goldenFailures == 0 && tensorFailures == 0;
        output.out().println();
        output.out()
                .println(
                        good
                                ? "all of it agrees: " + golden.size() + " quantities with PyTorch, the gradients of "
                                        + tensors.size() + " tensors with nudging"
                                : "IT FAILS: " + goldenFailures + " of " + golden.size()
                                        + " quantities differ from PyTorch's, the gradients of " + tensorFailures
                                        + " of "
                                        + tensors.size() + " tensors from nudging");
        return good;
    }
}
