package tinygpt.inspection;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.Preset;
import tinygpt.inspection.TensorDifference.State;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterKind;
import tinygpt.runs.CheckpointHeader;
import tinygpt.runs.HyperparameterChange;
import tinygpt.runs.WeightFingerprint;

/**
 * How two models, A and B, differ: tensor by tensor, and in what a person set.
 *
 * @param changes hyperparameters that differ; of the architecture only, where one of the two names no others
 * @param tensors those of B in its registry's order, then those that only A has
 * @param configSha256A fingerprint of A's hyperparameters, or null
 * @param configSha256B fingerprint of B's hyperparameters, or null
 */
public record ModelDifference(
        List<HyperparameterChange> changes,
        List<TensorDifference> tensors,
        String configSha256A,
        String configSha256B) {
    public ModelDifference {
        changes = List.copyOf(changes);
        tensors = List.copyOf(tensors);
    }

    /** Reads both models once, side by side and piece by piece. */
    public static ModelDifference between(WeightFile a, WeightFile b) {
        Map<String, Parameter> inA = byName(a);
        Map<String, Parameter> inB = byName(b);
        WeightFingerprint.Hashing hashA = new WeightFingerprint.Hashing();
        WeightFingerprint.Hashing hashB = new WeightFingerprint.Hashing();
        Map<String, TensorDifference.Numbers> numbers = new HashMap<>();
        for (Parameter parameter : inA.values()) {
            if (sameShape(parameter, inB.get(parameter.name()))) {
                numbers.put(parameter.name(), compare(a, b, parameter, hashA, hashB));
            }
        }
        Map<String, String> sha256A = hashA.done().byTensor();
        Map<String, String> sha256B = hashB.done().byTensor();
        List<TensorDifference> tensors = new ArrayList<>();
        for (Parameter now : b.registry().owned()) {
            String name = now.name();
            Parameter before = inA.get(name);
            tensors.add(
                    numbers.containsKey(name)
                            ? TensorDifference.compared(
                                    before, now, numbers.get(name), sha256A.get(name), sha256B.get(name))
                            : TensorDifference.unequal(before, now));
        }
        a.registry().owned().stream()
                .filter(p -> !inB.containsKey(p.name()))
                .forEach(p -> tensors.add(TensorDifference.unequal(p, null)));
        return new ModelDifference(changes(a, b), tensors, configSha256(a), configSha256(b));
    }

    /** Whether nothing differs. */
    public boolean same() {
        return changes.isEmpty() && tensors.stream().allMatch(t -> t.state() == State.SAME);
    }

    /** Tensors in a state, in order. */
    public List<TensorDifference> in(State state) {
        return tensors.stream().filter(t -> t.state() == state).toList();
    }

    /** The tensors that differ, the one that moved most for its length first; those that were 0 in A behind them. */
    public List<TensorDifference> mostChangedFirst() {
        List<TensorDifference> sorted = new ArrayList<>(
                tensors.stream().filter(t -> t.state() != State.SAME).toList());
        sorted.sort(Comparator.comparingDouble(t -> {
            if (t.state() != State.CHANGED) {
                return Double.NEGATIVE_INFINITY;
            }
            double relative = t.numbers().relativeChange();
            boolean fromZero = t.numbers().squaresA() == 0;
            // A change that is not finite is the first thing to see.
            return fromZero ? 0 : Double.isFinite(relative) ? -relative : Double.NEGATIVE_INFINITY;
        }));
        return sorted;
    }

    /** The sums over the tensors of each kind that could be compared. */
    public Map<ParameterKind, TensorDifference.Numbers> byKind() {
        Map<ParameterKind, TensorDifference.Numbers> sums = new TreeMap<>();
        for (TensorDifference tensor : tensors) {
            if (tensor.numbers().count() > 0) {
                sums.merge(tensor.kind(), tensor.numbers(), TensorDifference.Numbers::plus);
            }
        }
        return sums;
    }

    private static TensorDifference.Numbers compare(
            WeightFile a,
            WeightFile b,
            Parameter parameter,
            WeightFingerprint.Hashing hashA,
            WeightFingerprint.Hashing hashB) {
        TensorDifference.Numbers[] sum = {TensorDifference.Numbers.NONE};
        float[] other = new float[(int) Math.min(WeightFile.PIECE, parameter.size())];
        hashA.begin(parameter);
        hashB.begin(parameter);
        a.forEachPiece(parameter, (first, piece, n) -> {
            b.read(parameter, first, other, 0, n);
            hashA.update(piece, n);
            hashB.update(other, n);
            sum[0] = sum[0].plus(TensorDifference.Numbers.of(piece, other, n));
        });
        hashA.end(parameter.name());
        hashB.end(parameter.name());
        return sum[0];
    }

    private static Map<String, Parameter> byName(WeightFile file) {
        Map<String, Parameter> byName = new LinkedHashMap<>();
        file.registry().owned().forEach(p -> byName.put(p.name(), p));
        return byName;
    }

    private static boolean sameShape(Parameter a, Parameter b) {
        return b != null && Arrays.equals(a.shape(), b.shape());
    }

    private static List<HyperparameterChange> changes(WeightFile a, WeightFile b) {
        Hyperparameters common = a.header()
                .or(b::header)
                .map(CheckpointHeader::hyperparameters)
                .orElseGet(() -> Preset.all().get(0).hyperparameters());
        return HyperparameterChange.between(hyperparameters(a, common), hyperparameters(b, common));
    }

    private static Hyperparameters hyperparameters(WeightFile file, Hyperparameters otherwise) {
        return file.header().map(CheckpointHeader::hyperparameters).orElseGet(() -> otherwise.withModel(file.shape()));
    }

    private static String configSha256(WeightFile file) {
        return file.header().map(CheckpointHeader::configSha256).orElse(null);
    }
}
