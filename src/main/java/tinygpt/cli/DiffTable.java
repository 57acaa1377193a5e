package tinygpt.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import tinygpt.formats.BadFileException;
import tinygpt.inspection.ModelDifference;
import tinygpt.inspection.TensorDifference;
import tinygpt.inspection.TensorDifference.Numbers;
import tinygpt.inspection.TensorDifference.State;
import tinygpt.runs.HyperparameterChange;

/** How two models differ, as a table for people. */
final class DiffTable {
    private static final int DIGITS = 12;

    private final ModelDifference difference;
    private final Glyphs glyphs;

    DiffTable(ModelDifference difference, Glyphs glyphs) {
        this.difference = difference;
        this.glyphs = glyphs;
    }

    /**
     * Prints it.
     *
     * @param width columns of the terminal that it may take
     * @param most how many tensors to show
     * @param inOrder whether to show all in the model's order, those that are the same too
     */
    void print(PrintWriter out, int width, int most, boolean inOrder) {
        printHyperparameters(out);
        printUnequal(out);
        List<TensorDifference> comparable = (inOrder ? difference.tensors() : difference.mostChangedFirst())
                .stream()
                        .filter(t -> t.state() == State.SAME || t.state() == State.CHANGED)
                        .toList();
        if (!comparable.isEmpty()) {
            TextTable table = new TextTable(
                    "llrrrrrl",
                    List.of("name", "kind", "params", "|B-A|/|A|", "cos", glyphs.text("max|Δ|"), "changed", ""));
            comparable.stream().limit(most).forEach(t -> table.add(cells(t)));
            TextTable shown = table.within(width, List.of(List.of("kind"), List.of("params")));
            shown.lines().forEach(out::println);
            shown.leftOutNote(width).ifPresent(out::println);
            if (comparable.size() > most) {
                out.println((comparable.size() - most) + " more are not shown; --all shows every tensor");
            }
            out.println();
        }
        printFrozen(out, inOrder);
        printKinds(out);
        int differing = difference.tensors().size() - difference.in(State.SAME).size();
        out.println(differing + " of " + difference.tensors().size() + " tensors differ");
    }

    private void printHyperparameters(PrintWriter out) {
        if (difference.changes().isEmpty()) {
            return;
        }
        out.println("hyperparameters differ: config sha256 " + hash(difference.configSha256A()) + glyphs.text(" → ")
                + hash(difference.configSha256B()));
        for (HyperparameterChange change : difference.changes()) {
            out.println(glyphs.text(
                    "  " + change.path() + " " + change.from() + " → " + BadFileException.quote(change.to())));
        }
        out.println();
    }

    private void printUnequal(PrintWriter out) {
        for (TensorDifference tensor : difference.tensors()) {
            String line = switch (tensor.state()) {
                case ADDED -> "only in B: " + tensor.name() + " " + tensor.shapeB();
                case REMOVED -> "only in A: " + tensor.name() + " " + tensor.shapeA();
                case RESHAPED ->
                    "reshaped:  " + tensor.name() + " " + tensor.shapeA() + glyphs.text(" → ") + tensor.shapeB();
                case SAME, CHANGED -> null;
            };
            if (line != null) {
                out.println(line);
            }
        }
    }

    private void printFrozen(PrintWriter out, boolean inOrder) {
        List<String> frozen =
                difference.in(State.SAME).stream().map(TensorDifference::name).toList();
        if (!frozen.isEmpty() && frozen.size() < difference.tensors().size() && !inOrder) {
            Text.wrap("frozen, same hash: ", frozen, ", ").forEach(out::println);
            out.println();
        }
    }

    private void printKinds(PrintWriter out) {
        List<String> kinds = new ArrayList<>();
        difference
                .byKind()
                .forEach((kind, sum) -> kinds.add(kind.label() + " " + Show.count(sum.count()) + ": " + relative(sum)));
        Text.wrap("by kind   ", kinds, glyphs.text(" · ")).forEach(out::println);
    }

    private List<String> cells(TensorDifference tensor) {
        Numbers n = tensor.numbers();
        boolean same = tensor.state() == State.SAME;
        return List.of(
                tensor.name(),
                tensor.kind().label(),
                Show.count(n.count()),
                relative(n),
                cosine(n),
                same ? "0" : Show.ratio(n.largestChange()),
                Show.probability((double) n.changed() / n.count()),
                same ? "frozen, same hash" : "");
    }

    /** A tensor that was 0 has no relative change, whatever it is now. */
    private static String relative(Numbers n) {
        return n.changed() == 0 ? "0" : n.squaresA() == 0 ? Show.NONE : Show.ratio(n.relativeChange());
    }

    private static String cosine(Numbers n) {
        if (n.changed() == 0) {
            return "1";
        }
        return n.squaresA() == 0 || n.squaresB() == 0 ? Show.NONE : Show.decimals(n.cosine(), 4);
    }

    private static String hash(String sha256) {
        return sha256 == null ? Show.NONE : sha256.substring(0, DIGITS);
    }
}
