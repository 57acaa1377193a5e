package tinygpt.search;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.InvalidHyperparameterException;
import tinygpt.model.TrainingFlops;
import tinygpt.parameters.ParameterKind;
import tinygpt.parameters.ParameterRegistry;

/**
 * Models of one family that differ in size.
 *
 * @param sizes from what was written, in that order
 */
public record SizeFamily(List<Size> sizes) {
    private static final Pattern SIZE = Pattern.compile("(?:([0-9]{1,4})x)?([0-9]{1,6})(?:x([0-9]{1,4}))?");
    private static final int[] USUAL_QUARTERS = {2, 3, 4, 6, 8};

    /** A model of the family. */
    public record Size(int layers, int width, int heads) {
        /** All three at once: the base's heads need not divide another width. */
        private Hyperparameters of(Hyperparameters base) {
            ObjectNode changes = JsonNodeFactory.instance.objectNode();
            changes.putObject("model").put("layers", layers).put("width", width).put("heads", heads);
            return base.with(changes);
        }
    }

    public SizeFamily {
        sizes = List.copyOf(sizes);
        if (sizes.size() < 2) {
            throw new InvalidHyperparameterException(
                    "a scale study compares two sizes at least; five or more show a law");
        }
        if (sizes.stream().distinct().count() < sizes.size()) {
            throw new InvalidHyperparameterException("a size is there twice");
        }
    }

    /**
     * Reads {@code 32,48,64} (widths), {@code 2x32,4x64} (layers and width) or {@code 2x32x2} (and heads). What is not said
     * is the base's; heads are as many as keep their size, or the next fewer that divide the width.
     */
    public static SizeFamily parse(String text, Hyperparameters base) {
        List<Size> sizes = new ArrayList<>();
        for (String one : text.split(",", -1)) {
            Matcher parts = SIZE.matcher(one.trim());
            if (!parts.matches()) {
                throw new InvalidHyperparameterException(
                        "--sizes takes widths, or LAYERSxWIDTH, or LAYERSxWIDTHxHEADS, as in"
                                + " 32,48,64 or 2x32,4x64, not '" + one + "'");
            }
            int layers = parts.group(1) == null ? base.model().layers() : Integer.parseInt(parts.group(1));
            int width = Integer.parseInt(parts.group(2));
            sizes.add(new Size(
                    layers, width, parts.group(3) == null ? heads(width, base) : Integer.parseInt(parts.group(3))));
        }
        return new SizeFamily(sizes);
    }

    /** Five widths from half of the base's to twice. */
    public static SizeFamily around(Hyperparameters base) {
        List<Size> sizes = new ArrayList<>();
        int head = base.model().width() / base.model().heads();
        for (int quarters : USUAL_QUARTERS) {
            int width = Math.max(head, base.model().width() * quarters / 4 / head * head);
            Size size = new Size(base.model().layers(), width, width / head);
            if (!sizes.contains(size)) {
                sizes.add(size);
            }
        }
        return new SizeFamily(sizes);
    }

    private static int heads(int width, Hyperparameters base) {
        int head = base.model().width() / base.model().heads();
        int heads = Math.max(1, width / head);
        while (width % heads != 0) {
            heads--;
        }
        return heads;
    }

    /**
     * The plan that trains each size once.
     *
     * @param equalFlops whether each gets as many steps as take the base's operations, instead of the base's steps
     */
    public SearchPlan plan(Hyperparameters base, boolean equalFlops) {
        List<String> sets = new ArrayList<>();
        sets.add("layers=" + list(sizes.stream().map(Size::layers).toList()));
        sets.add("width=" + list(sizes.stream().map(Size::width).toList()));
        sets.add("heads=" + list(sizes.stream().map(Size::heads).toList()));
        if (equalFlops) {
            double budget = flops(base);
            sets.add("steps="
                    + list(sizes.stream()
                            .map(size -> Math.max(1, (int) Math.round(budget
                                    / flops(size.of(base))
                                    * base.optimization().steps())))
                            .toList()));
        }
        return new SearchPlan(base, SearchSpace.parse(sets), SearchPlan.Method.ZIP, 0, 1, null, false);
    }

    private static String list(List<Integer> numbers) {
        return numbers.stream().map(String::valueOf).collect(Collectors.joining(","));
    }

    /** Floating point operations of all steps. */
    public static double flops(Hyperparameters hyperparameters) {
        return (double) hyperparameters.optimization().steps()
                * hyperparameters.synchronization().replicas()
                * TrainingFlops.ofStep(
                        ParameterRegistry.of(hyperparameters),
                        hyperparameters.data().batchSize(),
                        hyperparameters.model().contextLength());
    }

    /** The N of scaling laws: the parameters of the layers, without embeddings and output head. */
    public static long layerParameters(Hyperparameters hyperparameters) {
        ParameterRegistry registry = ParameterRegistry.of(hyperparameters);
        return registry.count(ParameterKind.ATTENTION)
                + registry.count(ParameterKind.FEED_FORWARD)
                + registry.count(ParameterKind.NORMALIZATION);
    }
}
