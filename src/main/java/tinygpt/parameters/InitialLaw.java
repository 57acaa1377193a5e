package tinygpt.parameters;

/** Who sets a parameter before training: a random law or a constant. */
public sealed interface InitialLaw {
    /**
     * Independent normal numbers with mean 0.
     *
     * @param std standard deviation
     * @param formula how the deviation comes about, for people: {@code N(0, 0.02/√(2L))}
     */
    record Normal(double std, String formula) implements InitialLaw {
        @Override
        public String toString() {
            return formula;
        }
    }

    /** The same number everywhere. */
    record Constant(float value) implements InitialLaw {
        @Override
        public String toString() {
            return value == (int) value ? String.valueOf((int) value) : String.valueOf(value);
        }
    }
}
