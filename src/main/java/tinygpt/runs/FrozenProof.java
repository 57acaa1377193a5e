package tinygpt.runs;

import java.util.List;
import tinygpt.parameters.ParameterRegistry;

/**
 * Proves that training left frozen parameters alone: their SHA-256 is taken when this is made and compared later. Bitwise,
 * so weight decay would show as much as a step of Adam.
 */
public final class FrozenProof {
    private final ParameterRegistry registry;
    private final WeightFingerprint before;

    /** Takes the fingerprints of everything that is frozen. */
    public FrozenProof(ParameterRegistry registry) {
        this.registry = registry;
        this.before = now();
    }

    /**
     * What became of the frozen tensors.
     *
     * @param frozen how many there are
     * @param changed names of those that are not bit-identical any more
     */
    public record Result(int frozen, List<String> changed) {
        public Result {
            changed = List.copyOf(changed);
        }

        /** Whether every frozen tensor is what it was. */
        public boolean holds() {
            return changed.isEmpty();
        }

        /** In words: {@code 36 of 36 frozen tensors are bit-identical}. */
        @Override
        public String toString() {
            return (frozen - changed.size()) + " of " + frozen + " frozen tensor" + (frozen == 1 ? " is" : "s are")
                    + " bit-identical" + (holds() ? "" : "; changed: " + String.join(", ", changed));
        }
    }

    /** Takes the fingerprints again and compares. */
    public Result check() {
        return new Result(before.byTensor().size(), before.differences(now()));
    }

    private WeightFingerprint now() {
        return WeightFingerprint.of(registry.frozen(), registry.weights());
    }
}
