package tinygpt.search;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tinygpt.hyperparameters.CanonicalJson;
import tinygpt.hyperparameters.HyperparameterKey;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.InvalidHyperparameterException;

/**
 * What is searched: some hyperparameters, each with its values. All other hyperparameters stay as they are.
 *
 * @param axes in the order in which they were named; of a grid the first moves slowest
 */
public record SearchSpace(List<Axis> axes) {
    public SearchSpace {
        axes = List.copyOf(axes);
        if (axes.isEmpty()) {
            throw new InvalidHyperparameterException(
                    "nothing is searched; say what to try, for example --set learning-rate=1e-3,3e-3,1e-2");
        }
        Set<String> keys = new HashSet<>();
        for (Axis axis : axes) {
            axis.keys().forEach(key -> {
                if (!keys.add(key.path())) {
                    throw new InvalidHyperparameterException(
                            "--set " + axis.name() + " is given twice; write all its values into one --set");
                }
            });
        }
    }

    /**
     * Reads what was written behind each {@code --set}.
     *
     * @throws InvalidHyperparameterException for an unknown name, a value of a wrong type, or a range that is none
     */
    public static SearchSpace parse(List<String> specs) {
        return new SearchSpace(specs.stream().map(AxisParser::parse).toList());
    }

    /** What was written, for {@link #parse}. */
    public List<String> specs() {
        return axes.stream().map(axis -> axis.name() + "=" + axis.spec()).toList();
    }

    /**
     * Refuses a range of rates whose ends are impossible, which most of its draws would be then too. An integer may be
     * possible beside another value of something else, and a minimum beside another maximum: those are found out trial by
     * trial.
     */
    void checkRanges(Hyperparameters base) {
        for (Axis axis : axes) {
            if (axis.values() instanceof AxisValues.Range r
                    && !r.whole()
                    && !axis.name().startsWith("min-")) {
                for (double end : new double[] {r.low(), r.high()}) {
                    for (HyperparameterKey key : axis.keys()) {
                        check(base, axis, key, end);
                    }
                }
            }
        }
    }

    private static void check(Hyperparameters base, Axis axis, HyperparameterKey key, double end) {
        try {
            base.with(key.path(), CanonicalJson.shortest(end));
        } catch (InvalidHyperparameterException e) {
            throw new InvalidHyperparameterException(
                    "--set " + axis.name() + "=" + axis.spec() + ": " + e.getMessage());
        }
    }

    /** Refuses lists that a method cannot use. */
    void checkLists(SearchPlan.Method method) {
        for (Axis axis : axes) {
            if (!(axis.values() instanceof AxisValues.Choices c)) {
                continue;
            }
            if (method == SearchPlan.Method.ZIP && c.all().size() != zipSize()) {
                throw new InvalidHyperparameterException(
                        "--method zip takes the values of all lists side by side, so they"
                                + " are of one length; --set " + axis.name() + "=" + axis.spec() + " has "
                                + c.all().size() + " and " + axes.get(0).name() + " has " + zipSize());
            }
            if (method != SearchPlan.Method.ZIP
                    && new HashSet<>(c.all()).size() < c.all().size()) {
                throw new InvalidHyperparameterException(
                        "--set " + axis.name() + "=" + axis.spec() + ": a value is there twice");
            }
        }
    }

    /** How many points there are when lists are taken side by side. */
    int zipSize() {
        return choices(axes.get(0)).size();
    }

    /** Point i of lists side by side. */
    Map<String, JsonNode> zipPoint(int i) {
        Map<String, JsonNode> point = new LinkedHashMap<>();
        axes.forEach(axis -> point.put(axis.name(), choices(axis).get(i)));
        return point;
    }

    /** How many points a grid has. */
    long gridSize() {
        long size = 1;
        for (Axis axis : axes) {
            size = Math.multiplyExact(size, (long) choices(axis).size());
        }
        return size;
    }

    /** Point i of the grid, as nested loops would come to it. */
    Map<String, JsonNode> gridPoint(long i) {
        Map<String, JsonNode> backwards = new LinkedHashMap<>();
        long rest = i;
        for (int a = axes.size() - 1; a >= 0; a--) {
            List<JsonNode> all = choices(axes.get(a));
            backwards.put(axes.get(a).name(), all.get((int) (rest % all.size())));
            rest /= all.size();
        }
        Map<String, JsonNode> point = new LinkedHashMap<>();
        axes.forEach(axis -> point.put(axis.name(), backwards.get(axis.name())));
        return point;
    }

    /** Random point i. */
    Map<String, JsonNode> randomPoint(long seed, long i) {
        Map<String, JsonNode> point = new LinkedHashMap<>();
        axes.forEach(axis -> point.put(axis.name(), axis.draw(seed, i)));
        return point;
    }

    private static List<JsonNode> choices(Axis axis) {
        if (axis.values() instanceof AxisValues.Choices c) {
            return c.all();
        }
        throw new InvalidHyperparameterException("--set " + axis.name() + "=" + axis.spec()
                + " is a range, and this method needs a list; write the values to try, " + axis.name() + "="
                + String.join(",", example((AxisValues.Range) axis.values())) + " for example, or use --method random");
    }

    /** Both ends of a range and its middle. */
    private static List<String> example(AxisValues.Range r) {
        double middle = r.isLogarithmic() ? Math.sqrt(r.low() * r.high()) : (r.low() + r.high()) / 2;
        List<String> texts = new ArrayList<>();
        for (double value : new double[] {r.low(), middle, r.high()}) {
            double rounded = new BigDecimal(value).round(new MathContext(2)).doubleValue();
            texts.add(CanonicalJson.shortest(r.whole() ? Math.rint(rounded) : rounded));
        }
        return texts.stream().distinct().toList();
    }
}
