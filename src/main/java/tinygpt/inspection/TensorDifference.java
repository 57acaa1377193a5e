package tinygpt.inspection;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterKind;

/**
 * How one tensor differs between two models, A and B.
 *
 * @param name of the parameter
 * @param kind of the parameter
 * @param state whether and how the two can be compared
 * @param shapeA its shape in A; empty if A does not have it
 * @param shapeB its shape in B; empty if B does not have it
 * @param numbers what the comparison gave; all 0 where the shapes differ
 * @param sha256A its fingerprint in A, or null
 * @param sha256B its fingerprint in B, or null
 */
public record TensorDifference(
        String name,
        ParameterKind kind,
        State state,
        List<Integer> shapeA,
        List<Integer> shapeB,
        Numbers numbers,
        String sha256A,
        String sha256B) {
    public TensorDifference {
        shapeA = List.copyOf(shapeA);
        shapeB = List.copyOf(shapeB);
    }

    /** What can be said of the two at first sight. */
    public enum State {
        /** The same numbers to the bit: the same hash. */
        SAME,
        /** The same shape, other numbers. */
        CHANGED,
        /** Another shape. */
        RESHAPED,
        /** Only B has it. */
        ADDED,
        /** Only A has it. */
        REMOVED
    }

    /**
     * Sums over the elements of a tensor.
     *
     * @param count how many elements
     * @param squaresA sum of a^2
     * @param squaresB sum of b^2
     * @param product sum of a b
     * @param changeSquares sum of (b - a)^2
     * @param largestChange largest |b - a|; NaN if one is NaN
     * @param changed how many have other bits
     */
    public record Numbers(
            long count,
            double squaresA,
            double squaresB,
            double product,
            double changeSquares,
            double largestChange,
            long changed) {
        /** Of nothing. */
        static final Numbers NONE = new Numbers(0, 0, 0, 0, 0, 0, 0);

        /** |B - A| / |A|; NaN if A is 0. */
        public double relativeChange() {
            return squaresA == 0 ? Double.NaN : Math.sqrt(changeSquares / squaresA);
        }

        /** Cosine of the angle between A and B; 1 if they are equal, NaN if one of them is 0. */
        public double cosine() {
            double lengths = Math.sqrt(squaresA) * Math.sqrt(squaresB);
            if (changed == 0 && lengths > 0) {
                return 1;
            }
            return lengths == 0 ? Double.NaN : Math.max(-1, Math.min(1, product / lengths));
        }

        /** Of both together. */
        public Numbers plus(Numbers other) {
            return new Numbers(
                    count + other.count,
                    squaresA + other.squaresA,
                    squaresB + other.squaresB,
                    product + other.product,
                    changeSquares + other.changeSquares,
                    Math.max(largestChange, other.largestChange),
                    changed + other.changed);
        }

        /** Of the first elements of two arrays. */
        static Numbers of(float[] a, float[] b, int n) {
            double squaresA = 0;
            double squaresB = 0;
            double product = 0;
            double changeSquares = 0;
            double largest = 0;
            long changed = 0;
            for (int i = 0; i < n; i++) {
                if (Float.floatToRawIntBits(a[i]) != Float.floatToRawIntBits(b[i])) {
                    double change = (double) b[i] - a[i];
                    changeSquares += change * change;
                    largest = Math.max(largest, Math.abs(change));
                    changed++;
                }
                squaresA += (double) a[i] * a[i];
                squaresB += (double) b[i] * b[i];
                product += (double) a[i] * b[i];
            }
            return new Numbers(n, squaresA, squaresB, product, changeSquares, largest, changed);
        }
    }

    /** A tensor that only one of the models has, or that has another shape in each; one parameter may be null. */
    static TensorDifference unequal(Parameter a, Parameter b) {
        Parameter known = Objects.requireNonNullElse(b, a);
        State state = a == null ? State.ADDED : b == null ? State.REMOVED : State.RESHAPED;
        return new TensorDifference(known.name(), known.kind(), state, shape(a), shape(b), Numbers.NONE, null, null);
    }

    /** A tensor of the same shape in both. */
    static TensorDifference compared(Parameter a, Parameter b, Numbers numbers, String sha256A, String sha256B) {
        State state = sha256A.equals(sha256B) ? State.SAME : State.CHANGED;
        return new TensorDifference(b.name(), b.kind(), state, shape(a), shape(b), numbers, sha256A, sha256B);
    }

    private static List<Integer> shape(Parameter parameter) {
        return parameter == null
                ? List.of()
                : Arrays.stream(parameter.shape()).boxed().toList();
    }
}
